# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where requests go: read from selectors, the canary Ingress and ready endpoints."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import Traffic
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.traffic import (
    canary_ingress,
    main_service,
    traffic_of,
)

from tests.unit.plugins import builders
from tests.unit.plugins.builders import NAME, NEW, OLD, STEPS, endpoint_slice, rollout, service
from tests.unit.plugins.scenes import blue_green, canary

STABLE = f"{NAME}-stable"
NGINX = {"canary": {"stableService": STABLE, "trafficRouting": {"nginx": {"stableIngress": STABLE}}, "steps": STEPS}}


def test_a_canary_behind_nginx() -> None:
    objects = canary(step=1, weight=10)
    found = traffic_of(objects.rollouts[0], objects.services, objects.ingresses, objects.endpoint_slices, [OLD, NEW])
    assert found == Traffic(known=True, main=OLD, ready={OLD: 10}, weight=10)


def test_only_ready_endpoints_of_the_main_service_count() -> None:
    """Pods that are scheduled but not ready serve nobody, and the preview's pods are not in production."""
    slices = [
        endpoint_slice(f"{NAME}-active", {NEW: 1}, {NEW: 3}),
        endpoint_slice(f"{NAME}-preview", {OLD: 5}),
    ]
    objects = blue_green(active=NEW)
    found = traffic_of(objects.rollouts[0], objects.services, [], slices, [OLD, NEW])
    assert found == Traffic(known=True, main=NEW, ready={NEW: 1}, weight=None)


def test_an_endpoint_without_a_condition_is_ready_says_the_api() -> None:
    slices = [endpoint_slice(f"{NAME}-active", {OLD: 2})]
    slices[0]["endpoints"][0]["conditions"] = {}
    del slices[0]["endpoints"][1]["conditions"]
    objects = blue_green()
    assert traffic_of(objects.rollouts[0], objects.services, [], slices, [OLD]).ready == {OLD: 2}


def test_an_empty_slice_has_no_endpoints() -> None:
    slices = [{**endpoint_slice(f"{NAME}-active", {}), "endpoints": None}]
    objects = blue_green()
    assert traffic_of(objects.rollouts[0], objects.services, [], slices, [OLD]).ready == {}


def test_pods_with_names_that_the_server_cut_are_still_told_apart() -> None:
    owner = "tradesense-position-and-margin-calculation-svc"
    item = rollout({"blueGreen": {"activeService": "active"}}, name=owner)
    slices = [endpoint_slice("active", {})]
    names = [f"{owner}-{OLD}-"[:58] + "x1x2x", f"{owner}-{NEW}-"[:58] + "y1y2y"]
    slices[0]["endpoints"] = [{"targetRef": {"name": name}, "conditions": {"ready": True}} for name in names]
    found = traffic_of(item, [service("active", OLD)], [], slices, [OLD, NEW])
    assert found.ready == {OLD: 1, NEW: 1}


def test_without_a_service_nothing_is_known() -> None:
    """A canary without Services, or Services that were not read: not the same as no traffic."""
    objects = canary(step=1)
    assert traffic_of(objects.rollouts[0], [], [], [], []) == Traffic()
    assert traffic_of(rollout({"canary": {}}), objects.services, [], [], []) == Traffic()


def test_a_selector_without_a_hash_names_no_revision() -> None:
    found = traffic_of(rollout(NGINX), [service(STABLE)], [], [], [OLD])
    assert (found.known, found.main) == (True, "")


def test_a_weight_of_another_whole_is_told_in_per_cent() -> None:
    ingress = builders.canary_ingress(125)
    ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight-total"] = "1000"
    assert traffic_of(rollout(NGINX), [service(STABLE, OLD)], [ingress], [], []).weight == 12.5


@pytest.mark.parametrize(("weights", "expected"), [([], 0), ([0], 0), ([60], 60)])
def test_the_weight_is_that_of_the_canary_ingress(weights: list[int], expected: int) -> None:
    ingresses = [builders.canary_ingress(weight) for weight in weights]
    ingresses.append(builders.canary_ingress(77, name="another-canary"))
    assert traffic_of(rollout(NGINX), [service(STABLE, OLD)], ingresses, [], []).weight == expected


def test_the_greatest_of_several_ingresses_counts() -> None:
    nginx = {"stableIngresses": ["a", "b"], "annotationPrefix": "custom.example"}
    item = rollout({"canary": {"stableService": STABLE, "trafficRouting": {"nginx": nginx}}})
    ingresses = [builders.canary_ingress(0, name=canary_ingress(NAME, name)) for name in ("a", "b")]
    ingresses[1]["metadata"]["annotations"] = {"custom.example/canary-weight": "20"}
    assert traffic_of(item, [service(STABLE, OLD)], ingresses, [], []).weight == 20


def test_the_name_of_the_canary_ingress_keeps_its_ending_when_it_is_cut() -> None:
    """The controller cuts the front part, not the whole."""
    assert canary_ingress("web", "main") == "web-main-canary"
    long = canary_ingress("a" * 200, "b" * 200)
    assert (len(long), long[-8:]) == (253, "b-canary")


def test_the_main_service_is_the_active_or_the_stable_one() -> None:
    assert main_service(rollout({"blueGreen": {"activeService": "x"}})) == "x"
    assert main_service(rollout({"canary": {"stableService": "y", "canaryService": "z"}})) == "y"
    assert main_service(rollout({"canary": {}})) == ""
    assert main_service({}) == ""


def test_pods_whose_names_do_not_tell_their_revision_count_for_the_selected_one() -> None:
    """The API server cuts long names: every pod would count for every revision."""
    long = "a" * 60
    strategy = {"blueGreen": {"activeService": STABLE}}
    found = traffic_of(
        rollout(strategy, name=long),
        [service(STABLE, OLD)],
        [],
        [endpoint_slice(STABLE, {OLD: 3}, owner=long)],
        [OLD, NEW],
    )
    assert found.ready == {OLD: 3}
