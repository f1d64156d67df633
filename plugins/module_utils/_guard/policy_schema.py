# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every key of `tradesense_guard_policy`, with its kind and default. Private to this collection.

Defaults are complete: an empty policy is a good one. Shares are from 0 to 1, durations like 30s or 10m; a threshold that is false
is off.
"""

from __future__ import annotations

from .._catalog.kinds import Key, Kind, choice, list_of, section, switch, text
from .._catalog.problems import Place
from .._catalog.values import COUNT, DURATION, POSITIVE
from .._words import Metric, Mode

POLICY = "tradesense_guard_policy"
ROLLBACK, HOLD, WARN = "rollback", "hold", "warn"
OPEN, STRICT = "open", "strict"


def within(low: float, high: float) -> Kind:
    """Return the kind of numbers within limits, both included."""
    accepts = f"a number from {low:g} to {high:g}"

    def read(value: object, place: Place) -> object:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        place.refuse(value, accepts)
        return low

    return Kind(accepts, read)


def or_off(kind: Kind) -> Kind:
    """Return the kind that also takes false, for a threshold that is not wanted."""
    return Kind(f"{kind.accepts}, or false", lambda value, place: False if value is False else kind.read(value, place))


ALPHA = within(1e-6, 0.5)
SHARE = within(1e-6, 0.9)
SHARE_LIMIT = or_off(SHARE)
SUCCESS = or_off(within(0.1, 0.999999))
FACTOR = within(1, 100)
BURSTINESS = within(1, 10)
WEIGHT = within(0, 1)
BOUND = within(1e-6, 1e6)
LIMIT = or_off(BOUND)
EFFECT = within(1.01, 1000)
SERIES = text("the name of a series", r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = text("the name of a label", r"[a-zA-Z_][a-zA-Z0-9_]*")
_MATCHER = r'[a-zA-Z_][a-zA-Z0-9_]*(?:=|!=|=~|!~)"(?:[^"\\\n]|\\.)*"'
MATCHERS = text("""matchers without braces, such as status=~"5..\"""", rf"{_MATCHER}(,\s*{_MATCHER})*")


_EVIDENCE = section(
    {
        # Probabilities, over a whole release, of a hold and of a rollback that was not called for.
        "hold": Key(ALPHA, 0.05),
        "rollback": Key(ALPHA, 0.01),
        # A hold ends when the evidence was below this for so many windows.
        "resume_below": Key(within(1, 1000), 10),
        "resume_windows": Key(POSITIVE, 4),
        "effects": Key(list_of(EFFECT), [1.25, 1.5, 2, 3, 5, 8, 13, 21, 34]),
        "start_every_windows": Key(POSITIVE, 10),
        "planned": Key(DURATION, "30m"),
        "burstiness": Key(BURSTINESS, 1.5),
    }
)
_ABSOLUTE = section(
    {
        # Whether thresholds alone roll back while stable, which serves at the same time, is well.
        "rollback": Key(switch(), False),
        # So many windows in a row over a critical threshold count as proof; 0: the rule is off. A window is over the
        # threshold only with at least so many failures.
        "consecutive_windows": Key(COUNT, 3),
        "consecutive_failures": Key(POSITIVE, 5),
    }
)
_NO_DATA = section({"hold_after_windows": Key(POSITIVE, 4), "page_after": Key(DURATION, "10m")})
_CERTIFY = section(
    {
        "margin": Key(within(1.1, 100), 2),
        "alpha": Key(ALPHA, 0.05),
        "metrics": Key(list_of(choice(*Metric)), [Metric.ERROR_RATE.value]),
    }
)
_BURN_WINDOW = section(
    {
        "factor": Key(within(0.1, 1000)),
        "long": Key(DURATION),
        "short": Key(DURATION),
        "action": Key(choice(ROLLBACK, HOLD, WARN), ROLLBACK),
    }
)
_BURN_RATE = section(
    {
        "objective": Key(within(0.5, 0.99999), 0.995),
        "windows": Key(
            list_of(_BURN_WINDOW),
            [
                {"factor": 14.4, "long": "1h", "short": "5m"},
                {"factor": 6, "long": "6h", "short": "30m"},
                {"factor": 1, "long": "72h", "short": "6h", "action": WARN},
            ],
        ),
    }
)
_VERIFY = section(
    {
        "windows": Key(POSITIVE, 4),
        "requests": Key(COUNT, 50),
        "traffic_timeout": Key(DURATION, "2m"),
        "pods_timeout": Key(DURATION, "10m"),
        "metrics_timeout": Key(DURATION, "10m"),
    }
)
_ROLLBACK = section(
    {
        "cooldown": Key(DURATION, "10m"),
        "limit": Key(POSITIVE, 2),
        "period": Key(DURATION, "24h"),
        "max_target_age": Key(DURATION, "720h"),
        # Share of its pods that stable must have available.
        "available": Key(within(0, 1), 0.9),
        # Whether a freeze stops rollbacks too.
        "freeze": Key(choice(OPEN, STRICT), OPEN),
    }
)
_LABELS = section(
    {
        "namespace": Key(LABEL, "namespace"),
        "service": Key(LABEL, "service"),
        "hash": Key(LABEL, "rollouts_pod_template_hash"),
        "pod": Key(LABEL, "pod"),
    }
)


def _metric(series: str, weight: float, margin: float, *, required: bool = False) -> dict[str, Key]:
    """Return the keys that every metric with failures has."""
    return {
        "enabled": Key(switch(), True),
        "series": Key(SERIES, series),
        # Share in the evidence; 0: not compared with stable.
        "weight": Key(WEIGHT, weight),
        # How many times the odds of stable are still as good as stable.
        "margin": Key(FACTOR, margin),
        # Nothing: that of the whole policy.
        "burstiness": Key(BURSTINESS, None),
        # Whether a window without it counts as missing.
        "required": Key(switch(), required),
    }


def _slower(
    series: str, weight: float, bounds: list[float], share: float, warning: float, critical: float | None
) -> Kind:
    return section(
        {
            **_metric(series, weight, 1.2),
            # Seconds at which revisions are compared.
            "bounds": Key(list_of(BOUND), bounds),
            # What share may be slower than the thresholds below: .01 for a 99th percentile.
            "share": Key(SHARE, share),
            "warning": Key(LIMIT, warning),
            "critical": Key(LIMIT, critical),
        }
    )


METRICS: dict[str, Kind] = {
    Metric.ERROR_RATE.value: section(
        {
            **_metric("http_requests_total", 0.30, 1.2, required=True),
            "failed": Key(MATCHERS, 'status=~"5.."'),
            "warning": Key(SHARE_LIMIT, 0.02),
            "critical": Key(SHARE_LIMIT, 0.05),
        }
    ),
    Metric.RESPONSE_TIME.value: _slower(
        "http_request_duration_seconds", 0.20, [0.1, 0.5, 1, 2.5, 5], 0.01, warning=2, critical=5
    ),
    Metric.REQUEST_RATE.value: section(
        {
            "enabled": Key(switch(), True),
            "series": Key(SERIES, "http_requests_total"),
            # Requests of one connection go the same way.
            "burstiness": Key(BURSTINESS, 10),
        }
    ),
    Metric.ORDER_SUCCESS.value: section(
        {
            **_metric("trading_orders_total", 0.25, 1.1),
            "failed": Key(MATCHERS, 'status!="success"'),
            # The least share that must succeed.
            "warning": Key(SUCCESS, None),
            "critical": Key(SUCCESS, 0.95),
        }
    ),
    Metric.POSITION_LATENCY.value: _slower(
        "position_update_duration_seconds", 0.10, [0.25, 1], 0.05, warning=1, critical=None
    ),
    Metric.RISK_FAILURES.value: section(
        {
            **_metric("risk_check_failures_total", 0.15, 1.1),
            "exposure": Key(SERIES, "trading_orders_total"),
            # Failures a minute of all pods of a revision.
            "warning": Key(LIMIT, None),
            "critical": Key(LIMIT, 10),
        }
    ),
}

KEYS: dict[str, Key] = {
    "mode": Key(choice(*Mode), Mode.ENFORCE.value),
    "window": Key(DURATION, "30s"),
    # Until Prometheus certainly has what happened: a scrape and a bit.
    "delay": Key(DURATION, "15s"),
    # How old the last scrape before a window may be for counting to go on from there.
    "staleness": Key(DURATION, "60s"),
    "warm_up": Key(DURATION, "60s"),
    "bake": Key(DURATION, "30m"),
    # Requests that a revision must have served before it may be promoted without a certificate.
    "min_requests": Key(POSITIVE, 300),
    "evidence": Key(_EVIDENCE, {}),
    "absolute": Key(_ABSOLUTE, {}),
    "no_data": Key(_NO_DATA, {}),
    "certify": Key(_CERTIFY, {}),
    # Restarts of a new pod, while stable's do not restart, that mean rollback.
    "pods": Key(section({"restarts": Key(POSITIVE, 3)}), {}),
    "burn_rate": Key(_BURN_RATE, {}),
    "verify": Key(_VERIFY, {}),
    "rollback": Key(_ROLLBACK, {}),
    "labels": Key(_LABELS, {}),
    "metrics": Key(section({name: Key(kind, {}) for name, kind in METRICS.items()}), {}),
}

SHAPE: Kind = section(KEYS)
