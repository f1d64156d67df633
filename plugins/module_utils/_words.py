# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The words that users meet in policies, results and reports. Private: other collections must not import it.

They are public in the sense that playbooks and dashboards compare with them, so they stand in one place and do not change.
"""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a look at a release comes to."""

    CONTINUE = "continue"
    HOLD = "hold"
    ROLLBACK = "rollback"
    INCONCLUSIVE = "inconclusive"


class Metric(StrEnum):
    """What the guard measures of each revision."""

    ERROR_RATE = "error_rate"
    RESPONSE_TIME = "response_time_p99"
    REQUEST_RATE = "request_rate"
    ORDER_SUCCESS = "order_success"
    POSITION_LATENCY = "position_update_latency"
    RISK_FAILURES = "risk_check_failures"


class Mode(StrEnum):
    """What the guard may do by itself: all of it, pause a release at most, or nothing but tell."""

    ENFORCE = "enforce"
    HOLD_ONLY = "hold_only"
    DRY_RUN = "dry_run"


class Stage(StrEnum):
    """Where a watched release stands, from the first window to the end."""

    WARMUP = "warmup"
    OBSERVING = "observing"
    HOLDING = "holding"
    BAKING = "baking"
    PREFLIGHT = "preflight"
    ROLLING_BACK = "rolling_back"
    VERIFYING = "verifying"
    RECOVERED = "recovered"
    INEFFECTIVE = "ineffective"
    BLOCKED = "blocked"
    DONE = "done"


class Recovery(StrEnum):
    """What became of a rollback."""

    RECOVERED = "recovered"
    INEFFECTIVE = "ineffective"
    WAITING = "waiting"


class Occasion(StrEnum):
    """What a notification is about."""

    STARTED = "started"
    WARNING = "warning"
    HOLD = "hold"
    ROLLBACK = "rollback"
    RECOVERY = "recovery"
    INEFFECTIVE = "ineffective"
    ERROR = "error"
    FINISHED = "finished"


class Severity(StrEnum):
    """How urgent a notification is, in ascending order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
