# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""States of rollouts that are not valid, that refer to a Deployment, and that the controller has not looked at again."""

from __future__ import annotations

from tests.integration.support.beside import Do, State, When, podless, said
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.moves import (
    IGNORED,
    both,
    counts,
    healthy,
    ignored,
    ignored_then,
    phase,
    released,
    set_spec,
    set_status,
)
from tests.integration.support.objects import PAUSE, analysis, canary, deployment, image, weight
from tests.integration.support.states.blue_greens import switching
from tests.integration.support.states.canaries import plain
from tests.integration.support.states.routed import routing

STEPS = (weight(50), PAUSE)
AT_PAUSE = phase("Paused", "CanaryPauseStep")
STABLE = {"v1": ["stable"]}
INVALID = phase("Degraded", "InvalidSpec")


def without(kind: str, manifests: list[Obj]) -> list[Obj]:
    """Return the manifests without those of a kind."""
    return [item for item in manifests if item["kind"] != kind]


def managed(name: str, step: Obj) -> list[Obj]:
    """Return a routed canary with a step for a managed route."""
    route = {"nginx": {"stableIngress": name}, "managedRoutes": [{"name": "route"}]}
    return routing(name, weight(10), step, PAUSE, trafficRouting=route)


def referring(name: str, scale_down: str, *steps: Obj) -> list[Obj]:
    """Return a Rollout that takes its pod template from a Deployment."""
    made = canary(name, *steps)
    del made["spec"]["template"], made["spec"]["selector"]
    made["spec"]["workloadRef"] = {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": f"{name}-held", "scaleDown": scale_down,
    }  # fmt: skip
    held = deployment(f"{name}-held")
    return [held, made]


def born_ignored(manifests: list[Obj]) -> list[Obj]:
    """Return manifests whose Rollout no controller looks at."""
    manifests[-1]["metadata"]["labels"] = IGNORED
    return manifests


def held_scaled(replicas: int) -> When:
    """The Deployment has so many replicas."""

    def holds(space: Space, item: Obj) -> bool:
        found = space.get("Deployment", f"{item['metadata']['name']}-held")
        return bool(found["spec"]["replicas"] == replicas)

    return holds


def set_held_image(tag: str) -> Do:
    """Give the Deployment's container another image."""

    def change(space: Space, name: str) -> None:
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image(tag)}]
        space.patch("Deployment", f"{name}-held", patch, how="json")

    return change


HEADER = {"setHeaderRoute": {"name": "route", "match": [{"headerName": "x-canary", "headerValue": {"exact": "1"}}]}}
MIRROR = {"setMirrorRoute": {"name": "route", "percentage": 10, "match": [{"method": {"exact": "GET"}}]}}

NOT_VALID = [
    State(managed("header-route", HEADER), INVALID),
    State(managed("mirror-route", MIRROR), INVALID),
    State(plain("too-heavy", weight(101), PAUSE), INVALID),
    State(plain("scale-unrouted", {"setCanaryScale": {"replicas": 1}}, PAUSE), INVALID),
    State(plain("no-template", {"analysis": analysis("nowhere")}, PAUSE), INVALID),
    State(switching("same-service", previewService="same-service-active"), INVALID),
    State(without("Service", switching("no-service")), INVALID),
    State(without("Ingress", routing("no-ingress", *STEPS)), INVALID),
    State(plain("no-labels", *STEPS, selector={"matchLabels": {"app": "another"}}), INVALID),
    State(plain("spoilt", *STEPS), INVALID, (
        (healthy, set_spec(strategy={"canary": {"steps": [weight(101)]}})),
    )),
    State(plain("spoilt-in-flight", *STEPS), INVALID, (
        released("v2"), (AT_PAUSE, set_spec(strategy={"canary": {"steps": [weight(50), PAUSE, weight(101)]}})),
    )),
    State(plain("step-plugin", {"plugin": {"name": "company/notify"}}, PAUSE), phase("Progressing"), (released("v2"),),
          podless(STABLE, v2=["canary"])),
]  # fmt: skip

UNSEEN = [
    State(referring("ref-scaled", "progressively", *STEPS), both(healthy, held_scaled(0))),
    State(referring("ref-paused", "onsuccess", *STEPS), AT_PAUSE, ((both(healthy, held_scaled(0)), set_held_image("v2")),)),
    State(without("Deployment", referring("ref-missing", "never", *STEPS)), INVALID,
          differs={"answer": ('deployment.apps "ref-missing-held" not found', "Degraded")}),
    State(referring("ref-stale", "never", *STEPS), healthy, ((healthy, ignored_then(set_held_image("v2"))),),
          said("Progressing", "waiting for the referenced workload's update to be observed", instead_of=("Healthy", ""))),
    State(born_ignored(plain("never-seen", *STEPS)), counts(), (), said(
        "Progressing", "waiting for rollout spec update to be observed",
        instead_of=("Progressing", "more replicas need to be updated"),
    )),
    State(plain("new-spec", *STEPS), counts(), ((healthy, ignored(progressDeadlineSeconds=77)),)),
    State(plain("unpaused", *STEPS), counts(), (
        released("v2"), (AT_PAUSE, ignored_then(set_status(pauseConditions=None))),
    )),
    State(plain("aborting", *STEPS), counts(), (
        released("v2"), (AT_PAUSE, ignored_then(set_status(abort=True))),
    ), said("Progressing", "waiting for the abort to be observed", instead_of=("Paused", "CanaryPauseStep"))),
    State(plain("retrying", *STEPS), counts(), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
        (both(phase("Degraded"), counts(updatedReplicas=0)), ignored_then(set_status(abort=False))),
    ), {**podless(STABLE, v2=["canary"]), **said(
        "Progressing", "waiting for the retry to be observed",
        instead_of=("Degraded", "RolloutAborted: Rollout aborted update to revision 2"),
    )}),
    State(switching("switching"), counts(), (
        released("v2"), (phase("Paused"), ignored_then(set_status(pauseConditions=None))),
    )),
]  # fmt: skip
