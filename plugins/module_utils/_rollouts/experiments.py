# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What belongs to the experiments of a Rollout, told without reading them. Pure functions. Private to this collection.

An Experiment owns its ReplicaSets and analysis runs, and has a name by which one knows whose step it is:
``<rollout>-<pod-template hash>-<revision>-<step>``. So nobody needs permission to list experiments.
"""

from __future__ import annotations

from .._types import Obj

# On a ReplicaSet: which of the experiment's templates it runs.
_TEMPLATE = "experiment.argoproj.io/template-name"


def experiment_of(item: Obj) -> str:
    """Return the name of the Experiment that controls an object, empty when none does."""
    for owner in item["metadata"].get("ownerReferences") or []:
        if owner.get("controller") and owner.get("kind") == "Experiment":
            return str(owner["name"])
    return ""


def hash_tested(rollout: str, experiment: str, hashes: dict[str, Obj]) -> str:
    """Return the pod-template hash of the revision whose step made an Experiment, empty when it is not this Rollout's."""
    return next((name for name in hashes if name and experiment.startswith(f"{rollout}-{name}-")), "")


def tag_of(replica_set: Obj) -> str:
    """Return the tag of the images that an Experiment's ReplicaSet runs, e.g. ``experiment:canary``."""
    return f"experiment:{(replica_set['metadata'].get('annotations') or {}).get(_TEMPLATE, '')}"
