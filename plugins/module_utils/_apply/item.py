# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One manifest on its way to the cluster, and what came of all of them. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._errors import DeliveryError
from .._kube.kinds import Kind
from .._types import Obj
from . import diff
from .changes import changed_fields
from .manifests import title
from .ownership import Request
from .surplus import Surplus


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

    @property
    def namespace(self) -> str | None:
        """Its namespace, None when it is cluster-wide."""
        found: str | None = self.manifest["metadata"].get("namespace")
        return found


@dataclass
class Applied:
    """What an apply did, object by object, in the order given; and what was left over of the set, in that of its removal."""

    items: list[Item] = field(default_factory=list)
    surplus: list[Surplus] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any object was created, changed or pruned."""
        return any(action in ("created", "changed", "pruned") for action in self.actions)

    @property
    def actions(self) -> list[str]:
        """What happened to each object."""
        return [*(item.action for item in self.items), *(item.action for item in self.surplus)]

    @property
    def pending(self) -> list[str]:
        """The live workloads whose pod template differs and waits for a release."""
        return [item.title for item in self.items if item.request and item.request.pending]

    def entries(self) -> list[Obj]:
        """Return the result's entries, one for each object."""
        return [*(summary(item) for item in self.items), *(_summary_of_surplus(item) for item in self.surplus)]


def summary(item: Item) -> Obj:
    """Return the result's entry for one object."""
    metadata = item.manifest["metadata"]
    shown: Obj = {
        "kind": item.manifest["kind"],
        "name": metadata["name"],
        "namespace": metadata.get("namespace"),
        "action": item.action,
    }
    if item.action == "changed":
        shown["fields"] = changed_fields(diff.cleaned(item.live), diff.cleaned(item.answer))
    if item.request and item.request.notes:
        shown["notes"] = item.request.notes
    if item.error:
        shown["error"] = item.error.sentence()
    return shown


def _summary_of_surplus(item: Surplus) -> Obj:
    shown: Obj = {"kind": item.kind.name, "name": item.name, "namespace": item.namespace, "action": item.action}
    if item.note:
        shown["notes"] = [item.note]
    if item.error:
        shown["error"] = item.error.sentence()
    return shown
