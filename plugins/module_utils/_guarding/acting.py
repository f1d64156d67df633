# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard does to a Rollout, by the verbs of the collection. Private to this collection."""

from __future__ import annotations

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.kinds import ROLLOUT
from .._rollouts.choice import EVERYTHING, Choice, Need
from .._rollouts.engine import carry_out
from .._rollouts.history import BANNED
from .._rollouts.moves import Guards, Verb
from .._rollouts.verbs.abort import Abort
from .._rollouts.verbs.pause import Pause, Resume
from .._rollouts.verbs.promote import Promote
from .._rollouts.verbs.undo import Undo

# Seconds until the controller has to have taken a pause; a rollback also moves traffic.
_PAUSE, _ROLLBACK = 20.0, 120.0


def pause(kube: Kube, namespace: str, name: str, revision: str) -> bool:
    """Pause a Rollout that still has this revision; return whether it was not paused before.

    Raises:
        DeliveryError: it has another revision by now, or the controller does not take it.
    """
    return _carry_out(kube, namespace, name, Pause(_only(revision)), Need.REVISIONS | Need.ONCE, _PAUSE)


def resume(kube: Kube, namespace: str, name: str, revision: str) -> bool:
    """Let a Rollout go on that still has this revision; return whether that changed anything. Raises as `pause` does."""
    return _carry_out(kube, namespace, name, Resume(_only(revision)), Need.REVISIONS, _PAUSE)


def roll_back(kube: Kube, namespace: str, name: str, revision: str, target: str) -> None:
    """Bring a revision back that was promoted before this one, all the way; return when users are served by it.

    Raises:
        DeliveryError: it has another revision by now, or users were not moved in time.
    """
    _carry_out(kube, namespace, name, Undo(to_hash=target, full=True, guards=_only(revision)), EVERYTHING, _ROLLBACK)


def pass_steps(kube: Kube, namespace: str, name: str, revision: str) -> None:
    """Promote what was brought back all the way, so that it does not go through its steps again. Raises as `roll_back`."""
    _carry_out(kube, namespace, name, Promote(full=True, guards=_only(revision)), EVERYTHING, _ROLLBACK)


def _silent(line: str) -> None:
    """Take a line of a verb's: the guard says in its own words what was done."""


def take_traffic(kube: Kube, namespace: str, name: str, revision: str) -> None:
    """Abort a canary that still has this revision; return when stable serves all users. Raises as `roll_back` does."""
    _carry_out(kube, namespace, name, Abort(_only(revision)), EVERYTHING, _ROLLBACK)


def ban(kube: Kube, namespace: str, name: str, hashes: tuple[str, ...]) -> None:
    """Write down on a Rollout which revisions are not to be released again by themselves; `rollout_info` tells.

    Raises:
        ApiFailure: it cannot be written.
    """
    kube.patch(ROLLOUT, namespace, name, {"metadata": {"annotations": {BANNED: " ".join(hashes) or None}}})


def _only(revision: str) -> Guards:
    return Guards(None, revision, None)


def _carry_out(
    kube: Kube,
    namespace: str,
    name: str,
    verb: Verb,
    need: Need,
    timeout: float,
) -> bool:
    (work,) = carry_out(kube, namespace, Choice((name,)), verb, need=need, timeout=timeout, say=_silent)
    if work.error:
        raise DeliveryError(
            work.error.msg, reason=work.error.reason, hint=work.error.hint, where=work.error.where or kube.cluster
        )
    return work.changed
