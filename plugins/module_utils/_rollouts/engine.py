# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Carry out a verb on many workloads at once: ask it, send what it wants, watch, ask again. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._errors import DeliveryError
from .._kube.client import POOL_SIZE, Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import Kind
from .._types import Obj
from .estate import Estate, Need
from .model import View
from .moves import Await, Done, Move, Send, Verb

# So often a verb may be told that somebody else wrote first.
_CONFLICTS_TOLERATED = 5


@dataclass
class Progress:
    """How far a verb has come with one workload."""

    name: str
    before: View
    now: View
    sent: int = 0
    conflicts: int = 0
    waiting_for: str = ""
    text: str = ""
    error: DeliveryError | None = None
    finished: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was sent, and taken."""
        return self.sent > 0


def carry_out(
    kube: Kube,
    namespace: str,
    names: list[str],
    verb: Verb,
    *,
    need: Need,
    timeout: float,
    say: Callable[[str], None],
) -> list[Progress]:
    """Carry out a verb on all named workloads, in parallel; one that fails does not stop the others.

    Args:
        kube: an open connection; in check mode one whose writes are dry runs.
        namespace: where the workloads are.
        names: Rollouts or Deployments.
        verb: decides; see `moves.Verb`.
        need: what the verb looks at.
        timeout: seconds for all of them together.
        say: shows what was done, workload by workload, as soon as it is.

    Raises:
        DeliveryError: a name does not exist, or the cluster cannot be read; nothing was sent then.
    """
    with Estate(kube, namespace, names, need) as estate, ThreadPoolExecutor(POOL_SIZE) as pool:
        views = estate.views()
        gone = [name for name in names if name not in views]
        if gone:
            raise DeliveryError(f"{', '.join(gone)} was deleted meanwhile", reason="Deleted", where=kube.cluster)
        works = [Progress(name, views[name], views[name]) for name in names]
        deadline = time.monotonic() + timeout
        while True:
            moves = [(work, _decide(verb, work, say)) for work in works if not work.finished]
            wanted = [(work, move) for work, move in moves if isinstance(move, Send)]
            list(pool.map(lambda pair: _send(kube, *pair), wanted))
            open_works = [work for work in works if not work.finished]
            left = deadline - time.monotonic()
            if not open_works:
                return works
            if left <= 0:
                for work in open_works:
                    _give_up(work, timeout)
                return works
            estate.wait(left)
            _look(estate, open_works)


def _look(estate: Estate, works: list[Progress]) -> None:
    views = estate.views()
    for work in works:
        if work.name not in views:
            work.finished = True
            work.error = DeliveryError("it was deleted meanwhile", reason="Deleted", where=work.before.place)
        elif not _older(views[work.name], work.now):
            work.now = views[work.name]


def _older(seen: View, known: View) -> bool:
    """Return whether a watch event speaks of a time before our own patch's answer."""
    try:
        return int(seen.version) < int(known.version)
    except ValueError:
        return False


def _decide(verb: Verb, work: Progress, say: Callable[[str], None]) -> Move | None:
    try:
        move = verb(work.before, work.now, work.sent)
    except DeliveryError as error:
        work.error, work.finished = error, True
        return None
    if isinstance(move, Done):
        work.text, work.finished = move.text, True
        if work.changed:
            say(f"{work.name}: {move.text}")
    elif isinstance(move, Await):
        work.waiting_for = move.what
    return move


def _send(kube: Kube, work: Progress, move: Send) -> None:
    view = work.now
    target = view.template_owner if move.to_template_owner else view.raw
    kind = Kind(target["apiVersion"], target["kind"], target["kind"].lower() + "s")
    body: Obj | list[Obj] = list(move.body) if not isinstance(move.body, dict) else dict(move.body)
    if isinstance(body, dict):
        body["metadata"] = {**(body.get("metadata") or {}), "resourceVersion": target["metadata"]["resourceVersion"]}
    try:
        kube.patch(
            kind,
            view.namespace,
            target["metadata"]["name"],
            body,
            patch_type=move.patch_type,
            subresource=move.subresource,
        )
    except ApiFailure as failure:
        _refused(work, failure)
        return
    if not work.sent:
        # What came before is what the first request was decided on, not what was seen while waiting for that moment.
        work.before = view
    work.sent += 1
    work.waiting_for = "the controller to take the change"
    if kube.dry_run:
        work.text, work.finished = "would change (check mode: nothing was sent for good)", True


def _refused(work: Progress, failure: ApiFailure) -> None:
    # 409 is a stale resourceVersion. A failed "test" of a JSON patch is a 422 that, unlike a field that is not valid, names
    # no cause. Both mean: look again, decide again.
    stale = failure.code == 409 or (failure.code == 422 and not failure.causes)
    work.conflicts += 1
    if not stale or work.conflicts > _CONFLICTS_TOLERATED:
        work.error, work.finished = failure, True
    else:
        work.waiting_for = "a moment in which nobody else writes"


def _give_up(work: Progress, timeout: float) -> None:
    silent = work.sent and work.now.version == work.before.version
    work.finished = True
    work.error = DeliveryError(
        f"not done within {timeout:g} s: waited for {work.waiting_for}",
        reason="Timeout",
        hint="the controller did not react: is argo-rollouts running?"
        if silent
        else "look at its pods and at its status",
        where=work.before.place,
    )
