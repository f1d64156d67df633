# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One manifest on its way to the cluster, and what came of all of them. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._errors import DeliveryError
from .._kube.kinds import Kind
from .._types import Obj
from . import diff
from .manifests import title
from .ownership import Request


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
