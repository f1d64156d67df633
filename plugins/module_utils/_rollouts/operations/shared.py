# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on workloads share: from a call to a verb, and from what came of it to a result.

Private to this collection.
"""

from __future__ import annotations

from typing import Any

from ... import _argspec
from ..._errors import DeliveryError
from ..._kube.client import Kube
from ..._kube.credentials import Credentials
from ..._operation import ArgumentSpec, Call, Operation, Result
from ..choice import Choice, Need
from ..engine import Progress, carry_out
from ..model import View
from ..moves import Guards, Verb
from ..report.data import entry_of


def connect(call: Call, seconds: float | None = None) -> Kube:
    """Return a connection with the task's credentials; `seconds` is how long the task may take."""
    return Kube(Credentials.from_params(call.params), dry_run=call.check_mode, warn=call.warn, seconds=seconds)


def guards_of(params: dict[str, Any]) -> Guards:
    """Return what the caller approved."""
    return Guards(params["expected_revision"], params["expected_hash"], params["expected_step"])


def run_verb(call: Call, verb: Verb, need: Need, *, deployments: bool = True) -> Result:
    """Carry a verb out on the chosen workloads and return the task's result.

    Args:
        call: from the door.
        verb: decides.
        need: what it looks at.
        deployments: whether Deployments have this verb; labels then choose them too.

    Raises:
        DeliveryError: it failed for at least one of them; the error's result holds them all.
    """
    timeout = call.params["timeout"]
    choice = Choice.from_params(call.params, deployments=deployments)
    with connect(call, timeout) as kube:
        works = carry_out(kube, call.params["namespace"], choice, verb, need=need, timeout=timeout, say=call.say)
    result: Result = {
        "changed": any(work.changed for work in works),
        "rollouts": {work.name: _entry(work) for work in works},
        "msg": "; ".join(f"{work.name}: {work.text}" for work in works if not work.error) + ".",
    }
    failed = [work for work in works if work.error]
    if call.diff_mode:
        result["diff"] = [_diff(work) for work in works if work.changed]
    if failed:
        raise _failure(failed, result)
    return result


def operation(run: Any, options: ArgumentSpec, *, timeout: int, **rules: Any) -> Operation:
    """Return an operation on chosen workloads that waits for the controller.

    Args:
        run: does it.
        options: its own options.
        timeout: default of the option of that name, in seconds.
        rules: rules between its own options, named as in `Operation`.
    """
    return Operation(
        run,
        {**_argspec.connection(), **_argspec.selection(), **_argspec.waiting(timeout), **options},
        mutually_exclusive=[*_argspec.ONE_SELECTION, *rules.pop("mutually_exclusive", [])],
        required_one_of=[*_argspec.ONE_SELECTION, *rules.pop("required_one_of", [])],
        **rules,
    )


def _entry(work: Progress) -> Result:
    entry = {**entry_of(work.now), "changed": work.changed, "result": work.text}
    if work.error:
        entry["error"] = work.error.sentence()
    return entry


def _diff(work: Progress) -> Result:
    return {
        "before": f"{_summary(work.before)}\n",
        "after": f"{work.text or _summary(work.now)}\n",
        "before_header": work.name,
        "after_header": work.name,
    }


def _summary(view: View) -> str:
    return f"revision {view.revision}, {view.phase.name} {view.phase.message}".rstrip()


def _failure(failed: list[Progress], result: Result) -> DeliveryError:
    # The same error may have ended several.
    errors = list(dict.fromkeys(work.error for work in failed if work.error))
    first = errors[0]
    if len(errors) == 1:
        return DeliveryError(first.msg, reason=first.reason, hint=first.hint, where=first.where, result=result)
    text = " ".join(error.sentence() for error in errors)
    return DeliveryError(text.rstrip("."), reason=first.reason, result=result)
