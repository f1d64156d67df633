# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pod-template hashes of a Rollout were ever promoted, and which release brought the last. Pure functions.

Private: other collections must not import it. Argo Rollouts keeps no such record, and "the previous revision" may be one
that was aborted. `status.stableRS` is by definition promoted: whoever of us changes a template writes it down in the same
request, newest first.
"""

from __future__ import annotations

from .._types import Obj

PROMOTED = "delivery.tradesense.io/promoted"
# The release that changed the template last; a rollback appends a word, so that it is not taken back twice.
RELEASE = "delivery.tradesense.io/release"
ROLLED_BACK = "rolled-back"
# Hashes that the guard took back: they are not to be released again by themselves.
BANNED = "delivery.tradesense.io/banned"
# As many as Argo keeps ReplicaSets by default.
_KEPT = 10


def promoted(rollout: Obj) -> list[str]:
    """Return the hashes known to have been promoted, newest first, the present stable one included."""
    annotations = (rollout.get("metadata") or {}).get("annotations") or {}
    stable = str((rollout.get("status") or {}).get("stableRS") or "")
    recorded = str(annotations.get(PROMOTED) or "").split()
    return ([stable] if stable else []) + [name for name in recorded if name != stable]


def promoted_after_change(rollout: Obj, *, leaving: str = "") -> str:
    """Return the record to write with a change of the template.

    Args:
        rollout: the Rollout before the change.
        leaving: the hash that an undo takes back; it is struck from the record, so that the next undo goes further back.
    """
    return " ".join([name for name in promoted(rollout) if name != leaving][:_KEPT])


def banned(rollout: Obj) -> list[str]:
    """Return the hashes that the guard took back."""
    return str(((rollout.get("metadata") or {}).get("annotations") or {}).get(BANNED) or "").split()


def release_of(workload: Obj) -> str:
    """Return the release that changed the template last, empty when none of ours did."""
    return str(((workload.get("metadata") or {}).get("annotations") or {}).get(RELEASE) or "")


def marked_rolled_back(release: str) -> str:
    """Return the mark of a release that was taken back."""
    return release if release.endswith(ROLLED_BACK) else f"{release} {ROLLED_BACK}"
