# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the next release will change in the pods."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure, Ask, refused
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.difference import (
    changed_in,
    fields_to_change,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.wanted import wanted_of

from tests.unit.plugins.builders import NAMESPACE, template
from tests.unit.plugins.migrations import manifests


class Refusing(Kube):
    """A server that refuses each request with one code."""

    def __init__(self, code: int) -> None:
        self._code = code

    def apply(self, *_: object, **__: object) -> dict[str, object]:
        """Refuse."""
        raise refused(Ask("patch", "Deployment x", "https://api"), self._code, "{}")


def test_images_and_the_version_belong_to_the_release() -> None:
    live = template("v2.6.0", {"metadata": {"creationTimestamp": None}})
    assert changed_in(live, template("v2.7.0")) == []


def test_fields_of_either_side_are_named() -> None:
    container = template()["spec"]["containers"][0]
    by_hand = {**container, "env": [*container["env"], {"name": "BY_HAND", "value": "1"}]}
    live = template(given={"spec": {"containers": [by_hand], "terminationGracePeriodSeconds": 5}})
    assert changed_in(live, template(given={"spec": {"restartPolicy": "Always"}})) == [
        "spec.template.spec.containers[trading-service].env[BY_HAND]",
        "spec.template.spec.terminationGracePeriodSeconds",
        "spec.template.spec.restartPolicy",
    ]


def test_where_the_server_may_not_be_asked_nothing_is_known() -> None:
    wanted = wanted_of(manifests("blue_green"), NAMESPACE)
    assert fields_to_change(Refusing(403), wanted, template()) == []
    with pytest.raises(ApiFailure):
        fields_to_change(Refusing(422), wanted, template())
