# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One measurement of Argo Rollouts' analysis: what Prometheus answers becomes a phase."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tests.bench.guard.argo.expressions import Code, Invalid, compiled, kind

Result = float | list[float] | bool | None


class Phase(StrEnum):
    """Phase of a measurement, of a metric and of an analysis run."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"
    INCONCLUSIVE = "Inconclusive"

    @property
    def completed(self) -> bool:
        """Whether nothing can change any more."""
        return self not in (Phase.PENDING, Phase.RUNNING)


@dataclass(frozen=True)
class Measurement:
    """Its phase, the measured value in the controller's spelling, and what went wrong."""

    phase: Phase
    value: str = ""
    message: str = ""


@dataclass(frozen=True)
class Answer:
    """What Prometheus sent: the type of the result, and its values in order (labels are dropped)."""

    type: str
    values: Sequence[float] = ()

    def result(self) -> Result:
        """Return what conditions see: a number of a scalar, a list of a vector or a matrix.

        Raises:
            Invalid: of any other type.
        """
        if self.type == "scalar":
            return self.values[0]
        if self.type in ("vector", "matrix"):
            return list(self.values)
        raise Invalid("Prometheus metric type not supported")


def measure(answer: Callable[[], Answer], success: str, failure: str) -> Measurement:
    """Ask, and judge the answer; a question that fails with `ConnectionError` is a measurement in error."""
    try:
        result = answer().result()
    except (Invalid, ConnectionError) as error:
        return Measurement(Phase.ERROR, message=str(error))
    phase, message = evaluate(result, success, failure)
    return Measurement(phase, spelled(result), message)


def evaluate(result: Result, success: str, failure: str) -> tuple[Phase, str]:
    """Return the phase of a measured result under both conditions (empty: not set), and what went wrong.

    The success condition comes first; an error in either ends it. With both set, a true failure condition decides even when
    the other one is true too, and neither being true is inconclusive.
    """
    held: dict[str, bool] = {}
    for name, condition in (("successCondition", success), ("failureCondition", failure)):
        if condition:
            try:
                held[name] = _holds(_code(condition), result)
            except Invalid as error:
                return Phase.ERROR, _explained(name, error, result)
    return _phase(held.get("successCondition"), held.get("failureCondition")), ""


def spelled(result: Result) -> str:
    """Return a result as the controller writes it: ``10``, ``NaN``, ``+Inf``, ``[10,11]``."""
    if isinstance(result, list):
        return f"[{','.join(spelled(value) for value in result)}]"
    if isinstance(result, bool) or result is None:
        return {True: "true", False: "false", None: "<nil>"}[result]
    if math.isnan(result):
        return "NaN"
    if math.isinf(result):
        return "+Inf" if result > 0 else "-Inf"
    return f"{int(result)}" if result == int(result) else repr(float(result))


# What two conditions come to, where both are set.
_BOTH: Mapping[tuple[bool, bool], Phase] = {
    (True, True): Phase.FAILED,
    (False, True): Phase.FAILED,
    (True, False): Phase.SUCCESSFUL,
    (False, False): Phase.INCONCLUSIVE,
}


def _phase(success: bool | None, failure: bool | None) -> Phase:
    if success is not None and failure is not None:
        return _BOTH[success, failure]
    return Phase.FAILED if success is False or failure is True else Phase.SUCCESSFUL


def _holds(code: Code, result: Result) -> bool:
    value = code(result)
    if not isinstance(value, bool):
        raise Invalid(f"expected bool, but got {kind(value)}")
    return value


def _explained(name: str, error: Invalid, result: Result) -> str:
    if result is None or result == []:
        return f"{name}: metric result is nil or empty: no data returned ({error})"
    return f"{name}: {error}"


@cache
def _code(condition: str) -> Code:
    return compiled(condition)
