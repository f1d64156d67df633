# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which services a release ships, and as which version."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.release import versions
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

CATALOG = {name: {"image": f"tradesense/{name}"} for name in ("api-gateway", "trading-service", "user-service")}
ALL = {"api-gateway": "v2.8.0", "trading-service": "v2.8.0", "user-service": "v2.8.0"}


@pytest.mark.parametrize(
    ("version", "each", "services", "expected"),
    [
        ("v2.8.0", None, None, ALL),
        ("v2.8.0", {}, "", ALL),
        ("v2.8.0", "", [], ALL),
        ("v2.8.0", "", ["user-service", "api-gateway"], {"api-gateway": "v2.8.0", "user-service": "v2.8.0"}),
        ("v2.8.0", None, "user-service, api-gateway", {"api-gateway": "v2.8.0", "user-service": "v2.8.0"}),
        (None, {"user-service": "v2.7.3"}, None, {"user-service": "v2.7.3"}),
        (
            "",
            "user-service=v2.7.3,api-gateway=2.8.0-rc.1",
            None,
            {"api-gateway": "2.8.0-rc.1", "user-service": "v2.7.3"},
        ),
        (None, {"user-service": "v2.7.3"}, ["user-service"], {"user-service": "v2.7.3"}),
        ("v2.8.0", {"user-service": "v2.8.0"}, None, ALL),
        ("v2.8.0-errors20", None, ["trading-service"], {"trading-service": "v2.8.0-errors20"}),
    ],
)
def test_versions_of_a_release(version: object, each: object, services: object, expected: dict[str, str]) -> None:
    result = versions(CATALOG, version, each, services)
    assert result == expected
    assert list(result) == [name for name in CATALOG if name in expected]


@pytest.mark.parametrize(
    ("version", "each", "services", "message"),
    [
        (None, None, None, "neither release_version nor release_versions is given"),
        ("", {}, None, "neither release_version nor release_versions is given"),
        ("latest", None, None, "release_version: 'latest' is not accepted: the tag moves"),
        ("two", None, None, "release_version: 'two' is not accepted; give a version such as v2.8.0"),
        ("v2.8.0/x", None, None, "release_version: 'v2.8.0/x' is not accepted"),
        ("v2.8.0-", None, None, "the last one a letter or a digit"),
        (2.8, None, None, "release_version: 2.8 is not accepted"),
        (None, {"user-service": "latest"}, None, "release_versions.user-service: 'latest' is not accepted"),
        (None, {"user-service": None}, None, "release_versions.user-service: nothing is not accepted"),
        (None, {"user-servise": "v1.0.0"}, None, "no service 'user-servise', did you mean 'user-service'?"),
        (None, ["v1.0.0"], None, "release_versions: a list is not a mapping of services to versions"),
        (None, "v1.0.0", None, "release_versions: 'v1.0.0' is not a mapping of services to versions"),
        ("v2.8.0", None, ["gateway"], "no service 'gateway', did you mean 'api-gateway'?"),
        ("v2.8.0", None, " , ", "release_services: the list is empty"),
        ("v2.8.0", None, {"a": 1}, "release_services: a mapping is not a list of services"),
        (
            "v2.8.0",
            {"user-service": "v2.7.3"},
            None,
            "release_version is v2.8.0, but release_versions gives user-service v2.7.3",
        ),
        (None, {"user-service": "v2.7.3"}, ["api-gateway"], "contradict each other: api-gateway has no version"),
        (
            None,
            {"user-service": "v2.7.3", "api-gateway": "v2.7.3"},
            ["api-gateway"],
            "contradict each other: user-service is not among the services",
        ),
    ],
)
def test_a_release_that_cannot_be_meant_is_refused(
    version: object, each: object, services: object, message: str
) -> None:
    with pytest.raises(DeliveryError) as error:
        versions(CATALOG, version, each, services)
    assert message in error.value.sentence()
    assert "\n" not in error.value.sentence()
