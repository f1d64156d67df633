# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which objects of a set are not wanted any more, and whether so many may go. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from .._errors import DeliveryError
from .._kube.kinds import Kind
from .._types import Obj
from .fields import owners
from .manifests import title
from .ownership import US
from .references import GUARDED, Reference, told, uses
from .sets import SET_LABEL, Pruning

_NAMED_AT_ONCE = 10

# API group, kind, namespace and name: the same in every version of the API.
Key: TypeAlias = "tuple[str, str, str | None, str]"


@dataclass
class Surplus:
    """An object of a set that no manifest names any more.

    Attributes:
        kind: its kind.
        live: its metadata; its content is never read.
        action: what becomes of it: ``skipped`` (not yet anything), ``pruned``, ``kept`` or ``failed``.
        note: why it is kept, for people.
        error: why it could not be removed.
    """

    kind: Kind
    live: Obj
    action: str = "skipped"
    note: str = ""
    error: DeliveryError | None = None

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.live["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.live["metadata"]["name"])

    @property
    def uid(self) -> str:
        """What tells it from another object of the same name."""
        return str(self.live["metadata"]["uid"])

    @property
    def title(self) -> str:
        """What a message calls it."""
        return title(self.live)

    def keep(self, note: str) -> None:
        """Let it stay."""
        self.action, self.note = "kept", note


def key_of(kind: Kind, item: Obj) -> Key:
    """Return what tells an object from others."""
    return kind.group, kind.name, item["metadata"].get("namespace"), item["metadata"]["name"]


def is_member(live: Obj, set_name: str) -> bool:
    """Return whether an object is in a set by our own doing, belongs to nobody else and is not going already.

    A label alone proves nothing: it is copied with the object that has it.
    """
    metadata = live["metadata"]
    return (
        (metadata.get("labels") or {}).get(SET_LABEL) == set_name
        and US in owners(live, "metadata", "labels", SET_LABEL)
        and not metadata.get("ownerReferences")
        and not metadata.get("deletionTimestamp")
    )


def surplus_of(members: Iterable[tuple[Kind, Obj]], wanted: set[Key]) -> list[Surplus]:
    """Return those members of a set that are not wanted."""
    return [Surplus(kind, live) for kind, live in members if key_of(kind, live) not in wanted]


def keep_used(surplus: list[Surplus], objects: dict[str, list[Obj]]) -> None:
    """Let stay what is in use.

    Args:
        surplus: what is not wanted any more.
        objects: by namespace what may use it; what is surplus itself needs nothing.
    """
    while True:
        going = [item for item in surplus if item.action != "kept"]
        used = {place: uses(found, [item.uid for item in going]) for place, found in objects.items()}
        stay = [
            item for item in going if item.kind.name in GUARDED and _reference(item) in used.get(item.namespace, {})
        ]
        for item in stay:
            item.keep(f"still used by {told(used[item.namespace][_reference(item)])}")
        # What stays may need something else.
        if not stay:
            return


def check_share(surplus: list[Surplus], members: int, settings: Pruning) -> None:
    """Refuse to remove too much at once: a set that lost most of its manifests lost them by mistake, most of the time.

    Args:
        surplus: what is not wanted any more.
        members: how many objects the set has in the cluster.
        settings: what the task says about pruning.

    Raises:
        DeliveryError: too much would go; names it.
    """
    going = [item for item in surplus if item.action != "kept"]
    if len(going) * 100 <= settings.limit * members:
        return
    names = ", ".join(item.title for item in going[:_NAMED_AT_ONCE])
    rest = f" and {len(going) - _NAMED_AT_ONCE} more" if len(going) > _NAMED_AT_ONCE else ""
    share = "all" if len(going) == members else str(len(going))
    raise DeliveryError(
        f"prune would remove {share} of the {_counted(members)} of set {settings.name}: {names}{rest}; nothing was applied",
        reason="PruneRefused",
        hint=f"check that the task gives all manifests of the set, or allow it with prune_limit (it is {settings.limit})",
    )


def no_manifests(settings: Pruning) -> DeliveryError:
    """Return the error for a task that would leave nothing of a set."""
    return DeliveryError(
        f"no manifest was given, so that prune would remove all of set {settings.name}; nothing was removed",
        reason="PruneRefused",
        hint="check that the task gives the manifests of the set; a set that is not wanted any more is deleted by hand, by "
        f"its label {SET_LABEL}={settings.name}",
    )


def _reference(item: Surplus) -> Reference:
    return item.kind.name, item.name


def _counted(number: int) -> str:
    return f"{number} object{'' if number == 1 else 's'}"
