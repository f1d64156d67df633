# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""States of rollouts with analysis and experiments, in each way they can end."""

from __future__ import annotations

from typing import Any

from tests.integration.support.beside import State, When, podless
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.moves import both, counts, has_run, ignored, phase, released
from tests.integration.support.objects import PAUSE, analysis, canary, weight
from tests.integration.support.states.blue_greens import GONE, switching

# An analysis template of this name -> the phase in which its runs are for long.
ENDINGS = {"goes-on": "Running", "fails": "Failed", "unsure": "Inconclusive", "breaks": "Error", "passes": "Successful"}
_QUERIES = {
    "goes-on": "vector(0)",
    "fails": "vector(1)",
    "unsure": "vector(0.5)",
    "breaks": "no query",
    "passes": "vector(0)",
}


def around(prometheus: str) -> list[Obj]:
    """Return the analysis templates that the states refer to."""
    return [_template(name, prometheus, query) for name, query in _QUERIES.items()]


def _template(name: str, prometheus: str, query: str) -> Obj:
    metric: Obj = {
        "name": "share",
        "consecutiveErrorLimit": 0,
        "successCondition": "result[0] < 0.2",
        "failureCondition": "result[0] > 0.8",
        "provider": {"prometheus": {"address": prometheus, "query": query}},
        # Measured once and then not for long: while it is compared, nothing changes.
        **({"interval": "1h", "count": 2} if name == "goes-on" else {}),
    }
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": [metric]}}


def stepping(name: str, *steps: Obj, **strategy: Any) -> list[Obj]:
    """Return a canary without a router, with more in its strategy."""
    made = canary(name, *steps)
    made["spec"]["strategy"]["canary"].update(strategy)
    return [made]


def experiment(ending: str) -> Obj:
    """Return a step with an experiment of one pod of each revision."""
    templates = [{"name": ref, "specRef": ref, "replicas": 1} for ref in ("stable", "canary")]
    analyses = [{"name": "judge", "templateName": ending, "requiredForCompletion": True}]
    return {"experiment": {"templates": templates, "analyses": analyses, "scaleDownDelaySeconds": 0}}


def _in_step(ending: str) -> State:
    made = stepping(f"step-{ending}", weight(50), {"analysis": analysis(ending)}, PAUSE)
    return _gated(made, ending, "canary.currentStepAnalysisRunStatus", phase("Paused", "CanaryPauseStep"))


def _in_background(ending: str) -> State:
    made = stepping(f"background-{ending}", weight(50), PAUSE, analysis=analysis(ending))
    return _gated(made, ending, "canary.currentBackgroundAnalysisRunStatus")


def _before_promotion(ending: str) -> State:
    made = switching(f"before-{ending}", prePromotionAnalysis=analysis(ending))
    return _gated(made, ending, "blueGreen.prePromotionAnalysisRunStatus")


def _after_promotion(ending: str) -> State:
    made = switching(f"after-{ending}", auto=True, postPromotionAnalysis=analysis(ending))
    return _gated(made, ending, "blueGreen.postPromotionAnalysisRunStatus")


def _experiment(ending: str) -> State:
    made = stepping(f"experiment-{ending}", weight(50), experiment(ending), PAUSE)
    return _gated(made, ending, "", phase("Paused", "CanaryPauseStep"))


def _experimenting(_: Space, item: Obj) -> bool:
    return bool((item.get("status") or {}).get("canary", {}).get("currentExperiment"))


def _gated(made: list[Obj], ending: str, run: str, passed: When | None = None) -> State:
    """Return the state of a release whose gate ends so.

    Args:
        made: what to create.
        ending: one of ENDINGS.
        run: where the status tells of the analysis run; an experiment is told otherwise.
        passed: where it stands after it passed.
    """
    if ENDINGS[ending] in ("Failed", "Error"):
        is_canary = "canary" in made[-1]["spec"]["strategy"]
        # Whatever got no promotion has no pods any more.
        differs = podless({"v1": ["stable"]}, v2=["canary"]) if is_canary else GONE
        until = both(phase("Degraded", "RolloutAborted"), counts(replicas=2))
        return State(made, until, (released("v2"),), differs)
    if ending == "passes" and passed:
        return State(made, passed, (released("v2"),))
    until = has_run(ENDINGS[ending], run) if run else _experimenting
    if ending == "unsure":
        until = both(phase("Paused"), until) if run else phase("Paused", "InconclusiveExperiment")
        # In two of these states the controller never rests: it takes turns at two conditions that contradict each other,
        # or makes one inconclusive experiment after the other.
        return State(made, until, (released("v2"), (until, ignored())))
    return State(made, until, (released("v2"),))


_DIFFERENT = [ending for ending in ENDINGS if ending != "passes"]
CANARY = [
    *(_in_step(ending) for ending in ENDINGS),
    *(_in_background(ending) for ending in _DIFFERENT),
    *(_experiment(ending) for ending in ENDINGS),
]
BLUE_GREEN = [make(ending) for make in (_before_promotion, _after_promotion) for ending in _DIFFERENT]
