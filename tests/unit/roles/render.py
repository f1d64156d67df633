# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Renders the roles' templates with Ansible's own engine, and prints them as JSON.

A program of its own, because Ansible changes how Python imports collections, for good and for the whole process.
Standard output: environment -> role -> template -> text. Arguments: the checkout, then KEY=JSON for variables that take
precedence over everything, as on Ansible's command line. ONLY=["ENVIRONMENT", "ROLE", "TEMPLATE"...] renders these alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

ENVIRONMENTS: tuple[str, ...] = ("production", "staging", "development")
TEMPLATES: dict[str, tuple[str, ...]] = {
    "namespaces": ("namespaces", "limits"),
    "rbac": ("accounts",),
    "analysis": ("success_rate", "canary_analysis"),
    "config": ("config",),
    "secrets": ("secrets",),
    "network": ("policies", "services", "ingresses", "routes"),
    "workloads": (
        *("migrations", "configuration", "deployments", "rollouts"),
        *("statefulsets", "disruption_budgets"),
    ),
    "autoscaling": ("autoscalers",),
}


def variables_of(loader: DataLoader, role: Path, host_variables: dict[str, Any]) -> dict[str, Any]:
    """Return a role's variables: defaults, then the inventory's, then the role's own."""
    own = role / "vars" / "main.yml"
    return {
        **loader.load_from_file(str(role / "defaults" / "main.yml"), trusted_as_template=True),
        **host_variables,
        **(loader.load_from_file(str(own), trusted_as_template=True) if own.exists() else {}),
    }


def render(
    root: Path, environment: str, extra: dict[str, Any], templates: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return role -> template -> text for an environment."""
    # Known from `init_plugin_loader` on.
    from ansible_collections.tradesense.delivery.plugins.plugin_utils._templates import render_templates

    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(root / "inventories" / environment)])
    (host,) = inventory.get_hosts("clusters")
    host_variables = VariableManager(loader=loader, inventory=inventory).get_vars(host=host)
    texts: dict[str, dict[str, str]] = {}
    for role, names in templates.items():
        folder = root / "roles" / role
        variables = {**variables_of(loader, folder, host_variables), **extra}
        templar = Templar(loader=loader, variables=variables)
        files = [str(folder / "templates" / f"{name}.yml.j2") for name in names]
        texts[role] = dict(zip(names, render_templates(files, variables, loader=loader, templar=templar), strict=True))
    return texts


def main() -> None:
    """Render everything."""
    root = Path(sys.argv[1])
    extra = {key: json.loads(value) for key, _, value in (argument.partition("=") for argument in sys.argv[2:])}
    init_plugin_loader([str(root / ".dev" / "collections")])
    environments, templates = ENVIRONMENTS, TEMPLATES
    if only := extra.pop("ONLY", None):
        environments, templates = (only[0],), {only[1]: tuple(only[2:])}
    print(json.dumps({each: render(root, each, extra, templates) for each in environments}))


if __name__ == "__main__":
    main()
