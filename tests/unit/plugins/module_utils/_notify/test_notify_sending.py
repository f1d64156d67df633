# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Delivery, against a FAKE of Slack and of a webhook's receiver that really listens."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._notify import posting
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.channels import (
    Channel,
    Post,
    SlackApp,
    SlackWebhook,
    Webhook,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.events import Event
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.memory import Memory, from_plain
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.policy import Admission, Rules
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.secret import Secret
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.sender import Fate, Limits, Outcome, Sender
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Mode, Occasion, Severity

from tests.integration.support.servers import closed_port
from tests.unit.plugins.fake_prometheus import Said
from tests.unit.plugins.fake_receiver import FakeReceiver, fake_receiver
from tests.unit.plugins.notices import AT, SAMPLE, event

QUICK = Limits(request=2.0, event=5.0, rest=0.2)
KEY = "a-secret-of-a-test"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_FIRST", 0.02)


def webhook(fake: FakeReceiver, path: str = "/hook/swordfish", **given: Any) -> Webhook:
    """Return a webhook that leads to the fake."""
    return Webhook(Secret(f"{fake.address}{path}"), Secret(KEY), local=True, **given)


def app(fake: FakeReceiver, **given: Any) -> SlackApp:
    """Return Slack by a token, whose API is the fake."""
    return SlackApp(Secret("xoxb-1-swordfish"), "releases", f"{fake.address}/api", local=True, **given)


def told(
    channels: Iterable[Channel], *events: Event, state: Any = None, limits: Limits = QUICK
) -> tuple[Sender, tuple[Outcome, ...]]:
    """Tell events and return the sender, closed, with the outcomes."""
    sender = Sender(channels, from_plain(state), limits=limits)
    for each in events:
        sender.submit(each)
    return sender, sender.close(10.0)


def fates(outcomes: Iterable[Outcome]) -> list[Fate]:
    """Return what became of each."""
    return [outcome.fate for outcome in outcomes]


# The generic webhook.


def test_a_webhook_gets_signed_json() -> None:
    with fake_receiver() as fake:
        sender, outcomes = told([webhook(fake, token=Secret("token-of-a-test"))], SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED]
    [got] = fake.got
    assert got.json["key"] == SAMPLE.key
    stamp = got.headers["X-Tradesense-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    signed = hmac.new(KEY.encode(), stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Tradesense-Signature"] == f"v1={signed}"
    assert got.headers["Idempotency-Key"] == SAMPLE.key
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["User-Agent"] == "tradesense.delivery"
    assert got.headers["Authorization"] == "Bearer token-of-a-test"
    assert list(sender.state()["channels"]["webhook"]["told"]) == [SAMPLE.key]


@pytest.mark.parametrize("first", [Said(status=503), Said(status=500), Said(status=429), Said(cut="before")])
def test_what_was_not_served_is_sent_again_with_the_same_key(first: Said) -> None:
    with fake_receiver() as fake:
        fake.say(first, replace(first))
        _, outcomes = told([webhook(fake)], SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED]
    assert len(fake.got) == 3
    assert {got.headers["Idempotency-Key"] for got in fake.got} == {SAMPLE.key}
    assert len({got.body for got in fake.got}) == 1


def test_every_attempt_is_signed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_FIRST", 1.5)
    with fake_receiver() as fake:
        fake.say(Said(status=503))
        told([webhook(fake)], SAMPLE)
    assert len({got.headers["X-Tradesense-Signature"] for got in fake.got}) == 2


def test_retry_after_is_honoured() -> None:
    with fake_receiver() as fake:
        fake.say(Said(status=429, headers={"Retry-After": "1"}))
        begun = time.monotonic()
        _, outcomes = told([webhook(fake)], SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED]
    assert time.monotonic() - begun >= 1.0


def test_a_retry_after_beyond_the_time_ends_it_at_once() -> None:
    with fake_receiver() as fake:
        fake.say(Said(status=429, headers={"Retry-After": "3600"}))
        begun = time.monotonic()
        _, [outcome] = told([webhook(fake)], SAMPLE)
    assert time.monotonic() - begun < 3
    assert outcome.fate is Fate.FAILED
    assert "it answers 429: too many requests (one attempt, and it asks to be left alone for 3600 s)" in outcome.text
    assert len(fake.got) == 1


def test_attempts_end_with_the_time_for_an_event() -> None:
    with fake_receiver() as fake:
        fake.say(*[Said(status=503) for _ in range(500)])
        begun = time.monotonic()
        _, [outcome] = told([webhook(fake)], SAMPLE, limits=Limits(request=1.0, event=1.0))
        passed = time.monotonic() - begun
    assert outcome.fate is Fate.FAILED
    assert passed < 4
    assert len(fake.got) > 2
    assert f"({len(fake.got)} attempts)" in outcome.text


@pytest.mark.parametrize("code", [301, 400, 401, 403, 404, 410, 501])
def test_what_is_refused_is_not_sent_again(code: int) -> None:
    with fake_receiver() as fake:
        fake.say(Said(b"swordfish", status=code))
        sender, [outcome] = told([webhook(fake)], SAMPLE)
    assert outcome.fate is Fate.FAILED
    assert f"the webhook was not told of rollback ({SAMPLE.key}): it answers" in outcome.text
    assert len(fake.got) == 1
    assert sender.state()["channels"]["webhook"]["told"] == {}


def test_a_redirect_is_not_followed() -> None:
    with fake_receiver() as other, fake_receiver() as fake:
        fake.say(Said(status=307, headers={"Location": f"{other.address}/elsewhere"}))
        _, [outcome] = told([webhook(fake, token=Secret("token-of-a-test"))], SAMPLE)
    assert "it answers with a redirect (307), which is not followed" in outcome.text
    assert other.got == []


def test_nobody_listens() -> None:
    channel = Webhook(Secret(f"http://127.0.0.1:{closed_port()}/swordfish"), local=True)
    _, [outcome] = told([channel], SAMPLE, limits=Limits(request=1.0, event=0.3))
    assert outcome.fate is Fate.FAILED
    assert "nobody listens there" in outcome.text


def test_a_receiver_that_hangs_is_not_waited_for_longer_than_its_time() -> None:
    with fake_receiver() as fake:
        fake.say(*[Said(wait=60) for _ in range(9)])
        begun = time.monotonic()
        _, [outcome] = told([webhook(fake)], SAMPLE, limits=Limits(request=0.5, event=0.6))
        assert time.monotonic() - begun < 5
    assert outcome.fate is Fate.FAILED
    assert "it did not answer in time" in outcome.text


def test_an_answer_that_drips_is_not_waited_for() -> None:
    with fake_receiver() as fake:
        # Of a good answer the body does not matter; of a bad one it is read for a while.
        fake.say(Said(b"ok", cut="drip"), Said(b"x" * 10, status=400, cut="drip"))
        begun = time.monotonic()
        _, outcomes = told([webhook(fake)], SAMPLE, event(Occasion.HOLD), limits=Limits(request=0.5, event=1.0))
        assert time.monotonic() - begun < 8
    assert fates(outcomes) == [Fate.DELIVERED, Fate.FAILED]


def test_neither_proxies_nor_netrc_have_to_do_with_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jane password swordfish\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with fake_receiver() as fake:
        _, outcomes = told([webhook(fake)], SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED]
    assert fake.got[0].headers["Authorization"] is None


# Slack.


def test_slacks_message_is_edited_and_its_story_is_in_the_thread() -> None:
    events = [event(occasion) for occasion in (Occasion.STARTED, Occasion.HOLD, Occasion.ROLLBACK, Occasion.RECOVERY)]
    with fake_receiver() as fake:
        sender, outcomes = told([app(fake)], *events)
    assert fates(outcomes) == [Fate.DELIVERED] * 4
    post, update = "/api/chat.postMessage", "/api/chat.update"
    assert fake.paths == [post, update, post, update, post, update, post]
    first = fake.got[0]
    assert first.json["channel"] == "releases"
    assert "thread_ts" not in first.json
    assert first.headers["Authorization"] == "Bearer xoxb-1-swordfish"
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    for got in fake.got[1::2]:
        assert (got.json["channel"], got.json["ts"]) == ("C0FAKE", "1795774500.000000")
    for got in fake.got[2::2]:
        assert (got.json["channel"], got.json["thread_ts"]) == ("C0FAKE", "1795774500.000000")
    # An edit calls nobody: what is critical is shown in the channel too.
    assert [got.json.get("reply_broadcast", False) for got in fake.got[2::2]] == [False, True, False]
    assert fake.messages["1795774500.000000"]["text"].startswith("✅ production: trading-service has recovered")
    assert sender.state()["channels"]["slack"]["threads"] == {SAMPLE.subject: ["C0FAKE", "1795774500.000000"]}


def test_services_have_messages_of_their_own() -> None:
    with fake_receiver() as fake:
        told([app(fake)], event(), event(service="api-gateway"), event(cluster="production-2"))
    assert fake.paths == ["/api/chat.postMessage"] * 3


def test_a_message_that_is_gone_is_written_anew() -> None:
    with fake_receiver() as fake:
        sender, _ = told([app(fake)], event(Occasion.STARTED))
        fake.messages.clear()
        fake.messages["1795774000.000000"] = {}
        sender, outcomes = told([app(fake)], SAMPLE, state=sender.state())
    assert fates(outcomes) == [Fate.DELIVERED]
    assert fake.paths == ["/api/chat.postMessage", "/api/chat.update", "/api/chat.postMessage"]
    assert "thread_ts" not in fake.got[-1].json
    assert sender.state()["channels"]["slack"]["threads"] == {SAMPLE.subject: ["C0FAKE", "1795774500.000001"]}


def test_blocks_that_do_not_please_are_left_out() -> None:
    with fake_receiver() as fake:
        fake.say(Said({"ok": False, "error": "msg_blocks_too_long"}))
        _, outcomes = told([app(fake)], SAMPLE)
        fake.say(Said(b"invalid_blocks", status=400))
        _, more = told([SlackWebhook(Secret(f"{fake.address}/services/T/B/swordfish"), local=True)], SAMPLE)
    assert fates([*outcomes, *more]) == [Fate.DELIVERED] * 2
    assert ["blocks" in got.json for got in fake.got] == [True, False, True, False]
    assert fake.got[1].json["text"] == fake.got[0].json["text"]


def test_slack_is_busy_with_status_200() -> None:
    with fake_receiver() as fake:
        fake.say(Said({"ok": False, "error": "internal_error"}), Said({"ok": False, "error": "ratelimited"}, 429))
        _, outcomes = told([app(fake)], SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED]
    assert len(fake.got) == 3


def test_an_answer_in_the_thread_that_fails_is_made_up_for_with_the_edit_before_it() -> None:
    with fake_receiver() as fake:
        sender, _ = told([app(fake)], event(Occasion.STARTED))
        fake.say(Said({"ok": True}), Said({"ok": False, "error": "restricted_action"}))
        failed, [outcome] = told([app(fake)], SAMPLE, state=sender.state())
        assert outcome.fate is Fate.FAILED
        assert "Slack says restricted_action" in outcome.text
        _, outcomes = told([app(fake)], SAMPLE, state=failed.state())
    assert fates(outcomes) == [Fate.DELIVERED]
    assert fake.paths[-2:] == ["/api/chat.update", "/api/chat.postMessage"]


def test_an_incoming_webhook_gets_a_message_for_each_event() -> None:
    channel: Channel
    with fake_receiver() as fake:
        channel = SlackWebhook(Secret(f"{fake.address}/services/T0/B0/swordfish"), local=True)
        _, outcomes = told([channel], event(Occasion.STARTED), SAMPLE)
    assert fates(outcomes) == [Fate.DELIVERED] * 2
    assert fake.paths == ["/services/T0/B0/swordfish"] * 2
    assert all(got.json["blocks"] and got.json["text"] for got in fake.got)


# The sender.


def test_nothing_is_told_twice_and_not_after_a_restart_either() -> None:
    with fake_receiver() as fake:
        channels: list[Channel] = [app(fake), webhook(fake)]
        sender = Sender(channels, {}, limits=QUICK)
        for look in range(20):
            sender.submit(event(at=AT + 30 * look))
        assert fates(sender.close(10)) == [Fate.DELIVERED] * 2
        # The state goes through JSON, as it would in a ConfigMap.
        state = json.loads(json.dumps(sender.state()))
        again = Sender(channels, from_plain(state), limits=QUICK)
        assert again.submit(SAMPLE) == {"slack": Admission.KNOWN, "webhook": Admission.KNOWN}
        assert again.submit(event(Occasion.RECOVERY)) == {"slack": Admission.SEND, "webhook": Admission.SEND}
        again.close(10)
    assert fake.paths.count("/hook/swordfish") == 2
    assert fake.paths.count("/api/chat.postMessage") == 2
    assert fake.paths.count("/api/chat.update") == 1


def test_submitting_waits_for_nothing_and_one_channel_does_not_hinder_another() -> None:
    with fake_receiver() as hanging, fake_receiver() as fake:
        hanging.say(*[Said(wait=60) for _ in range(9)])
        sender = Sender([webhook(hanging), app(fake)], {}, limits=Limits(request=30, event=30))
        begun = time.monotonic()
        for occasion in (Occasion.STARTED, Occasion.HOLD, Occasion.ROLLBACK):
            sender.submit(event(occasion))
        assert time.monotonic() - begun < 1.0
        until = time.monotonic() + 10
        delivered: list[Outcome] = []
        while len(delivered) < 3 and time.monotonic() < until:
            delivered += sender.outcomes()
            time.sleep(0.01)
        assert [(each.channel, each.fate) for each in delivered] == [("slack", Fate.DELIVERED)] * 3
        begun = time.monotonic()
        left = sender.close(0.3)
        assert time.monotonic() - begun < 2.0
    assert fates(left) == [Fate.UNDELIVERED] * 3
    assert {each.key for each in left} == {
        event(occasion).key for occasion in (Occasion.STARTED, Occasion.HOLD, Occasion.ROLLBACK)
    }
    assert sum("may yet have arrived" in each.text for each in left) == 1
    assert sum("there was no time left" in each.text for each in left) == 2
    assert sender.state()["channels"]["webhook"]["told"] == {}


def test_after_the_end_nothing_is_begun_any_more() -> None:
    with fake_receiver() as fake:
        fake.say(*[Said(status=503, headers={"Retry-After": "20"}) for _ in range(99)])
        sender = Sender([webhook(fake)], {}, limits=Limits(request=1, event=60))
        sender.submit(SAMPLE)
        sender.submit(event(Occasion.HOLD))
        until = time.monotonic() + 5
        while not fake.got and time.monotonic() < until:
            time.sleep(0.01)
        # Time for the answer, so that it waits to try again.
        time.sleep(0.3)
        assert fates(sender.close(0.1)) == [Fate.UNDELIVERED] * 2
        time.sleep(0.5)
        assert len(fake.got) == 1
        assert sender.submit(event(Occasion.ERROR)) == {"webhook": Admission.SEND}
        [late] = sender.outcomes()
        assert (late.fate, "it came after the end" in late.text) == (Fate.UNDELIVERED, True)


def test_what_could_not_be_told_is_tried_again_later() -> None:
    with fake_receiver() as fake:
        fake.say(*[Said(status=503, headers={"Retry-After": "1"}) for _ in range(2)])
        sender = Sender([webhook(fake)], {}, limits=Limits(request=1, event=0.5, rest=0.2))
        sender.submit(SAMPLE)
        found: list[Outcome] = []
        until = time.monotonic() + 15
        while Fate.DELIVERED not in fates(found) and time.monotonic() < until:
            assert sender.submit(SAMPLE) in ({"webhook": Admission.SEND}, {"webhook": Admission.KNOWN})
            found += sender.outcomes()
            time.sleep(0.02)
        assert sender.submit(SAMPLE) == {"webhook": Admission.KNOWN}
        assert sender.close(5) == ()
    assert fates(found) == [Fate.FAILED, Fate.FAILED, Fate.DELIVERED]
    assert "it is tried again in" in found[0].text
    assert len(fake.got) == 3


def test_what_rests_at_the_end_is_told_to_be_undelivered() -> None:
    with fake_receiver() as fake:
        fake.say(Said(status=503, headers={"Retry-After": "900"}))
        sender = Sender([webhook(fake)], {}, limits=QUICK)
        sender.submit(SAMPLE)
        found: list[Outcome] = []
        until = time.monotonic() + 10
        while not found and time.monotonic() < until:
            found += sender.outcomes()
            time.sleep(0.01)
        assert fates(found) == [Fate.FAILED]
        begun = time.monotonic()
        left = sender.close(30)
        assert time.monotonic() - begun < 2
    assert fates(left) == [Fate.UNDELIVERED]
    assert "tried in vain, number of times: 1" in left[0].text


def test_old_news_is_not_told_after_new_ones() -> None:
    with fake_receiver() as fake:
        fake.say(Said(status=503, headers={"Retry-After": "2"}))
        sender = Sender([webhook(fake)], {}, limits=Limits(request=1, event=1, rest=0.1))
        sender.submit(event(Occasion.HOLD))
        found: list[Outcome] = []
        until = time.monotonic() + 10
        while len(found) < 3 and time.monotonic() < until:
            found += sender.outcomes()
            if found:
                sender.submit(event(Occasion.ROLLBACK, at=AT + 1))
            time.sleep(0.01)
        time.sleep(2.5)
        assert sender.close(5) == ()
    assert fates(found) == [Fate.FAILED, Fate.DELIVERED, Fate.UNDELIVERED]
    assert "it was overtaken by rollback" in found[2].text
    assert [got.json["event"] for got in fake.got] == ["hold", "rollback"]


def test_a_full_queue_gives_up_the_least_urgent() -> None:
    with fake_receiver() as fake:
        fake.say(Said(wait=1.0))
        sender = Sender([webhook(fake)], {}, limits=Limits(request=5, event=5, waiting=3))
        sender.submit(event(Occasion.STARTED, service="first"))
        until = time.monotonic() + 5
        while not fake.got and time.monotonic() < until:
            time.sleep(0.01)
        for name in ("a", "b"):
            sender.submit(event(Occasion.ERROR, service=name))
        for name in ("c", "d"):
            sender.submit(event(Occasion.STARTED, service=name))
        sender.submit(event(Occasion.ROLLBACK, service="e"))
        outcomes = sender.close(15)
    lost = {each.key: each.text for each in outcomes if each.fate is not Fate.DELIVERED}
    assert set(lost) == {event(Occasion.STARTED, service=name).key for name in ("c", "d")}
    assert all("3 others are waiting" in text for text in lost.values())
    assert [got.json["service"] for got in fake.got] == ["first", "a", "b", "e"]


def test_channels_have_rules_of_their_own() -> None:
    with fake_receiver() as fake:
        channels: list[Channel] = [app(fake), webhook(fake, rules=Rules(Severity.CRITICAL))]
        sender = Sender(channels, {}, limits=QUICK)
        assert sender.submit(event(Occasion.STARTED)) == {"slack": Admission.SEND, "webhook": Admission.BELOW}
        assert sender.submit(SAMPLE) == {"slack": Admission.SEND, "webhook": Admission.SEND}
        assert sender.submit(event(mode=Mode.DRY_RUN, release="2")) == {
            "slack": Admission.QUIET,
            "webhook": Admission.QUIET,
        }
        sender.close(10)
    assert [got.json["event"] for got in fake.got if got.path == "/hook/swordfish"] == ["rollback"]


def test_without_events_there_is_no_thread_and_without_channels_nothing_at_all() -> None:
    sender = Sender([], {})
    assert sender.submit(SAMPLE) == {}
    assert sender.close(0) == ()
    with fake_receiver() as fake:
        begun = time.monotonic()
        assert Sender([webhook(fake)], {}).close(10) == ()
        assert time.monotonic() - begun < 1


def test_the_state_of_channels_that_are_not_set_now_is_kept() -> None:
    with fake_receiver() as fake:
        first, _ = told([app(fake)], SAMPLE)
        second, _ = told([webhook(fake)], SAMPLE, state=first.state())
    assert set(second.state()["channels"]) == {"slack", "webhook"}
    assert second.state()["channels"]["slack"] == first.state()["channels"]["slack"]


def test_a_mistake_of_ours_is_an_outcome_and_the_next_event_is_told() -> None:
    class Broken(Webhook):
        def tell(self, event: Event, memory: Memory, post: Post) -> Memory:
            if event.occasion is Occasion.HOLD:
                raise RuntimeError("swordfish")
            return super().tell(event, memory, post)

    with fake_receiver() as fake:
        channel = Broken(Secret(f"{fake.address}/hook"), local=True)
        _, outcomes = told([channel], event(Occasion.HOLD), SAMPLE)
    assert fates(outcomes) == [Fate.FAILED, Fate.DELIVERED]
    assert "an error of ours, RuntimeError" in outcomes[0].text
    assert "swordfish" not in outcomes[0].text
