# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring a set of manifests to the cluster: in parallel inside an order of kinds. Private to this collection."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .._errors import DeliveryError
from .._kube.client import POOL_SIZE, Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import HPA, Kind, stage_of
from .._types import Obj
from . import diff
from .definitions import UNSERVED, defined_kinds
from .fields import adopted
from .manifests import in_namespace, title
from .ownership import HANDOVER_MANAGER, OUR_PATCHES, US, Request, is_ours, request_for

# From this many objects of a kind in a namespace on, one list costs less than reading each.
_LIST_FROM = 4
# The API server serves a new kind some moments after it accepted the definition.
_SERVED_WITHIN = 15.0
_SERVED_POLL = 0.1


@dataclass
class Item:
    """One manifest on its way: what is live, what is sent, what came back."""

    kind: Kind
    manifest: Obj
    live: Obj | None = None
    request: Request | None = None
    answer: Obj | None = None
    error: DeliveryError | None = None
    # The same set defines the kind of this object: the server may not know it yet.
    defined_here: bool = False
    # The namespace or the kind does not exist yet (check mode only): the server could not be asked.
    unasked: bool = False

    @property
    def action(self) -> str:
        """What happened to the object: created, changed, unchanged, failed or skipped."""
        if self.error:
            return "failed"
        if self.answer is None and not self.unasked:
            return "skipped"
        if self.live is None:
            return "created"
        return "changed" if diff.cleaned(self.live) != diff.cleaned(self.answer) else "unchanged"

    @property
    def title(self) -> str:
        """What a message calls the object."""
        return title(self.manifest)


@dataclass
class Applied:
    """What an apply did, object by object, in the order given."""

    items: list[Item] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any object was created or changed."""
        return any(item.action in ("created", "changed") for item in self.items)

    @property
    def pending(self) -> list[str]:
        """The live workloads whose pod template differs and waits for a release."""
        return [item.title for item in self.items if item.request and item.request.pending]


def apply_set(
    kube: Kube, manifests: list[Obj], *, namespace: str | None, force: bool = False, keep_templates: bool = False
) -> Applied:
    """Apply all manifests; stop before the next stage of kinds when one of them was refused.

    Args:
        kube: an open connection; in check mode one whose writes are dry runs.
        manifests: checked manifests.
        namespace: for namespaced manifests that name none.
        force: take fields over from other managers.
        keep_templates: leave pod templates of live workloads alone.

    Raises:
        DeliveryError: something was refused; says what was and what was not applied.
    """
    applied = Applied()
    defined = defined_kinds(manifests)
    for manifest in manifests:
        own = defined.get((manifest["apiVersion"], manifest["kind"]))
        kind = own or kube.kind_of(manifest)
        applied.items.append(
            Item(kind, in_namespace(manifest, namespace, kind.namespaced), defined_here=own is not None)
        )
    with ThreadPoolExecutor(POOL_SIZE) as pool:
        read = functools.partial(_read_group, kube)
        list(pool.map(read, _groups(applied.items)))
        scaled = _scaled(kube, applied.items)
        for item in applied.items:
            key = (item.manifest["kind"], item.manifest["metadata"].get("namespace"), item.manifest["metadata"]["name"])
            item.request = request_for(item.manifest, item.live, scaled=key in scaled, keep_template=keep_templates)
        stages: dict[int, list[Item]] = defaultdict(list)
        for item in applied.items:
            stages[stage_of(item.kind.name)].append(item)
        for stage in sorted(stages):
            send = functools.partial(_send, kube, force=force)
            list(pool.map(send, stages[stage]))
            if any(item.error for item in stages[stage]):
                raise _failure(applied)
    return applied


def _groups(items: Iterable[Item]) -> list[list[Item]]:
    groups: dict[tuple[Kind, str | None], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.kind, item.manifest["metadata"].get("namespace")].append(item)
    split: list[list[Item]] = []
    for (kind, _namespace), members in groups.items():
        # Secrets are never listed: the right to list them is the right to read them all.
        listed = len(members) >= _LIST_FROM and kind.namespaced and kind.name != "Secret"
        split += [members] if listed else [[member] for member in members]
    return split


def _read_group(kube: Kube, members: list[Item]) -> None:
    try:
        _read_members(kube, members)
    except ApiFailure as failure:
        # Members share their kind; one that is about to be defined has no objects yet.
        if not members[0].defined_here or failure.reason not in UNSERVED:
            raise


def _read_members(kube: Kube, members: list[Item]) -> None:
    kind, namespace = members[0].kind, members[0].manifest["metadata"].get("namespace")
    if len(members) > 1:
        try:
            live = {item["metadata"]["name"]: item for item in kube.list(kind, namespace).items}
        except ApiFailure as failure:
            if failure.code != 403:
                raise
        else:
            for member in members:
                member.live = live.get(member.manifest["metadata"]["name"])
            return
    for member in members:
        member.live = kube.find(kind, namespace, member.manifest["metadata"]["name"])


def _scaled(kube: Kube, items: list[Item]) -> set[tuple[str, str | None, str]]:
    """Return the workloads an autoscaler targets, wanted or live; asks only when a number of replicas would change."""
    scalers = [item.manifest for item in items if item.kind == HPA]
    namespaces = {
        item.manifest["metadata"]["namespace"]
        for item in items
        if item.live
        and "replicas" in (item.manifest.get("spec") or {})
        and item.manifest["spec"]["replicas"] != (item.live.get("spec") or {}).get("replicas")
    }
    for namespace in namespaces:
        scalers += kube.list(HPA, namespace).items
    return {
        (target.get("kind", ""), scaler["metadata"].get("namespace"), target.get("name", ""))
        for scaler in scalers
        for target in [(scaler.get("spec") or {}).get("scaleTargetRef") or {}]
    }


def _send(kube: Kube, item: Item, *, force: bool) -> None:
    request = item.request
    if request is None:
        raise AssertionError("requests are made for every item before any is sent")
    try:
        if request.template_changes and item.live and not kube.dry_run:
            _adopt(kube, item)
        if request.keeps_template and not kube.dry_run:
            _check_template_kept(kube, item, request.body, force)
        if request.handover is not None and not kube.dry_run:
            kube.apply(item.kind, _handover(item, request.handover), manager=HANDOVER_MANAGER)
        item.answer = _apply_served(kube, item, request.body, force)
    except ApiFailure as failure:
        unserved = item.defined_here and failure.reason in UNSERVED
        if kube.dry_run and (failure.reason == "NamespaceNotFound" or unserved):
            item.unasked, item.answer = True, request.body
            return
        item.error = failure


def _check_template_kept(kube: Kube, item: Item, body: Obj, force: bool) -> None:
    """Ask the server first whether the pod template would stay as it is: a rollout nobody asked for must not start."""
    outcome = kube.apply(item.kind, body, force=force, dry=True)
    if item.live and (outcome.get("spec") or {}).get("template") != (item.live.get("spec") or {}).get("template"):
        raise ApiFailure(
            DeliveryError(
                "its pod template would change, which would start a rollout; nothing was sent for it",
                reason="TemplateWouldChange",
                hint="somebody else may be releasing it at this moment: try again, or release it",
                where=f"{kube.cluster}, {item.title}",
            ),
            0,
        )


def _apply_served(kube: Kube, item: Item, body: Obj, force: bool) -> Obj:
    """Apply one object; one whose kind was defined a moment ago as soon as it is served."""
    deadline = time.monotonic() + _SERVED_WITHIN
    while True:
        try:
            return _apply_one(kube, item, body, force)
        except ApiFailure as failure:
            waits = item.defined_here and failure.reason in UNSERVED and not kube.dry_run
            if not waits or time.monotonic() > deadline:
                raise
            time.sleep(_SERVED_POLL)


def _apply_one(kube: Kube, item: Item, body: Obj, force: bool) -> Obj:
    try:
        return kube.apply(item.kind, body, force=force)
    except ApiFailure as failure:
        if failure.code == 409 and failure.causes and all(is_ours(*cause) for cause in failure.causes):
            # Only we ourselves stand in the way; the version makes sure that it still is so.
            pinned = {**body, "metadata": {**body["metadata"], "resourceVersion": _version(kube, item)}}
            return kube.apply(item.kind, pinned, force=True)
        raise


def _version(kube: Kube, item: Item) -> str:
    metadata = item.manifest["metadata"]
    return str(kube.get(item.kind, metadata.get("namespace"), metadata["name"])["metadata"]["resourceVersion"])


def _adopt(kube: Kube, item: Item) -> None:
    live = item.live or {}
    entries = adopted(live, US, OUR_PATCHES)
    if entries is None:
        return
    metadata = item.manifest["metadata"]
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
    ]
    try:
        kube.patch(item.kind, metadata.get("namespace"), metadata["name"], patch, patch_type="json")
    except ApiFailure as failure:
        # The object moved on meanwhile: the apply itself decides, with its own conflict check.
        if failure.code not in (409, 422):
            raise


def _handover(item: Item, replicas: int) -> Obj:
    metadata = item.manifest["metadata"]
    return {
        "apiVersion": item.manifest["apiVersion"],
        "kind": item.manifest["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": {"replicas": replicas},
    }


def _failure(applied: Applied) -> DeliveryError:
    failed = [item for item in applied.items if item.error]
    done = [item.title for item in applied.items if item.action in ("created", "changed")]
    missing = [item.title for item in applied.items if item.action == "skipped"]
    first = failed[0].error
    if first is None:
        raise AssertionError("called without a failed item")
    msg = first.msg
    if len(failed) > 1:
        msg += f"; and {len(failed) - 1} more refused: " + ", ".join(item.title for item in failed[1:4])
    if missing:
        msg += f"; not applied: {', '.join(missing[:6])}{' ...' if len(missing) > 6 else ''}"
    result = {"changed": bool(done), "objects": [summary(item) for item in applied.items]}
    return DeliveryError(msg, reason=first.reason, hint=first.hint, where=first.where, result=result)


def summary(item: Item) -> Obj:
    """Return the result's entry for one object."""
    metadata = item.manifest["metadata"]
    shown: Obj = {
        "kind": item.manifest["kind"],
        "name": metadata["name"],
        "namespace": metadata.get("namespace"),
        "action": item.action,
    }
    if item.request and item.request.notes:
        shown["notes"] = item.request.notes
    if item.error:
        shown["error"] = item.error.sentence()
    return shown
