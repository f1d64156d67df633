# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What of a manifest may be sent: the selector is the controller's, the replicas the scaler's, the template the release's."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.ownership import (
    HANDOVER_MANAGER,
    Request,
    is_ours,
    request_for,
    with_released_parts,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.history import PROMOTED, RELEASE
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    FIRST,
    NAME,
    OLD,
    ROLLOUT_HASH,
    STEPS,
    deployment,
    laid_over,
    managed,
    service,
    template,
)
from tests.unit.plugins.scenes import canary

SELECTOR: Obj = {"f:spec": {"f:selector": {}}}
REPLICAS: Obj = {"f:spec": {"f:replicas": {}}}
CONTAINER: Obj = {
    ".": {},
    "f:name": {},
    "f:image": {},
    "f:env": {
        'k:{"name":"WORKERS"}': {".": {}, "f:name": {}, "f:value": {}},
        'k:{"name":"LOG_LEVEL"}': {".": {}, "f:name": {}, "f:value": {}},
    },
    "f:ports": {'k:{"containerPort":8000,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}}},
    "f:resources": {"f:requests": {"f:cpu": {}, "f:memory": {}}},
}
OUR_TEMPLATE = {
    "f:spec": {
        "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}, "f:component": {}, "f:version": {}}},
            "f:spec": {"f:containers": {'k:{"name":"trading-service"}': CONTAINER}},
        }
    }
}


def ours(fields: Obj) -> Obj:
    return managed("tradesense-delivery", "Apply", fields)


def wanted_service() -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{NAME}-active"},
        "spec": {"selector": {"app": NAME}, "ports": [{"port": 80}]},
    }


def wanted_rollout(**given: Any) -> Obj:
    usual = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME, "namespace": "team"},
        "spec": {"replicas": 10, "template": template()},
    }
    return laid_over(usual, given)  # type: ignore[no-any-return]


def live_rollout(*entries: Obj, promoted: str = "", spec: Obj | None = None) -> Obj:
    item = canary(at_rest=True, promoted=promoted, spec=spec).rollouts[0]
    # What the server and the controller add.
    item["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    item["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP"
    item["metadata"]["managedFields"] = list(entries)
    return item


def test_what_does_not_exist_is_sent_as_it_is() -> None:
    manifest = wanted_rollout()
    request = request_for(manifest, None, scaled=True, keep_template=True)
    assert request.body == manifest
    assert request.body is not manifest
    assert (request.pending, request.keeps_template, request.template_changes, request.handover) == (False,) * 3 + (
        None,
    )


class TestSelector:
    """Sent by force, our selector opens production to pods that nobody approved, and even promotes them."""

    def test_a_selector_that_the_controller_owns_is_not_sent(self) -> None:
        entries = [ours(SELECTOR), managed("rollouts-controller", "Update", SELECTOR)]
        live = service(f"{NAME}-active", OLD, managedFields=entries)
        request = request_for(wanted_service(), live, scaled=False, keep_template=False)
        assert "selector" not in request.body["spec"]
        assert request.body["spec"]["ports"] == [{"port": 80}]
        assert request.notes == ["spec.selector is left to the Argo Rollouts controller"]

    def test_a_selector_that_only_we_own_goes_on_being_sent_with_the_live_hash(self) -> None:
        """To stop sending what only we own deletes it: a Service without a selector has no endpoints."""
        live = service(f"{NAME}-active", OLD, managedFields=[ours(SELECTOR)])
        request = request_for(wanted_service(), live, scaled=False, keep_template=False)
        assert request.body["spec"]["selector"] == {"app": NAME, ROLLOUT_HASH: OLD}
        assert request.notes == []

    def test_a_service_without_a_rollout_is_sent_as_it_is(self) -> None:
        live = service(f"{NAME}-active", managedFields=[ours(SELECTOR)])
        request = request_for(wanted_service(), live, scaled=False, keep_template=False)
        assert request.body == wanted_service()

    def test_a_conflict_about_the_selector_is_never_overcome_as_our_own(self) -> None:
        assert not is_ours(".spec.selector", 'conflict with "rollouts-controller" using v1')

    def test_the_manifest_of_the_caller_is_not_touched(self) -> None:
        manifest = wanted_service()
        live = service("s", OLD, managedFields=[managed("rollouts-controller", "Update", SELECTOR)])
        request_for(manifest, live, scaled=False, keep_template=False)
        assert manifest == wanted_service()


class TestReplicas:
    """Sent by force, our number removes pods under load; no longer sent, the controller falls to one replica."""

    def request(self, *entries: Obj, scaled: bool, live: int = 5) -> Any:
        item = live_rollout(*entries, spec={"replicas": live})
        return request_for(wanted_rollout(), item, scaled=scaled, keep_template=True)

    @pytest.mark.parametrize("manager", ["kube-controller-manager", "kubectl"])
    def test_what_a_scaler_owns_is_not_sent(self, manager: str) -> None:
        request = self.request(managed(manager, "Update", REPLICAS, "scale"), scaled=True)
        assert "replicas" not in request.body["spec"]
        assert request.handover is None
        assert request.notes == [f"spec.replicas stays at 5: it belongs to {manager}"]

    def test_what_only_we_own_is_handed_over_first(self) -> None:
        """Dropped without a handover, the field is gone and the controller falls back to one replica."""
        request = self.request(ours(REPLICAS), scaled=True)
        assert "replicas" not in request.body["spec"]
        assert request.handover == 5

    def test_what_was_handed_over_stays_so(self) -> None:
        request = self.request(managed(HANDOVER_MANAGER, "Apply", REPLICAS), scaled=True)
        assert "replicas" not in request.body["spec"]
        assert request.handover is None

    def test_without_a_scaler_our_number_is_sent(self) -> None:
        request = self.request(ours(REPLICAS), scaled=False)
        assert request.body["spec"]["replicas"] == 10
        assert request.handover is None

    def test_another_managers_number_is_left_to_the_servers_conflict(self) -> None:
        request = self.request(managed("kubectl-edit", "Update", REPLICAS), scaled=True)
        assert request.body["spec"]["replicas"] == 10

    def test_the_same_number_goes_on_being_sent(self) -> None:
        entries = [ours(REPLICAS), managed("kube-controller-manager", "Update", REPLICAS, "scale")]
        request = self.request(*entries, scaled=True, live=10)
        assert request.body["spec"]["replicas"] == 10
        assert request.notes == []

    @pytest.mark.parametrize("scaled", [True, False])
    def test_a_number_that_only_we_own_is_handed_over_when_the_manifest_stops_naming_one(self, scaled: bool) -> None:
        """To leave it out is what everybody recommends beside an autoscaler: the controller would fall to one replica."""
        manifest = wanted_rollout(spec={"replicas": None})
        request = request_for(manifest, live_rollout(ours(REPLICAS)), scaled=scaled, keep_template=True)
        assert "replicas" not in request.body["spec"]
        assert request.handover == 10
        assert request.notes == ["spec.replicas stays at 10: the definition names no number any more"]

    @pytest.mark.parametrize(
        "entries",
        [
            [ours({})],
            [managed(HANDOVER_MANAGER, "Apply", REPLICAS)],
            [ours(REPLICAS), managed("kube-controller-manager", "Update", REPLICAS, "scale")],
        ],
    )
    def test_a_manifest_without_replicas_has_none_added(self, entries: list[Obj]) -> None:
        manifest = wanted_rollout(spec={"replicas": None})
        request = request_for(manifest, live_rollout(*entries), scaled=True, keep_template=True)
        assert "replicas" not in request.body["spec"]
        assert request.handover is None
        assert request.notes == []

    def test_a_deployment_that_the_rollouts_controller_took_to_none_stays_there(self) -> None:
        """Its pods would come back beside those of the Rollout that refers to it, in the same Service."""
        live = deployment(spec={"replicas": 0}, managedFields=[managed("rollouts-controller", "Update", REPLICAS)])
        manifest = {**wanted_rollout(), "apiVersion": "apps/v1", "kind": "Deployment"}
        request = request_for(manifest, live, scaled=False, keep_template=True)
        assert "replicas" not in request.body["spec"]
        assert request.notes == ["spec.replicas stays at 0: it belongs to rollouts-controller"]

    def test_a_number_that_the_controller_made_up_for_a_rollout_is_no_scalers(self) -> None:
        request = self.request(managed("rollouts-controller", "Update", REPLICAS), scaled=False, live=1)
        assert request.body["spec"]["replicas"] == 10


class TestTemplate:
    """Provisioning never starts a rollout; a release does, and writes down where it came from."""

    def test_nothing_is_pending_when_only_the_server_added_something(self) -> None:
        live = live_rollout(ours(OUR_TEMPLATE))
        request = request_for(wanted_rollout(), live, scaled=False, keep_template=True)
        assert (request.pending, request.template_changes, request.keeps_template) == (False, False, True)
        assert request.body["spec"]["template"] == template()

    def test_what_the_server_fills_in_inside_of_a_part_owned_as_a_whole_is_no_removal(self) -> None:
        """A reference is owned as a whole; the server writes the version of its field into it."""
        sent: Obj = {"fieldRef": {"fieldPath": "metadata.name"}}
        stored: Obj = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
        fields: Any = copy.deepcopy(OUR_TEMPLATE)
        pod = fields["f:spec"]["f:template"]["f:spec"]
        container = pod["f:containers"]['k:{"name":"trading-service"}']
        container["f:env"]['k:{"name":"POD"}'] = {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}}
        manifest, live = wanted_rollout(), live_rollout(ours(fields))
        for item, reference in ((manifest, sent), (live, stored)):
            env = item["spec"]["template"]["spec"]["containers"][0]["env"]
            env.append({"name": "POD", "valueFrom": reference})
        assert not request_for(manifest, live, scaled=False, keep_template=True).pending
        del manifest["spec"]["template"]["spec"]["containers"][0]["env"][-1]
        assert request_for(manifest, live, scaled=False, keep_template=True).pending

    def test_the_same_template_sent_for_a_release_starts_none(self) -> None:
        live = live_rollout(ours(OUR_TEMPLATE), promoted=FIRST)
        request = request_for(wanted_rollout(), live, scaled=False, keep_template=False)
        assert (request.template_changes, request.keeps_template) == (False, True)
        assert request.body["metadata"]["annotations"] == {PROMOTED: FIRST}

    def test_a_kept_template_goes_back_in_the_order_that_is_live(self) -> None:
        """The same environment in another order is another pod template: a rollout that nobody asked for."""
        live = live_rollout(ours(OUR_TEMPLATE))
        live["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
        request = request_for(wanted_rollout(), live, scaled=False, keep_template=True)
        assert [item["name"] for item in request.body["spec"]["template"]["spec"]["containers"][0]["env"]] == [
            "WORKERS",
            "LOG_LEVEL",
        ]
        assert not request.pending

    def test_a_changed_setting_is_pending_and_not_sent(self) -> None:
        manifest = wanted_rollout()
        manifest["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "DEBUG"
        request = request_for(manifest, live_rollout(ours(OUR_TEMPLATE)), scaled=False, keep_template=True)
        assert (request.pending, request.template_changes) == (True, False)
        assert request.body["spec"]["template"] == template()

    @pytest.mark.parametrize(
        "removed",
        [
            {
                "spec": {
                    "containers": [
                        {**template()["spec"]["containers"][0], "env": [{"name": "LOG_LEVEL", "value": "INFO"}]}
                    ]
                }
            },
            {"metadata": {"labels": {"component": None}}},
            {
                "spec": {
                    "containers": [{k: v for k, v in template()["spec"]["containers"][0].items() if k != "resources"}]
                }
            },
        ],
    )
    def test_what_was_only_removed_is_a_difference_too(self, removed: Obj) -> None:
        """The smaller template is contained in the live one: compared so, the removal would never go out."""
        manifest = wanted_rollout(spec={"template": removed})
        live = live_rollout(ours(OUR_TEMPLATE))
        assert request_for(manifest, live, scaled=False, keep_template=True).pending
        assert request_for(manifest, live, scaled=False, keep_template=False).template_changes

    def test_image_and_version_belong_to_the_release(self) -> None:
        manifest = wanted_rollout(spec={"template": template("v2.6.0")})
        live = live_rollout(ours(OUR_TEMPLATE))
        assert not request_for(manifest, live, scaled=False, keep_template=True).pending
        assert request_for(manifest, live, scaled=False, keep_template=False).template_changes

    def test_a_release_records_what_was_promoted(self) -> None:
        manifest = wanted_rollout(spec={"template": template("v2.8.0")}, metadata={"annotations": {RELEASE: "r2"}})
        live = live_rollout(ours(OUR_TEMPLATE), promoted=FIRST)
        live["metadata"]["annotations"][RELEASE] = "r1"
        request = request_for(manifest, live, scaled=False, keep_template=False)
        assert request.template_changes
        assert request.body["metadata"]["annotations"] == {PROMOTED: f"{OLD} {FIRST}", RELEASE: "r2"}

    def test_what_changes_no_template_is_no_part_of_a_release(self) -> None:
        """A rollback of that release would take the revision back that was live before it."""
        manifest = wanted_rollout(metadata={"annotations": {RELEASE: "r2"}})
        live = live_rollout(ours(OUR_TEMPLATE))
        live["metadata"]["annotations"][RELEASE] = "r1"
        request = request_for(manifest, live, scaled=False, keep_template=False)
        assert request.body["metadata"]["annotations"] == {RELEASE: "r1"}
        del live["metadata"]["annotations"][RELEASE]
        request = request_for(manifest, live, scaled=False, keep_template=False)
        assert "annotations" not in request.body["metadata"]

    def test_a_template_of_which_we_own_nothing_is_kept_by_not_sending_it(self) -> None:
        live = live_rollout(managed("kubectl-client-side-apply", "Update", OUR_TEMPLATE))
        request = request_for(wanted_rollout(), live, scaled=False, keep_template=True)
        assert "template" not in request.body["spec"]
        assert request.keeps_template

    def test_quantities_go_out_as_the_controller_spells_them(self) -> None:
        live = live_rollout(ours(OUR_TEMPLATE))
        live["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"] = "0.5Gi"
        manifest = wanted_rollout(spec={"template": template("v2.8.0")})
        sent = request_for(manifest, live, scaled=False, keep_template=False).body["spec"]["template"]
        assert sent["spec"]["containers"][0]["resources"]["requests"]["memory"] == "0.5Gi"
        assert sent["spec"]["containers"][0]["image"].endswith("v2.8.0")

    def test_a_workload_whose_template_is_elsewhere_is_sent_as_it_is(self) -> None:
        manifest = wanted_rollout(spec={"template": None, "workloadRef": {"kind": "Deployment", "name": "held"}})
        request = request_for(manifest, live_rollout(), scaled=False, keep_template=True)
        assert request.body == manifest
        assert not request.keeps_template

    def test_a_kind_without_a_template_rule_is_sent_as_it_is(self) -> None:
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}
        request = request_for(manifest, copy.deepcopy(manifest), scaled=True, keep_template=True)
        assert request.body == manifest


class TestStrategy:
    """The steps of a canary, while it takes them."""

    OURS = ours({"f:spec": {"f:strategy": {"f:canary": {"f:steps": {}}}}})
    WANTED: ClassVar[Obj] = {"strategy": {"canary": {"steps": [{"setWeight": 50}]}}}

    def request(self, *, at_rest: bool, keep: bool = True) -> Request:
        live = canary(at_rest=at_rest).rollouts[0]
        live["metadata"]["managedFields"] = [self.OURS]
        return request_for(wanted_rollout(spec=self.WANTED), live, scaled=False, keep_template=keep)

    def test_in_flight_the_live_steps_go_back_and_the_change_is_pending(self) -> None:
        """Other steps would send the canary back to its first one."""
        request = self.request(at_rest=False)
        assert request.body["spec"]["strategy"] == {"canary": {"steps": STEPS}}
        assert request.pending
        assert request.notes == ["spec.strategy is left alone while a release is in flight"]

    def test_at_rest_and_in_a_release_the_wanted_steps_are_sent(self) -> None:
        assert self.request(at_rest=True).body["spec"]["strategy"] == self.WANTED["strategy"]
        assert self.request(at_rest=False, keep=False).body["spec"]["strategy"] == self.WANTED["strategy"]


def test_released_parts_are_those_of_the_live_template() -> None:
    wanted = template("v2.6.0", {"metadata": {"labels": {"app.kubernetes.io/version": "v2.6.0"}}})
    wanted["spec"]["containers"].append({"name": "new", "image": "a:v1"})
    current = template("v2.7.0", {"metadata": {"labels": {"app.kubernetes.io/version": "v2.7.0"}}})
    found = with_released_parts(wanted, current)
    assert found["metadata"]["labels"]["version"] == "v2.7.0"
    assert found["metadata"]["labels"]["app.kubernetes.io/version"] == "v2.7.0"
    assert [item["image"] for item in found["spec"]["containers"]] == ["tradesense/trading-service:v2.7.0", "a:v1"]
    assert with_released_parts({}, current) == {}


@pytest.mark.parametrize(
    ("path", "message", "expected"),
    [
        (".spec.replicas", 'conflict with "tradesense-delivery" using argoproj.io/v1alpha1', True),
        (".spec.replicas", f'conflict with "{HANDOVER_MANAGER}"', True),
        (".spec.replicas", 'conflict with "kubectl"', False),
        (".spec.replicas", 'conflict with "tradesense-delivery-somebody-else"', False),
        ('.spec.template.spec.containers[name="a"].resources.limits.cpu', 'conflict with "rollouts-controller"', True),
        (".spec.templates", 'conflict with "rollouts-controller"', False),
        (".spec.template.spec.containers", 'conflict with "kubectl-edit"', False),
        (".spec.replicas", 'conflict with "rollouts-controller"', False),
    ],
)
def test_a_conflict_is_overcome_only_where_we_ourselves_stand_in_the_way(
    path: str, message: str, expected: bool
) -> None:
    assert is_ours(path, message) is expected


SET = "delivery.tradesense.io/set"


def in_set(name: str, fields: Obj | None = None, manager: str = "tradesense-delivery") -> Obj:
    label: Obj = fields or {"f:metadata": {"f:labels": {f"f:{SET}": {}}}}
    return service("s", labels={SET: name}, managedFields=[managed(manager, "Apply", label)])


def test_without_a_set_an_object_stays_in_its_own() -> None:
    wanted = service("s", labels={"a": "b"})
    request = request_for(wanted, in_set("web"), scaled=False, keep_template=False)
    assert request.body["metadata"]["labels"] == {"a": "b", SET: "web"}
    assert request.notes == []
    assert wanted["metadata"]["labels"] == {"a": "b"}
    assert request_for(service("s"), in_set("web"), scaled=False, keep_template=False).body["metadata"]["labels"] == {
        SET: "web"
    }


def test_a_label_of_somebody_else_is_not_made_ours() -> None:
    request = request_for(service("s"), in_set("web", manager="kubectl"), scaled=False, keep_template=False)
    assert "labels" not in request.body["metadata"]


def test_a_move_to_another_set_is_told() -> None:
    for name, notes in (("shop", ["moves from set web to set shop"]), ("web", [])):
        request = request_for(service("s", labels={SET: name}), in_set("web"), scaled=False, keep_template=False)
        assert request.body["metadata"]["labels"] == {SET: name}
        assert request.notes == notes


def test_labels_that_are_none_are_left_as_they_are() -> None:
    wanted = service("s", labels=["x"])
    assert request_for(wanted, in_set("web"), scaled=False, keep_template=False).body == wanted
