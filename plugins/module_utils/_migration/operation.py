# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb `migrate`. Private to this collection."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .. import _argspec
from .._apply import diff
from .._apply.collisions import refuse
from .._apply.manifests import in_namespace, parse
from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.credentials import Credentials
from .._operation import Call, Operation, Result
from .._types import Obj
from . import backward, forward, preflight
from .moves import Move
from .reading import read_workloads
from .run import Course, Outcome, carry_out
from .situation import Situation
from .wanted import SCALE_DOWN, rollouts_of, wanted_of

_MIGRATED, _FINISHED, _UNDONE, _UNNEEDED = "migrated", "finished", "undone", "unneeded"
_FIELDS_TOLD = 10
_OWN_TEMPLATE = "own template"
_WORDS = {
    _MIGRATED: "the Rollout takes all requests, and its pod template is still the Deployment's",
    _OWN_TEMPLATE: "the Rollout takes all requests, and the Deployment without pods is left to be deleted",
    _FINISHED: "the Rollout takes all requests, and the Deployment is gone",
    _UNDONE: "the Deployment takes all requests, and the Rollout is gone",
}


def _run(call: Call) -> Result:
    given = call.params
    if given["template"]:
        raise DeliveryError(
            "option template works only where the task runs on the controller (connection local)",
            reason="BadOption",
            hint="give definitions with the template lookup instead",
        )
    manifests = parse(given["definitions"])
    if given["state"] == _UNNEEDED:
        return _check_unneeded(call, manifests)
    wanted = wanted_of(manifests, given["namespace"])
    course = _course(given["state"], given["scale_down"])
    with Kube(
        Credentials.from_params(given), dry_run=call.check_mode, warn=call.warn, seconds=given["timeout"]
    ) as kube:
        outcome = carry_out(kube, wanted, course, force=given["force"], timeout=given["timeout"], say=call.say)
    result: Result = {
        "changed": bool(outcome.steps),
        "steps": outcome.steps,
        "notes": [] if given["state"] == _UNDONE else _notes(outcome),
        "pending": [] if given["state"] == _UNDONE else outcome.differing,
        "msg": f"{wanted.name}: {_message(outcome, given['state'], call.check_mode)}.",
    }
    if call.diff_mode:
        result["diff"] = [diff.entry(title, before, after) for title, before, after in outcome.changes]
    return result


def _check_unneeded(call: Call, manifests: list[Obj]) -> Result:
    """Fail when a Rollout has yet to take a Deployment's place, or was stopped on the way."""
    namespace, rollouts = call.params["namespace"], rollouts_of(manifests)
    placed = [in_namespace(manifest, namespace, True) for manifest in rollouts]
    if placed:
        with Kube(Credentials.from_params(call.params), warn=call.warn) as kube:
            live, deployments = read_workloads(kube, {item["metadata"]["namespace"] for item in placed})
            found = [(item, live.get((item["metadata"]["namespace"], item["metadata"]["name"]))) for item in placed]
            refuse(found, deployments, kube.cluster)
    return {"changed": False, "steps": [], "notes": [], "pending": [], "msg": "No Rollout is to be migrated."}


def _course(state: str, scale_down: str) -> Course:
    if state == _UNDONE:
        return Course(backward.check, backward.to_deployment)

    def left(situation: Situation) -> Iterator[Move]:
        yield from forward.to_rollout(situation, scale_down)
        if state == _FINISHED:
            yield from forward.finish(situation)

    return Course(functools.partial(preflight.check, scale_down=scale_down), left)


def _notes(outcome: Outcome) -> list[str]:
    found = preflight.notes(outcome.began, outcome.ended)
    if outcome.differing:
        more = len(outcome.differing) - _FIELDS_TOLD
        named = ", ".join(outcome.differing[:_FIELDS_TOLD]) + (f" and {more} more" if more > 0 else "")
        found.append(f"The next release changes the pods also in {named}, as the definitions have it")
    return found


def _message(outcome: Outcome, state: str, check: bool) -> str:
    if check and outcome.steps:
        return f"would {'; '.join(outcome.steps)} (check mode: nothing was sent for good)"
    reached = state
    if state == _MIGRATED and not outcome.ended.refers:
        # An earlier run was to finish it.
        reached = _FINISHED if outcome.ended.deployment is None else _OWN_TEMPLATE
    return _WORDS[reached] if outcome.steps else f"nothing to do, {_WORDS[reached]}"


MIGRATE = Operation(
    run=_run,
    options={
        **_argspec.connection(),
        **_argspec.namespace(required=True),
        **_argspec.waiting(600),
        "definitions": {"type": "raw", "aliases": ["definition"]},
        "template": {"type": "list", "elements": "path"},
        "state": {"type": "str", "choices": [_MIGRATED, _FINISHED, _UNDONE, _UNNEEDED], "default": _MIGRATED},
        "scale_down": {"type": "str", "choices": list(SCALE_DOWN), "default": SCALE_DOWN[0]},
        "force": {"type": "bool", "default": False},
    },
    required_one_of=[("definitions", "template")],
)
