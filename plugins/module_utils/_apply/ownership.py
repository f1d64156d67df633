# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What of a manifest may be sent, given what is live: what others own at run time stays theirs. Pure functions.

Private: other collections must not import it. Three rules, each measured on a real controller:

* The selector of a Service that a Rollout manages is the controller's. Sending ours sends production traffic to pods
  that nobody approved, until the controller puts it back.
* The replicas of a scaled workload are the scaler's. To stop sending a number that only we own would delete it, and
  the controller would fall back to one replica: it is handed over first, also where the manifest stops naming one.
* The pod template of a live workload is the release's. Provisioning keeps it and reports what differs; so it does with
  the strategy while a release is in flight.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from .._rollouts.history import PROMOTED, RELEASE, promoted_after_change
from .._types import Obj
from .compare import covers, spelled_as
from .fields import Owner, extract, owners
from .sets import SET_LABEL

US = Owner("tradesense-delivery", "Apply")
OUR_PATCHES = Owner("tradesense-delivery", "Update")
# The manager that owns a number of replicas between our hands and the scaler's.
HANDOVER_MANAGER = "tradesense-delivery-handover"

HASH_LABEL = "rollouts-pod-template-hash"
WORKLOADS = frozenset({"Rollout", "Deployment", "StatefulSet", "DaemonSet"})


@dataclass
class Request:
    """What to send for one manifest.

    Attributes:
        body: the manifest as it may be sent.
        pending: whether the pod template differs and waits for a release.
        keeps_template: whether a live pod template has to stay exactly as it is.
        template_changes: whether this request starts a rollout of a live workload.
        handover: replicas to hand over to the scaler first, None when there is nothing to hand over.
        notes: what was left to its owner, for people.
    """

    body: Obj
    pending: bool = False
    keeps_template: bool = False
    template_changes: bool = False
    handover: int | None = None
    notes: list[str] = field(default_factory=list)


def request_for(manifest: Obj, live: Obj | None, *, scaled: bool, keep_template: bool) -> Request:
    """Return what to send for a manifest.

    Args:
        manifest: what the user wants.
        live: what the cluster has, with managedFields; None when it does not exist.
        scaled: whether an autoscaler targets the object.
        keep_template: leave the pod template of a live workload alone.
    """
    request = Request(copy.deepcopy(manifest))
    if live is None:
        return request
    _stay_in_set(request, live)
    if manifest["kind"] == "Service":
        _leave_selector(request, live)
    elif manifest["kind"] in WORKLOADS:
        _leave_replicas(request, live, scaled)
        _leave_template(request, live, keep_template)
        if keep_template:
            _leave_strategy(request, live)
    return request


def _stay_in_set(request: Request, live: Obj) -> None:
    """Keep an object in its set: an apply that names no set, e.g. of a release, is no word about what belongs together."""
    metadata, live_labels = request.body["metadata"], (live.get("metadata") or {}).get("labels") or {}
    labels = metadata.get("labels") or {}
    if not isinstance(labels, dict) or SET_LABEL not in live_labels:
        return
    if SET_LABEL not in labels:
        if US in owners(live, "metadata", "labels", SET_LABEL):
            metadata["labels"] = {**labels, SET_LABEL: live_labels[SET_LABEL]}
    elif labels[SET_LABEL] != live_labels[SET_LABEL]:
        request.notes.append(f"moves from set {live_labels[SET_LABEL]} to set {labels[SET_LABEL]}")


def _leave_selector(request: Request, live: Obj) -> None:
    spec = request.body.get("spec") or {}
    live_selector = (live.get("spec") or {}).get("selector") or {}
    if "selector" not in spec or HASH_LABEL not in live_selector:
        return
    if any(owner != US for owner in owners(live, "spec", "selector")):
        del spec["selector"]
        request.notes.append("spec.selector is left to the Argo Rollouts controller")
    else:
        # Only we own it: to stop sending it would delete it.
        spec["selector"] = live_selector


def _leave_replicas(request: Request, live: Obj, scaled: bool) -> None:
    spec, current = request.body.get("spec") or {}, (live.get("spec") or {}).get("replicas")
    if current is None or current == spec.get("replicas"):
        return
    holders = owners(live, "spec", "replicas")
    others = [owner for owner in holders if owner != US]
    if "replicas" not in spec:
        if holders and not others:
            request.notes.append(f"spec.replicas stays at {current}: the definition names no number any more")
            request.handover = int(current)
        return
    scalers = [owner for owner in others if _scales(owner, request.body["kind"])]
    if scalers:
        request.notes.append(f"spec.replicas stays at {current}: it belongs to {scalers[0].manager}")
        del spec["replicas"]
    elif scaled and not others:
        request.notes.append(f"spec.replicas stays at {current}: handed over to the autoscaler")
        request.handover = int(current)
        del spec["replicas"]


def _scales(owner: Owner, kind: str) -> bool:
    """Return whether an owner of a number of replicas is there to change it.

    Argo's controller is, of a Deployment: it takes the pods of one away that a Rollout refers to. Of a Rollout it only owns
    the number that it had to make up.
    """
    migrates = owner.manager == "rollouts-controller" and kind == "Deployment"
    return owner.subresource == "scale" or owner.manager == HANDOVER_MANAGER or migrates


def _leave_template(request: Request, live: Obj, keep: bool) -> None:
    spec, live_spec = request.body.get("spec") or {}, live.get("spec") or {}
    wanted, current = spec.get("template"), live_spec.get("template")
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    if not wanted or not current:
        return
    owned = extract(live, US, "spec", "template")
    compared = with_released_parts(wanted, current) if keep else wanted
    differs = not covers(current, compared) or not _still_wanted(owned, wanted)
    request.pending, request.template_changes = keep and differs, differs and not keep
    if not request.template_changes:
        # What must not change goes back exactly as it is: the same list in another order would be another revision.
        request.keeps_template = True
        if owned is None:
            del spec["template"]
        else:
            spec["template"] = owned
    else:
        spec["template"] = spelled_as(current, wanted)
    if request.template_changes and request.body["kind"] == "Rollout":
        _annotate(request.body, PROMOTED, promoted_after_change(live))
    else:
        _annotate(request.body, PROMOTED, annotations.get(PROMOTED, ""))
    if not request.template_changes:
        # Only what changes a template becomes part of a release.
        _annotate(request.body, RELEASE, annotations.get(RELEASE, ""))


def _leave_strategy(request: Request, live: Obj) -> None:
    """Keep the strategy of a Rollout in flight: other steps would send the canary back to its first one."""
    spec, status = request.body.get("spec") or {}, live.get("status") or {}
    if "strategy" not in spec or status.get("currentPodHash") == status.get("stableRS"):
        return
    wanted, owned = spec["strategy"], extract(live, US, "spec", "strategy")
    if not covers((live.get("spec") or {}).get("strategy"), wanted) or not _still_wanted(owned, wanted):
        request.pending = True
        request.notes.append("spec.strategy is left alone while a release is in flight")
    if owned is None:
        del spec["strategy"]
    else:
        spec["strategy"] = owned


# What the server fills in inside of parts that are owned as a whole, such as a `fieldRef`: nobody sent it.
_FILLED_IN: tuple[tuple[str, object], ...] = (("apiVersion", "v1"), ("divisor", "0"))


def _still_wanted(owned: object, wanted: Obj) -> bool:
    """Return whether everything we once sent is still sent, whatever its value: what is not would be removed."""
    return owned is None or _shape_within(owned, wanted)


def _shape_within(owned: object, wanted: object) -> bool:
    if isinstance(owned, dict):
        return isinstance(wanted, dict) and all(
            key in wanted and _shape_within(value, wanted[key])
            for key, value in owned.items()
            if value not in (None, {}, []) and (key in wanted or (key, value) not in _FILLED_IN)
        )
    if isinstance(owned, list) and isinstance(wanted, list):
        names = [item.get("name") for item in owned if isinstance(item, dict)]
        if len(names) == len(owned) and all(isinstance(name, str) for name in names):
            there = {item.get("name"): item for item in wanted if isinstance(item, dict)}
            return all(item["name"] in there and _shape_within(item, there[item["name"]]) for item in owned)
        return len(owned) <= len(wanted)
    return True


def with_released_parts(wanted: Obj, current: Obj) -> Obj:
    """Return the wanted pod template with the images and the version label that are live: they belong to the release."""
    result = copy.deepcopy(wanted)
    live_labels = (current.get("metadata") or {}).get("labels") or {}
    labels = (result.get("metadata") or {}).get("labels") or {}
    for label in ("version", "app.kubernetes.io/version"):
        if label in labels and label in live_labels:
            labels[label] = live_labels[label]
    for group in ("initContainers", "containers"):
        live_images = {item.get("name"): item.get("image") for item in (current.get("spec") or {}).get(group) or []}
        for container in (result.get("spec") or {}).get(group) or []:
            container["image"] = live_images.get(container.get("name"), container.get("image"))
    return result


def _annotate(body: Obj, name: str, value: str) -> None:
    annotations = body["metadata"].setdefault("annotations", {})
    if value:
        annotations[name] = value
    else:
        annotations.pop(name, None)
    if not annotations:
        del body["metadata"]["annotations"]


def is_ours(path: str, message: str) -> bool:
    """Return whether a conflict is with nobody but ourselves.

    Besides our own managers that is the controller inside a pod template: it owns there what it only spelled another way.

    Args:
        path: the field as the API server names it, e.g. ``.spec.replicas``.
        message: the cause as the API server words it.
    """
    if any(f'conflict with "{name}"' in message for name in (US.manager, HANDOVER_MANAGER)):
        return True
    return path.startswith(".spec.template.") and 'conflict with "rollouts-controller"' in message
