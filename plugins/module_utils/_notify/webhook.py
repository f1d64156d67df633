# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the generic webhook is sent: an event as JSON, signed; see docs/notifications.md. Pure. Private to this collection."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import asdict

from .._types import Obj
from .events import Event, Impact, Reason, Times
from .wording import iso, next_steps, plain_text, title

SCHEMA = "tradesense.delivery/notification/v1"
TIMESTAMP = "X-Tradesense-Timestamp"
SIGNATURE = "X-Tradesense-Signature"
IDEMPOTENCY = "Idempotency-Key"


def body(event: Event) -> Obj:
    """Return an event as plain data; every key is always there, and null when it is not known."""
    return {
        "schema": SCHEMA,
        "key": event.key,
        "event": str(event.occasion),
        "severity": str(event.severity),
        "title": title(event),
        "text": plain_text(event),
        "at": iso(event.at),
        "environment": event.environment or None,
        "cluster": event.cluster or None,
        "namespace": event.namespace or None,
        "release": event.release,
        "service": event.service or None,
        "by": event.by or None,
        "mode": str(event.mode),
        "verdict": str(event.verdict) if event.verdict else None,
        "summary": event.summary or None,
        "new": {
            "version": event.version or None,
            "revision": event.revision or None,
            "hash": event.hash or None,
        },
        "stable": {"version": event.stable_version or None, "hash": event.stable_hash or None},
        "reasons": [_reason(each) for each in event.reasons],
        "impact": _impact(event.impact or Impact()),
        "times": _times(event.times),
        "next": list(next_steps(event)),
    }


def encoded(event: Event) -> bytes:
    """Return the body as it is sent and signed: strict JSON in ASCII, the same bytes for the same event."""
    return json.dumps(body(event), allow_nan=False, separators=(",", ":")).encode()


def signature(secret: str, timestamp: str, sent: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal digits."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + sent, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def headers(event: Event, sent: bytes, now: float, secret: str) -> Mapping[str, str]:
    """Return the headers that belong to a body; without a secret it is not signed.

    Args:
        event: what the body holds.
        sent: the body.
        now: seconds since the epoch. Every attempt is signed anew, or a late one would look like a replay.
        secret: that of the signature; empty: none.
    """
    timestamp = str(int(now))
    signed = {SIGNATURE: signature(secret, timestamp, sent)} if secret else {}
    return {"Content-Type": "application/json", IDEMPOTENCY: event.key, TIMESTAMP: timestamp, **signed}


def _reason(reason: Reason) -> Obj:
    return {
        "text": reason.text,
        "metric": reason.metric or None,
        "value": _finite(reason.value),
        "threshold": _finite(reason.threshold),
        "evidence": _finite(reason.evidence),
    }


def _impact(impact: Impact) -> Obj:
    return {name: _finite(value) for name, value in asdict(impact).items()}


def _times(times: Times) -> Obj:
    return {name: iso(when) if when is not None else None for name, when in asdict(times).items()}


def _finite(value: float | None) -> float | None:
    # JSON has neither NaN nor infinities.
    return value if value is not None and math.isfinite(value) else None
