# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a task says of its analysis run. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection

from .._errors import DeliveryError
from .._operation import Result
from .._types import Obj
from .building import INSTANCE_ID
from .limits import shortest
from .lines import last_measured
from .state import TERMINATED, VERDICTS, lacking, metrics_of, phase_of, why

_HINTS = {
    "Failed": "the measurements are in run.metrics; what they measured is not good enough to go on with",
    "Error": "check that the controller reaches the address of the metric's provider, and the query",
    "Inconclusive": "there was no data, or a value that is neither good nor bad: measure again, or let a person decide",
}


def sentence(name: str, item: Obj, *, created: bool = False, check_mode: bool = False) -> str:
    """Return the message of a task that did not fail."""
    phase = phase_of(item)
    if created:
        return f"analysis run {name} {'would be created' if check_mode else 'was created'}."
    if phase in ("Failed", "Error", "Inconclusive"):
        return f"{why(item)}."
    measured = last_measured(item)
    return f"analysis run {name} is {phase}{f': {measured}' if measured else ''}."


def failure_of(name: str, item: Obj, accept: Collection[str], *, where: str, result: Result) -> DeliveryError | None:
    """Return the error of a run that is over and has no accepted phase, None when it has one."""
    phase = phase_of(item)
    if phase in accept:
        return None
    if phase not in VERDICTS:
        return DeliveryError(
            f"analysis run {name} was terminated before it came to a verdict",
            reason=TERMINATED,
            hint="run it again under another name, or find out who terminated it",
            where=where,
            result=result,
        )
    if phase == "Successful":
        text, hint = sentence(name, item).rstrip("."), f"accept names {', '.join(accept)}"
    else:
        text, hint = why(item), _HINTS[phase]
    return DeliveryError(text, reason=f"Analysis{phase}", hint=hint, where=where, result=result)


def timeout_of(name: str, item: Obj, timeout: float, note: str, *, where: str, result: Result) -> DeliveryError:
    """Return the error of a run that did not end in time; `note` says what became of it."""
    if not item.get("status"):
        instance = (item["metadata"].get("labels") or {}).get(INSTANCE_ID)
        told = f"with --instance-id {instance}" if instance else "without --instance-id (see the option instance_id)"
        return DeliveryError(
            f"the controller did not react to analysis run {name} within {timeout:g} s; {note}",
            reason="Timeout",
            hint=f"is argo-rollouts running, {told}?",
            where=where,
            result=result,
        )
    longest = max((shortest(pair[0]) for pair in metrics_of(item)), default=0.0)
    return DeliveryError(
        f"analysis run {name} has no verdict after {timeout:g} s: {'; '.join(lacking(item))}; {note}",
        reason="Timeout",
        hint=f"raise timeout, the analysis takes {longest:g} s at least"
        if longest > timeout
        else "look at what its metrics lack, or raise timeout",
        where=where,
        result=result,
    )
