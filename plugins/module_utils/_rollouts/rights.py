# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an account must be allowed for each verb, and nothing more. Pure data and functions. Private to this collection.

The modules' documentation says the same; a unit test holds the two together, and an integration test runs every verb with an
account that has exactly these rights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

READ, FOLLOW = ("list",), ("list", "watch")
_ARGO, _APPS, _CORE = "argoproj.io", "apps", ""

# When a right is needed that a verb does not always need. The texts stand in the documentation.
ALWAYS = ""
DEPLOYMENTS = "where a Deployment is meant, labels choose, or a rollout has a C(workloadRef)"
OF_A_DEPLOYMENT = "for a Deployment"
REFERENCED = "where a rollout has a C(workloadRef)"
SERVICED = "where the strategy names Services"
ROUTED = "where the strategy routes by Ingress"


@dataclass(frozen=True)
class Right:
    """Verbs on a resource of the namespace, and when they are needed."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    when: str = ALWAYS

    def rule(self) -> dict[str, list[str]]:
        """Return it as a rule of a Role."""
        return {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}

    def words(self) -> str:
        """Return it in words, e.g. ``list and watch of rollouts (argoproj.io)``."""
        group = f" ({self.group})" if self.group else ""
        return f"{' and '.join(self.verbs)} of {self.resource}{group}"


def _workloads(verbs: tuple[str, ...] = FOLLOW, *, when: str = DEPLOYMENTS) -> tuple[Right, ...]:
    return Right(_ARGO, "rollouts", verbs), Right(_APPS, "deployments", verbs, when)


def _around(verbs: tuple[str, ...] = FOLLOW) -> tuple[Right, ...]:
    return (
        Right(_APPS, "replicasets", verbs),
        Right(_ARGO, "analysisruns", verbs),
        Right(_CORE, "services", verbs, SERVICED),
        Right("discovery.k8s.io", "endpointslices", verbs, SERVICED),
        Right("networking.k8s.io", "ingresses", verbs, ROUTED),
    )


def _watched(*rights: Right) -> tuple[Right, ...]:
    return tuple(Right(right.group, right.resource, ("watch",), "with O(watch)") for right in rights)


def _switching(*rights: Right) -> tuple[Right, ...]:
    when = "with O(full) or O(skip_all_steps), or for a blue-green rollout"
    return tuple(Right(right.group, right.resource, right.verbs, when) for right in rights)


_REVISIONS = (Right(_APPS, "replicasets", READ),)
_SPEC, _STATUS = Right(_ARGO, "rollouts", ("patch",)), Right(_ARGO, "rollouts/status", ("patch",))
_DEPLOYMENT = Right(_APPS, "deployments", ("patch",), OF_A_DEPLOYMENT)
_REFERENCED = Right(_APPS, "deployments", ("patch",), f"{OF_A_DEPLOYMENT}, and {REFERENCED}")

RIGHTS: dict[str, tuple[Right, ...]] = {
    "rollout_info": (
        *_workloads(READ),
        *_around(READ),
        Right(_CORE, "pods", READ, "unless O(pods=false)"),
        *_watched(*_workloads(READ), *_around(READ), Right(_CORE, "pods", READ)),
    ),
    "rollout_wait": (*_workloads(), *_around()),
    "rollout_pause": (*_workloads(), *_REVISIONS, _SPEC, _DEPLOYMENT),
    "rollout_resume": (*_workloads(), *_REVISIONS, _SPEC, _DEPLOYMENT),
    "rollout_restart": (
        *_workloads(),
        Right(_APPS, "replicasets", FOLLOW),
        Right(_CORE, "pods", FOLLOW),
        _SPEC,
        _DEPLOYMENT,
    ),
    "rollout_set_image": (*_workloads(), *_REVISIONS, _SPEC, _REFERENCED),
    "rollout_retry": (*_workloads(when=REFERENCED), *_REVISIONS, _STATUS),
    "rollout_promote": (
        *_workloads(when=REFERENCED),
        *_REVISIONS,
        _STATUS,
        *_switching(*_around()),
        Right(_ARGO, "rollouts", ("patch",), "with O(full), for a rollout that is paused by hand"),
    ),
    "rollout_abort": (
        *_workloads(when=REFERENCED),
        *[right for right in _around() if right.resource != "analysisruns"],
        _STATUS,
        Right(
            _ARGO,
            "rollouts",
            ("patch",),
            "for a rollout that is paused by hand, whose new pods are not ready, or inside its rollback window",
        ),
        Right(_APPS, "deployments", ("patch",), "for such a rollout with a C(workloadRef)"),
    ),
    "rollout_undo": (
        *_workloads(),
        *_around(),
        _SPEC,
        _REFERENCED,
        Right(_ARGO, "rollouts/status", ("patch",), "with O(full)"),
    ),
}


def sentences(rights: Iterable[Right]) -> list[str]:
    """Return what an account needs, as the notes of a module's documentation: what always, then what when."""
    by_case: dict[str, list[str]] = {}
    for right in rights:
        by_case.setdefault(right.when, []).append(right.words())
    lines = [f"Needed permissions in the namespace are {_joined(by_case.pop(ALWAYS, []))}."]
    return lines + [f"{when[0].upper()}{when[1:]}, also {_joined(words)}." for when, words in by_case.items()]


def _joined(words: list[str]) -> str:
    return ", ".join(words)
