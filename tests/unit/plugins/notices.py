# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Events for tests of notifications: the sample of docs/notifications.md among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._notify.events import Event, Impact, Reason, Times
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Occasion, Verdict

AT = 1795774500.0
SAMPLE = Event(
    occasion=Occasion.ROLLBACK,
    release="20261127T101000Z",
    at=AT,
    service="trading-service",
    environment="production",
    cluster="production-1",
    namespace="tradesense-production",
    version="v2.9.0",
    revision="7",
    hash="6c9d8f7b5d",
    stable_version="v2.8.0",
    stable_hash="6f578c88b6",
    by="jane",
    verdict=Verdict.ROLLBACK,
    summary="The new revision fails more requests than stable",
    reasons=(Reason("error rate: 18 % of 300 requests failed, stable 0.33 %", "error_rate", 0.18, 0.0033, 2300.0),),
    impact=Impact(requests=1200, orders=80, excess_errors=96.4, minutes=3.5, pods=4),
    times=Times(started=AT - 300, first_bad=AT - 210, detected=AT - 5, decided=AT),
)


def event(occasion: Occasion = Occasion.ROLLBACK, **changes: Any) -> Event:
    """Return the sample with changes."""
    return replace(SAMPLE, occasion=occasion, **changes)
