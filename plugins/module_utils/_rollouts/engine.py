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
from .choice import Choice, Need
from .estate import Estate
from .model import View
from .moves import Await, Done, Move, Send, Verb
from .unanswered import carried_out

# So often a verb may be told that somebody else wrote first. A controller that flaps a Service writes 40 times a second.
_CONFLICTS_TOLERATED = 50
# Seconds without news until one looks for oneself: whoever was told that somebody else wrote should hear of it soon, and
# silence may mean that a watch died without a word.
_HEARSAY_SECONDS, _SILENCE_SECONDS = 1.0, 5.0


@dataclass
class Progress:
    """How far a verb has come with one workload.

    Attributes:
        before: the workload when the first request was decided on.
        now: the workload as last seen.
        sent: requests that the server took.
        wrote: resourceVersion of the workload that our last request made, empty when it went to another object.
    """

    name: str
    before: View
    now: View
    sent: int = 0
    conflicts: int = 0
    wrote: str = ""
    waiting_for: str = ""
    text: str = ""
    error: DeliveryError | None = None
    finished: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was sent, and taken."""
        return self.sent > 0

    @property
    def silent(self) -> bool:
        """Whether nobody has written to the workload since we did (or since we came)."""
        return self.now.version == (self.wrote or self.before.version)


def carry_out(
    kube: Kube,
    namespace: str,
    choice: Choice,
    verb: Verb,
    *,
    need: Need,
    timeout: float,
    say: Callable[[str], None],
) -> list[Progress]:
    """Carry out a verb on all chosen workloads, in parallel; one that fails does not stop the others.

    Args:
        kube: an open connection; in check mode one whose writes are dry runs.
        namespace: where the workloads are.
        choice: Rollouts or Deployments.
        verb: decides; see `moves.Verb`.
        need: what the verb looks at.
        timeout: seconds for all of them together.
        say: shows what was done, workload by workload, as soon as it is.

    Raises:
        DeliveryError: a name does not exist, or the cluster cannot be read; nothing was sent then.
    """
    deadline = time.monotonic() + timeout
    with Estate(kube, namespace, choice, need) as estate:
        views = estate.views()
        gone = [name for name in estate.names if name not in views]
        if gone:
            raise DeliveryError(f"{', '.join(gone)} was deleted meanwhile", reason="Deleted", where=kube.cluster)
        works = [Progress(name, views[name], views[name]) for name in estate.names]
        unread = ""
        try:
            with ThreadPoolExecutor(POOL_SIZE) as pool:
                unread = _until_done(kube, estate, works, verb, deadline, pool, say)
        except DeliveryError as error:
            # Nobody can watch any more; what was sent must be told all the same.
            if not any(work.sent for work in works):
                raise
            for work in works:
                if not work.finished:
                    work.error, work.finished = error, True
        if any(work.sent for work in works) and not kube.dry_run:
            if Need.ONCE not in need:
                estate.settle()
            views = estate.views()
            for work in works:
                work.now = views.get(work.name, work.now)
    for work in works:
        if not work.finished:
            _give_up(work, timeout, unread)
    return works


def _until_done(
    kube: Kube,
    estate: Estate,
    works: list[Progress],
    verb: Verb,
    deadline: float,
    pool: ThreadPoolExecutor,
    say: Callable[[str], None],
) -> str:
    """Return why the workloads could not be read at the end, empty when they could."""
    last_look, unread = False, ""
    while True:
        moves = [(work, _decide(verb, work, say)) for work in works if not work.finished]
        wanted = [] if last_look else [(work, move) for work, move in moves if isinstance(move, Send)]
        if wanted and not kube.dry_run:
            # The watches open while the requests are on their way, over connections of their own.
            estate.follow()
        taken = list(pool.map(lambda pair: _send(kube, estate, *pair), wanted))
        open_works = [work for work in works if not work.finished]
        if not open_works or last_look:
            return unread
        left = deadline - time.monotonic()
        patience = _HEARSAY_SECONDS if wanted else _SILENCE_SECONDS
        if left <= 0 or not (any(taken) or estate.wait(min(left, patience))):
            last_look = time.monotonic() >= deadline
            unread = estate.refresh()
        _look(estate, open_works)


def _look(estate: Estate, works: list[Progress]) -> None:
    views = estate.views()
    for work in works:
        if work.name not in views:
            work.finished = True
            work.error = DeliveryError("it was deleted meanwhile", reason="Deleted", where=work.before.place)
        else:
            work.now = views[work.name]


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


def _send(kube: Kube, estate: Estate, work: Progress, move: Send) -> bool:
    """Send one request; return whether it was taken, so that there is something new to look at."""
    view = work.now
    target = view.template_owner if move.to_template_owner else view.raw
    kind = Kind(target["apiVersion"], target["kind"], target["kind"].lower() + "s")
    body: Obj | list[Obj] = list(move.body) if not isinstance(move.body, dict) else dict(move.body)
    if isinstance(body, dict) and move.pinned:
        body["metadata"] = {**(body.get("metadata") or {}), "resourceVersion": target["metadata"]["resourceVersion"]}
    try:
        answer = kube.patch(
            kind,
            view.namespace,
            target["metadata"]["name"],
            body,
            patch_type=move.patch_type,
            subresource=move.subresource,
        )
        if target is view.raw:
            work.wrote = str(answer["metadata"].get("resourceVersion") or "")
    except ApiFailure as failure:
        found = _found_done(kube, kind, target, body) if failure.unsure else None
        if found is None:
            _refused(work, failure)
            return False
        # What the controller has made of it meanwhile cannot be told from what we wrote.
        answer, work.wrote = found, ""
    if not work.sent:
        # What came before is what the first request was decided on, not what was seen while waiting for that moment.
        work.before = view
    work.sent += 1
    work.waiting_for = "the controller to take the change"
    if kube.dry_run:
        work.text, work.finished = "would change (check mode: nothing was sent for good)", True
        return True
    estate.learn(kind, answer)
    return True


def _found_done(kube: Kube, kind: Kind, target: Obj, body: Obj | list[Obj]) -> Obj | None:
    """Return the object as it is when a request that got no answer was carried out, None when it was not."""
    metadata = target["metadata"]
    try:
        # Listed as at the beginning: reading it otherwise may not be permitted.
        items = kube.list(kind, metadata["namespace"], fields=f"metadata.name={metadata['name']}").items
    except ApiFailure:
        return None
    return items[0] if items and carried_out(body, target, items[0]) else None


def _refused(work: Progress, failure: ApiFailure) -> None:
    # 409 is a stale resourceVersion. A failed "test" of a JSON patch is a 422 that, unlike a field that is not valid, names
    # no cause. Both mean: look again, decide again.
    stale = failure.code == 409 or (failure.code == 422 and not failure.causes)
    work.conflicts += 1
    if not stale or work.conflicts > _CONFLICTS_TOLERATED:
        work.error, work.finished = failure, True
    else:
        work.waiting_for = "a moment in which nobody else writes"


def _give_up(work: Progress, timeout: float, unread: str) -> None:
    hint = "look at its pods and at its status"
    if unread:
        hint = f"that is as last seen, for {unread}"
    elif work.silent and (work.sent or not work.now.phase.settled):
        hint = f"the controller did not react: is {work.now.controller} running?"
    work.finished = True
    work.error = DeliveryError(
        f"not done within {timeout:g} s: waited for {work.waiting_for}",
        reason="Timeout",
        hint=hint,
        where=work.before.place,
    )
