# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a migration does next: one request, or a wait for the controllers. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .._kube.kinds import Kind
from .._types import Obj


@dataclass(frozen=True)
class Apply:
    """Apply manifests as provisioning does: what others own stays theirs, live pod templates stay as they are."""

    text: str
    manifests: Sequence[Obj]


@dataclass(frozen=True)
class Patch:
    """Patch one object in the state in which it was seen; without a target (it is yet to come) only the text counts."""

    text: str
    kind: Kind
    target: Obj | None
    body: Obj | Sequence[Obj]
    patch_type: str = "merge"


@dataclass(frozen=True)
class Delete:
    """Delete one object in the state in which it was seen."""

    text: str
    kind: Kind
    target: Obj


@dataclass(frozen=True)
class Later:
    """A request that can only be made once the ones before it were."""

    text: str


@dataclass(frozen=True)
class Wait:
    """Wait for something that controllers do."""

    text: str


Move: TypeAlias = "Apply | Patch | Delete | Later | Wait"
