# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Small conditions on a Rollout and small requests, to lead one from state to state without what is tested."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.support.beside import Do, When
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import image
from tests.integration.support.stage import is_in

Move = tuple[When, Do]

# A controller without an instance id leaves alone what has this label: whatever is asked of it then stays unobserved.
IGNORED = {"argo-rollouts.argoproj.io/controller-instance-id": "nobody"}
_FOREVER = "2099-01-01T00:00:00Z"


def phase(name: str, message: str = "", *, step: int | None = None) -> When:
    """The controller says this phase, with a message that begins so."""

    def holds(_: Space, item: Obj) -> bool:
        status = item.get("status") or {}
        there = step is None or status.get("currentStepIndex") == step
        return is_in(item, name) and str(status.get("message") or "").startswith(message) and there

    return holds


def healthy(space: Space, item: Obj) -> bool:
    """Everything wanted is released."""
    return is_in(item, "Healthy")


def counts(**wanted: int) -> When:
    """The status has these numbers, e.g. ``replicas=3``; absent ones are 0."""

    def holds(_: Space, item: Obj) -> bool:
        return all((item.get("status") or {}).get(key, 0) == number for key, number in wanted.items())

    return holds


def both(*conditions: When) -> When:
    """All of these hold."""
    return lambda space, item: all(condition(space, item) for condition in conditions)


def has_run(status: str, where: str) -> When:
    """The Rollout's status names an analysis run in this phase, e.g. in ``blueGreen.prePromotionAnalysisRunStatus``."""

    def holds(_: Space, item: Obj) -> bool:
        found: Any = item.get("status") or {}
        for key in where.split("."):
            found = (found or {}).get(key)
        return bool(found) and found.get("status") == status

    return holds


def set_image(tag: str) -> Do:
    """Give the first container another image."""

    def change(space: Space, name: str) -> None:
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image(tag)}]
        space.patch("Rollout", name, patch, how="json")

    return change


def set_spec(**spec: Any) -> Do:
    """Merge something into the spec."""
    return _merge({"spec": spec})


def set_status(**status: Any) -> Do:
    """Merge something into the status, as the plugin's verbs do."""
    return _merge({"status": status}, subresource="status")


def ignored(**spec: Any) -> Do:
    """Let the controller look away from now on, and merge something into the spec that it does not see any more."""
    return _merge({"metadata": {"labels": IGNORED}, "spec": spec})


def ignored_then(change: Do) -> Do:
    """Let the controller look away, then do something."""

    def act(space: Space, name: str) -> None:
        ignored()(space, name)
        change(space, name)

    return act


def restart(space: Space, name: str) -> None:
    """Ask for new pods: all that there are now are older than a second from now, and moments have whole seconds."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    space.patch("Rollout", name, {"spec": {"restartAt": moment}})


def restart_much_later(space: Space, name: str) -> None:
    """Ask for new pods at a moment nobody waits for."""
    space.patch("Rollout", name, {"spec": {"restartAt": _FOREVER}})


def released(tag: str, after: When = healthy) -> Move:
    """Give a Rollout another image as soon as it is at rest."""
    return after, set_image(tag)


def _merge(patch: Obj, *, subresource: str = "") -> Do:
    def change(space: Space, name: str) -> None:
        space.patch("Rollout", name, patch, subresource=subresource)

    return change
