# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The inventories: one catalog, and each environment's own values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._configuration.placeholders import placeholders

INVENTORIES = Path(__file__).parents[3] / "inventories"
ENVIRONMENTS = ("production", "staging", "development")


def read(path: Path) -> dict[str, Any]:
    """Return the content of a YAML file."""
    result: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return result


@pytest.mark.parametrize("file", ["catalog.yml", "configuration.yml"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_links_to_what_all_share(environment: str, file: str) -> None:
    link = INVENTORIES / environment / "group_vars" / "all" / file
    assert link.is_symlink()
    assert link.readlink() == Path("../../..") / file
    assert link.resolve() == (INVENTORIES / file).resolve()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_a_value_for_every_placeholder(environment: str) -> None:
    definitions = read(INVENTORIES / "configuration.yml")["tradesense_secrets"]
    texts = [str(text) for keys in definitions.values() for text in keys.values()]
    wanted = {name for text in texts for name in placeholders(text)}
    assert (
        set(read(INVENTORIES / environment / "group_vars" / "all" / "secrets.yml")["tradesense_secret_values"])
        == wanted
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_clusters_are_local_hosts(environment: str) -> None:
    clusters = read(INVENTORIES / environment / "hosts.yml")["clusters"]
    assert clusters["hosts"]
    assert clusters["vars"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_sets_the_same_variables(environment: str) -> None:
    values = read(INVENTORIES / environment / "group_vars" / "all" / "environment.yml")
    assert values["tradesense_environment"] == environment
    assert values["tradesense_namespace"] == f"tradesense-{environment}"
    assert list(values) == list(read(INVENTORIES / "production" / "group_vars" / "all" / "environment.yml"))
