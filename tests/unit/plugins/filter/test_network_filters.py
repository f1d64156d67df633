# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The filters network_policies and quota: documentation that matches the functions, and one readable line for a mistake."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.tradesense.delivery.plugins.filter import network_policies, quota

from tests.unit.plugins.catalogs import PLAIN, PROMETHEUS, SETTINGS, catalog


@pytest.mark.parametrize("module", [network_policies, quota], ids=["network_policies", "quota"])
def test_the_documentation_names_the_parameters_in_their_order(module: Any) -> None:
    documentation = yaml.safe_load(module.DOCUMENTATION)
    function = module.FilterModule().filters()[documentation["name"]]
    parameters = list(inspect.signature(function).parameters)[1:]
    assert [option for option in documentation["options"] if option != "_input"] == parameters
    assert documentation["positional"] == parameters[0]
    for name, option in documentation["options"].items():
        if "default" in option:
            assert option["default"] == inspect.signature(function).parameters[name].default


def test_policies_are_plain_data() -> None:
    found = network_policies.network_policies(catalog(web=PLAIN), SETTINGS)
    assert [set(policy) for policy in found] == [{"name", "namespace", "labels", "spec"}] * 2


@pytest.mark.parametrize("entries", [["web"], {"web": PLAIN}, {"web": None}, None])
def test_a_catalog_that_is_not_complete_is_told(entries: Any) -> None:
    for call in (lambda: network_policies.network_policies(entries, SETTINGS), lambda: quota.quota(entries)):
        with pytest.raises(AnsibleFilterError, match="this is no complete catalog") as error:
            call()
        assert "\n" not in str(error.value)


def test_a_wrong_setting_is_told() -> None:
    with pytest.raises(AnsibleFilterError, match="network_routes: 'often' is not accepted"):
        network_policies.network_policies(catalog(web=PLAIN), {**SETTINGS, "routes": "often"})


def test_a_quota_is_of_one_scope() -> None:
    entries = catalog(web=PLAIN, watcher=PROMETHEUS)
    assert quota.quota(entries, 1)["pods"] == "3"
    assert quota.quota(entries, 1, "monitoring")["pods"] == "1"


@pytest.mark.parametrize("factor", [-1, 1.5, True, "2"])
def test_a_factor_is_a_whole_number(factor: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is not accepted; give a whole number, 0 or more"):
        quota.quota(catalog(web=PLAIN), factor)


def test_a_scope_is_one_there_is() -> None:
    with pytest.raises(AnsibleFilterError, match="unknown value 'production'"):
        quota.quota(catalog(web=PLAIN), 1, "production")
