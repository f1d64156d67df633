# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard tells while it works, and that nobody who does not listen keeps it from working."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from tests.integration.support.cluster import Space
from tests.integration.support.guarding import NAME, Guarding, begin
from tests.integration.support.sandbox import Sandbox
from tests.unit.plugins.fake_prometheus import Said
from tests.unit.plugins.fake_receiver import fake_receiver

SECRET = "s3cret-of-the-webhook"
PATH = "/services/T000/B000/very-secret"


def test_a_rollback_is_told_once_and_waits_for_nobody(space: Space, sandbox: Sandbox) -> None:
    """Slack takes the connection and never answers; the webhook gets every event once, signed."""
    _stable, canary = begin(space, "v2-errors20")
    with fake_receiver() as hanging, fake_receiver() as receiver:
        hanging.standing[PATH] = Said(b"", wait=60)
        options: dict[str, Any] = {
            "slack_webhook_url": f"{hanging.address}{PATH}",
            "webhook_url": f"{receiver.address}/hook",
            "webhook_secret": SECRET,
            "environment": "sandbox",
            "trading": [NAME],
        }
        with Guarding(space, sandbox.prometheus, **options) as guard:
            result = guard.result(seconds=90)
        entry = result["rollouts"][NAME]
        assert (entry["stage"], entry["hash"]) == ("recovered", canary), guard.text
        assert entry["rollback"]["seconds"] < 3
        told = [got.json for got in receiver.got]
        events = [one["event"] for one in told]
        assert events[0] == "started"
        assert events[-2:] == ["rollback", "recovery"]
        assert len({one["key"] for one in told}) == len(told)
        assert all(one["environment"] == "sandbox" and one["service"] == NAME for one in told)
        assert hanging.got, "Slack was asked"
        assert guard.said("webhook was not told of rollback"), guard.text
        for got in receiver.got:
            stamp = got.headers["X-Tradesense-Timestamp"]
            signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + got.body, hashlib.sha256).hexdigest()
            assert got.headers["X-Tradesense-Signature"] == f"v1={signed}"
        kept = str(space.get("ConfigMap", f"{NAME}-guard")["data"])
        for text in (guard.text, str(result), kept):
            assert "very-secret" not in text
            assert SECRET not in text

        # The next guard knows what was told, and has nothing to add.
        with Guarding(space, sandbox.prometheus, **options) as again:
            again.result()
        assert len(receiver.got) == len(told)
