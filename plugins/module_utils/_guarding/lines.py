# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a look at a release comes to, in a line. Pure functions. Private to this collection."""

from __future__ import annotations

import math

from .._guard.decision import Decision
from .._guard.sentences import counts_text, e_value
from .._guard.state import State
from .._windows.model import Stream
from .._words import Metric, Verdict

_MAIN = Stream(Metric.ERROR_RATE)


def look_line(state: State, decision: Decision) -> str:
    """Return the number of the window, what was counted in it, the evidence, and what follows."""
    parts = [f"window {state.seen}"] if state.seen >= 0 else []
    last = state.last.get(str(_MAIN))
    if last and last.index == state.seen:
        parts.append(counts_text(_MAIN, last.canary))
        if last.stable:
            parts.append(f"of stable {counts_text(_MAIN, last.stable)}")
    elif state.missing:
        parts.append("no data")
    elif not state.windows:
        parts.append("it warms up, or has no users yet")
    strength = max(state.evidence.relative, state.evidence.absolute)
    if strength > math.log(2):
        parts.append(f"evidence {e_value(strength)}")
    said = f"{decision.verdict}: {decision.text}" if decision.verdict is not Verdict.CONTINUE else "continue"
    # What a metric is held or rolled back for says more than that it is worth a look.
    told = {reason.metric for reason in decision.reasons}
    warned = [f"worth a look: {reason.text}" for reason in decision.warnings if reason.metric not in told]
    return ", ".join([*parts, "; ".join([said, *warned])])
