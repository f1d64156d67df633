# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Renders the roles' templates with Ansible's own engine, and prints them as JSON.

A program of its own, because Ansible changes how Python imports collections, for good and for the whole process.
Standard output: environment -> role -> template -> text. Arguments: the checkout, then KEY=JSON for variables that take
precedence over everything, as on Ansible's command line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, lookup_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

ENVIRONMENTS = ("production", "staging", "development")
TEMPLATES = {
    "namespaces": ("namespaces",),
    "analysis": ("success_rate", "canary_analysis"),
    "config": ("config",),
    "secrets": ("secrets",),
    "network": ("services", "ingresses"),
    "workloads": ("configuration", "deployments", "rollouts", "disruption_budgets"),
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


def render(root: Path, environment: str, extra: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return role -> template -> text for an environment."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(root / "inventories" / environment)])
    (host,) = inventory.get_hosts("clusters")
    host_variables = VariableManager(loader=loader, inventory=inventory).get_vars(host=host)
    texts: dict[str, dict[str, str]] = {}
    for role, names in TEMPLATES.items():
        folder = root / "roles" / role
        variables = {**variables_of(loader, folder, host_variables), **extra}
        templar = Templar(loader=loader, variables=variables)
        lookup = lookup_loader.get("ansible.builtin.template", loader=loader, templar=templar)
        texts[role] = {
            name: str(lookup.run([str(folder / "templates" / f"{name}.yml.j2")], variables=variables)[0])
            for name in names
        }
    return texts


def main() -> None:
    """Render everything."""
    root = Path(sys.argv[1])
    extra = {key: json.loads(value) for key, _, value in (argument.partition("=") for argument in sys.argv[2:])}
    init_plugin_loader([str(root / ".dev" / "collections")])
    print(json.dumps({environment: render(root, environment, extra) for environment in ENVIRONMENTS}))


if __name__ == "__main__":
    main()
