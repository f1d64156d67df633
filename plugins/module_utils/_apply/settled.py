# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the server has everything that would be sent already. Pure functions. Private to this collection."""

from __future__ import annotations

from .._types import Obj
from .fields import entry_of, extracted
from .ownership import US, Request


def settled(request: Request, live: Obj | None) -> bool:
    """Return whether an apply of a request would change nothing, neither values nor who owns them.

    It would not if what we own, as the API server has written it down, is exactly what would be sent: an apply sets the owned
    fields to the values sent, and owns what was sent. Anything that differs in spelling is sent, and the server decides.

    Args:
        request: what would be sent.
        live: what the cluster has, with managedFields; None when it does not exist.
    """
    entry = entry_of(live, US) if live else None
    if live is None or entry is None or request.handover is not None or request.template_changes:
        return False
    body = request.body
    if entry.get("apiVersion") != body["apiVersion"]:
        return False
    identity = ("name", "namespace")
    metadata = {key: value for key, value in body["metadata"].items() if key not in identity}
    wanted = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    owned = extracted(live, entry)
    # Both without an empty part: metadata of which nothing but the identity was sent is owned by nobody.
    return {**owned, "metadata": owned.get("metadata") or {}} == {**wanted, "metadata": metadata}
