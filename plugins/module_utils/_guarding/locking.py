# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A Lease for each Rollout, so that of several guards one acts. Private to this collection.

The same rules as leader election of Kubernetes: a Lease that was not renewed for its duration may be taken over, measured by the
clock of whoever looks, from the moment it saw the last renewal; every write carries the resourceVersion it was decided on.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from datetime import UTC, datetime

from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import KNOWN
from .._types import Obj
from .keeping import LABELS, name_for

LEASE = KNOWN["coordination.k8s.io/v1", "Lease"]


def identity() -> str:
    """Return a name for this process: where it runs, and what no other has."""
    return f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"


class Lock:
    """The Lease of one Rollout."""

    def __init__(self, kube: Kube, namespace: str, rollout: str, *, me: str, seconds: float) -> None:
        """Prepare; nothing is asked yet.

        Args:
            kube: an open connection; in check mode nothing is locked, as nothing is done.
            namespace: of the Rollout.
            rollout: its name.
            me: who wants it.
            seconds: without a renewal for so long, it is free.
        """
        self._kube, self._namespace, self._name = kube, namespace, name_for(rollout)
        self._me, self._seconds = me, seconds
        # The renewal of somebody else that was seen last, and when (this process' clock).
        self._seen: tuple[str, float] = ("", 0.0)
        # As we wrote it last; empty: that may not be how it is.
        self._written: Obj = {}
        self.holder = ""

    def take(self) -> bool:
        """Take or renew it; return whether it is ours now. `holder` is who has it otherwise."""
        if self._kube.dry_run or self._renewed():
            return True
        try:
            live = self._kube.find(LEASE, self._namespace, self._name)
            if live is None:
                self._keep(self._kube.create(LEASE, self._body({})))
            elif self._free(live):
                self._write(live)
            else:
                return False
        except ApiFailure as failure:
            if failure.code == 409:
                # Somebody was quicker; next time we see who.
                self.holder = self.holder or "another guard"
                return False
            raise
        self.holder = self._me
        return True

    def release(self) -> None:
        """Give it back, so that the next one need not wait."""
        if self.holder != self._me or self._kube.dry_run:
            return
        live = self._kube.find(LEASE, self._namespace, self._name)
        if live and (live.get("spec") or {}).get("holderIdentity") == self._me:
            self._write(live, holder="")
        self.holder = ""

    def _renewed(self) -> bool:
        """Renew it without looking, as whoever has it usually may; return whether it still was as we wrote it last."""
        written, self._written = self._written, {}
        try:
            if written:
                self._write(written)
        except ApiFailure as failure:
            if failure.code not in (404, 409):
                raise
        return bool(self._written)

    def _free(self, live: Obj) -> bool:
        spec = live.get("spec") or {}
        holder, renewed = str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or "")
        if holder in ("", self._me):
            return True
        self.holder = holder
        if self._seen[0] != f"{holder} {renewed}":
            self._seen = (f"{holder} {renewed}", time.monotonic())
        return time.monotonic() - self._seen[1] > float(spec.get("leaseDurationSeconds") or self._seconds)

    def _write(self, live: Obj, holder: str | None = None) -> None:
        body = self._body(live, self._me if holder is None else holder)
        self._keep(self._kube.patch(LEASE, self._namespace, self._name, body))

    def _keep(self, live: Obj) -> None:
        mine = (live.get("spec") or {}).get("holderIdentity") == self._me
        version = {"resourceVersion": live["metadata"]["resourceVersion"]}
        self._written = {"metadata": version, "spec": live["spec"]} if mine else {}

    def _body(self, live: Obj, holder: str | None = None) -> Obj:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = live.get("spec") or {}
        mine = self._me if holder is None else holder
        moved = before.get("holderIdentity") != mine
        spec = {
            "holderIdentity": mine,
            "leaseDurationSeconds": max(int(self._seconds), 1),
            "renewTime": now,
            "acquireTime": now if moved else before.get("acquireTime"),
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + int(bool(before) and moved),
        }
        metadata: Obj = {"name": self._name, "namespace": self._namespace, "labels": LABELS}
        if live:
            metadata = {"resourceVersion": live["metadata"]["resourceVersion"]}
            return {"metadata": metadata, "spec": spec}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
