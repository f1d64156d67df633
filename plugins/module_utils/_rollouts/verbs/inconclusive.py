# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Analyses of a rollout that came to no verdict, and what the controller makes of them. Pure functions.

Private to this collection.
"""

from __future__ import annotations

from ..._types import Obj
from ..model import CANARY, View

# Name of the analysis -> where the status of the Rollout tells of its present run.
_TOLD_AT = {
    "step": ("canary", "currentStepAnalysisRunStatus"),
    "background": ("canary", "currentBackgroundAnalysisRunStatus"),
    "before promotion": ("blueGreen", "prePromotionAnalysisRunStatus"),
    "after promotion": ("blueGreen", "postPromotionAnalysisRunStatus"),
}


def judging(view: View, phase: str) -> list[str]:
    """Return which of its present analyses are in a phase; a pause for an inconclusive one counts where none tells it."""
    found = [name for name, run in _runs(view).items() if run.get("status") == phase]
    paused = phase == "Inconclusive" and any(reason.startswith("Inconclusive") for reason in view.pause_reasons)
    return found or (["background" if view.strategy == CANARY else "before promotion"] if paused else [])


def run_names(view: View) -> set[str]:
    """Return the names of its present analysis runs."""
    return {str(run.get("name")) for run in _runs(view).values()}


def marches_on(view: View) -> bool:
    """Return whether pauses lie ahead that the controller passes by itself while the background analysis is inconclusive.

    The pause for an inconclusive analysis makes it believe that a pause step was ended by hand: one promotion was seen to go
    through two pauses to full release, with both analyses inconclusive.
    """
    if view.strategy != CANARY or view.step is None:
        return False
    steps = view.raw["spec"]["strategy"]["canary"].get("steps") or []
    return any("pause" in step for step in steps[view.step.index :])


def _runs(view: View) -> dict[str, Obj]:
    status = view.raw.get("status") or {}
    found = {name: (status.get(part) or {}).get(key) or {} for name, (part, key) in _TOLD_AT.items()}
    return {name: run for name, run in found.items() if run}
