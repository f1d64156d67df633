# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The way from a Deployment to a Rollout. Pure functions. Private to this collection.

Who takes users' requests, and when:

* Before, an Ingress leads to a Service that selects the pods by label.
* The strategy's Services are made with the same selector, so they lead to the Deployment's pods at first. Argo narrows the
  main one down to the Rollout's pods, and only when all of these are available.
* The old Service selects the pods of both, and keeps doing so: whoever calls it is served at each moment.
* The Ingress is turned to the main Service when that one leads to as many ready pods of the Rollout as there are to be.

Each function yields what is left to do from where things stand, so a run that was interrupted goes on, and one more changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._errors import DeliveryError
from .._kube.kinds import DEPLOYMENT, HPA, INGRESS, ROLLOUT
from .._rollouts.phase import DEGRADED, HEALTHY
from .._rollouts.view import revision_of
from .._types import Obj
from .moves import Apply, Delete, Later, Move, Patch, Wait
from .routes import CANARY, switched, without
from .situation import Situation, available
from .wanted import CREATED, MARK, mark_of, marked


def to_rollout(situation: Situation, scale_down: str) -> Iterator[Move]:
    """Yield what is left until the Rollout's pods take all requests, and the Deployment has none."""
    if situation.deployment is None or (situation.rollout is not None and not situation.refers):
        return
    yield from _beside(situation)
    for scaler in situation.scalers_of("Deployment"):
        yield retarget(situation, scaler, "argoproj.io/v1alpha1", "Rollout")
    yield from _rollout(situation, scale_down)
    yield from _healthy(situation)
    yield from _traffic(situation, set(situation.ingresses))
    yield from _scaled_down(situation)


def finish(situation: Situation) -> Iterator[Move]:
    """Yield what is left until nothing of the Deployment is: the Rollout has its own template, as if provisioned."""
    wanted, deployment = situation.wanted, situation.deployment
    if deployment is None and not mark_of(situation.rollout):
        return
    by_reference = situation.rollout is None or situation.refers
    if not by_reference:
        yield from _taken(situation)
    missing = [item for name, item in wanted.ingresses.items() if name not in situation.ingresses]
    if situation.superseded and missing and not wanted.routed:
        yield Apply(f"create Ingress {_names(missing)}", [_created_ingress(situation, item) for item in missing])
    for ingress in situation.superseded:
        yield _give_way(situation, ingress)
    if by_reference:
        yield _inline(situation)
    if deployment is not None:
        if deployment["metadata"].get("deletionTimestamp"):
            yield Wait(f"Deployment {wanted.name} to be gone")
        elif by_reference:
            yield Later(f"delete Deployment {wanted.name}")
        else:
            yield Delete(f"delete Deployment {wanted.name}", DEPLOYMENT, deployment)
    for ingress in situation.ingresses.values():
        if mark_of(ingress) not in ("", CREATED) and ingress not in situation.superseded:
            patch = {"metadata": {"annotations": {MARK: None}}}
            yield Patch(f"take the note of the migration off Ingress {_name(ingress)}", INGRESS, ingress, patch)
    if by_reference:
        yield Later("apply Services, Ingresses and Rollout as provisioning does")
    elif mark_of(situation.rollout):
        yield Apply("apply Services, Ingresses and Rollout as provisioning does", wanted.everything)


def retarget(situation: Situation, scaler: Obj, api_version: str, kind: str) -> Patch:
    """Return the request that hands a HorizontalPodAutoscaler over."""
    target = {"apiVersion": api_version, "kind": kind, "name": situation.wanted.name}
    return Patch(
        f"let HorizontalPodAutoscaler {_name(scaler)} scale the {kind}",
        HPA,
        scaler,
        {"spec": {"scaleTargetRef": target}},
    )


def _beside(situation: Situation) -> Iterator[Move]:
    """Yield what Argo needs before the Rollout: its Services, and the Ingress of a canary."""
    wanted = situation.wanted
    services = [item for name, item in wanted.services.items() if name not in situation.services]
    if services:
        yield Apply(f"create Service {_names(services)}", [marked(item, CREATED) for item in services])
    if situation.rollout is None and situation.ready(wanted.main) < available(situation.deployment):
        yield Wait(f"Service {wanted.main} to lead to the pods of the Deployment")
    if wanted.routed:
        ingresses = [item for name, item in wanted.ingresses.items() if name not in situation.ingresses]
        if ingresses:
            yield Apply(
                f"create Ingress {_names(ingresses)}", [_created_ingress(situation, item) for item in ingresses]
            )
        yield from _traffic(situation, set(wanted.ingresses))


def _created_ingress(situation: Situation, manifest: Obj) -> Obj:
    made = marked(manifest, CREATED)
    if situation.superseded:
        made["metadata"]["annotations"].setdefault(CANARY, "false")
    return made


def _rollout(situation: Situation, scale_down: str) -> Iterator[Move]:
    wanted = situation.wanted
    if situation.rollout is None:
        scaled = bool(situation.scalers_of("Deployment") or situation.scalers_of("Rollout"))
        # As many pods as there are; more if the manifest says so and no scaler knows better.
        asked = 0 if scaled else int(wanted.rollout["spec"].get("replicas", 1))
        replicas = max(situation.deployed, asked)
        text = f"create Rollout {wanted.name} with the Deployment's pod template and {replicas} pods"
        yield Apply(text, [wanted.referring(scale_down, replicas)])
    elif situation.scale_down == "never":
        text = f"let the controller scale Deployment {wanted.name} down"
        yield Patch(text, ROLLOUT, situation.rollout, {"spec": {"workloadRef": {"scaleDown": scale_down}}})


def _healthy(situation: Situation) -> Iterator[Move]:
    """Yield a wait until the Rollout's pods could take all requests.

    Raises:
        DeliveryError: they never will.
    """
    wanted, phase, desired = situation.wanted, situation.phase, situation.desired
    if situation.rollout is None:
        yield Wait(f"Rollout {wanted.name}")
        return
    if phase.settled and phase.name == DEGRADED:
        raise DeliveryError(
            f"the Rollout is Degraded: {phase.message}",
            reason="Degraded",
            hint="users are served by the Deployment's pods; correct the cause and run it again, or take it back with undo",
            where=f"Rollout {wanted.name} in namespace {wanted.namespace}",
        )
    if phase.name != HEALTHY or not phase.settled or situation.in_flight:
        yield Wait(f"the Rollout to be Healthy, is {phase.name}{f' ({phase.message})' if phase.message else ''}")
    elif available(situation.rollout) < desired:
        yield Wait(f"{desired} pods of the Rollout, {available(situation.rollout)} are available")
    elif situation.selected(wanted.main) != situation.stable:
        yield Wait(f"Service {wanted.main} to select the Rollout's pods only")
    elif situation.ready(wanted.main) < desired:
        yield Wait(f"Service {wanted.main} to have {desired} ready endpoints")


def _traffic(situation: Situation, names: set[str]) -> Iterator[Move]:
    """Yield what turns Ingresses from the old Services to the main one."""
    wanted = situation.wanted
    for name in sorted(names & set(situation.ingresses)):
        ingress = situation.ingresses[name]
        rules, before = switched(ingress, wanted.routes, situation.old_services)
        if before:
            patch = {"metadata": {"annotations": {MARK: before}}, "spec": {"rules": rules}}
            yield Patch(f"turn Ingress {name} to Service {wanted.main}", INGRESS, ingress, patch)


def _scaled_down(situation: Situation) -> Iterator[Move]:
    name = situation.wanted.name
    if situation.deployed and situation.rollout is not None and revision_of(situation.rollout) > 1:
        # The controller scales it down for the first revision only.
        yield Patch(f"scale Deployment {name} to 0", DEPLOYMENT, situation.deployment, {"spec": {"replicas": 0}})
    elif situation.deployed:
        yield Wait(f"the controller to scale Deployment {name} to 0, {situation.deployed} to go")
    if situation.still_there:
        yield Wait(f"the last pods of Deployment {name} to go, {situation.still_there} are left")


def _give_way(situation: Situation, ingress: Obj) -> Delete | Patch:
    """Return what takes routes out of another Ingress, so that the router goes on with the wanted one in the same moment."""
    wanted, name = situation.wanted, _name(ingress)
    rules = without(ingress, wanted.routes)
    if not rules and not (ingress.get("spec") or {}).get("defaultBackend"):
        return Delete(
            f"delete Ingress {name}, whose routes Ingress {', '.join(wanted.ingresses)} has", INGRESS, ingress
        )
    patch: Obj = {"metadata": {"annotations": {MARK: None}}, "spec": {"rules": rules}}
    return Patch(f"take {', '.join(map(str, wanted.routes))} out of Ingress {name}", INGRESS, ingress, patch)


def _inline(situation: Situation) -> Move:
    """Return what gives the Rollout the very template it has by reference: the same hash, so no new revision."""
    text = f"give Rollout {situation.wanted.name} its own pod template, the Deployment's"
    rollout, deployment = situation.rollout, situation.deployment
    if rollout is None or deployment is None:
        return Later(text)
    template = {**deployment["spec"]["template"]}
    template["metadata"] = {key: value for key, value in template["metadata"].items() if key != "creationTimestamp"}
    body = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": rollout["metadata"]["resourceVersion"]},
        {"op": "remove", "path": "/spec/workloadRef"},
        {"op": "add", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/spec/selector", "value": situation.wanted.rollout["spec"]["selector"]},
    ]
    return Patch(text, ROLLOUT, rollout, body, "json")


def _taken(situation: Situation) -> Iterator[Move]:
    """Yield a wait until the controller has taken the template for the one it knows.

    Raises:
        DeliveryError: it took it for a new one.
    """
    if situation.deployment is None:
        return
    if situation.phase.settled and situation.in_flight:
        raise DeliveryError(
            "the controller took the pod template for a new revision; users are served by the one before it",
            reason="NewRevision",
            hint="let it go through its steps, promote it with playbooks/promote.yml, and run the migration again",
            where=f"Rollout {situation.wanted.name} in namespace {situation.wanted.namespace}",
        )
    yield from _healthy(situation)


def _names(items: list[Obj]) -> str:
    return ", ".join(_name(item) for item in items)


def _name(item: Obj) -> str:
    return str(item["metadata"]["name"])
