# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring the pod template of a revision back, so that its own ReplicaSet serves again. Pure functions.

Private to this collection.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._types import Obj
from ..model import View
from ..moves import Await, Move, Send, refuse
from ..template import restored, spelled_out


def restore(now: View, target: str, more: Sequence[Obj] = ()) -> Send:
    """Return the request that brings the template of a revision back, with `more` operations in the same patch."""
    return _replace(now, restored(now, target), more)


def not_taken(before: View, now: View, target: str) -> Move | None:
    """Return what to do while another revision than the target is current, after its template was sent.

    The controller finds a revision again by a hash of its own or, failing that, by comparing templates. Each of the two can
    miss, and then it makes a new revision of the very same template: after the first miss the other form is sent.

    Returns:
        None when it missed both: the template is back, under a new hash.

    Raises:
        DeliveryError: somebody else changed the template meanwhile.
    """
    if now.current_hash == before.current_hash:
        return Await(f"the controller to take the template of {target} (now {now.current_hash})")
    live, last = now.template_owner["spec"]["template"], spelled_out(before, target)
    if live == last:
        return None
    if live == restored(before, target):
        return _replace(now, last)
    raise refuse(now, f"another template ({now.current_hash}) was released meanwhile", "look at it again", "Overtaken")


def _replace(now: View, template: Obj, more: Sequence[Obj] = ()) -> Send:
    owner = now.template_owner
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": owner["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/spec/template", "value": template},
        *more,
    ]
    return Send(patch, patch_type="json", to_template_owner=True)
