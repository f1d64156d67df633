# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Events, their words, what a channel remembers, and which of them it is told."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.decision import Reason as GuardReason
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.events import (
    Event,
    Impact,
    Reason,
    Times,
    at_least,
    reasons_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.memory import (
    Memory,
    Thread,
    from_plain,
    remembered,
    threaded,
    to_plain,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.policy import Admission, Rules, admit
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.secret import Secret, scrubbed
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.wording import (
    facts,
    impact_line,
    next_steps,
    number,
    plain_text,
    times_line,
    title,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Mode, Occasion, Severity

from tests.unit.plugins.notices import AT, SAMPLE, event


def test_the_key_is_release_service_and_occasion_in_their_place() -> None:
    assert SAMPLE.key == "production-1/tradesense-production/20261127T101000Z/trading-service/rollback"
    assert event(occurrence=2).key == f"{SAMPLE.key}#2"
    assert event(at=AT + 30, summary="other words").key == SAMPLE.key
    assert len({event(cluster="b").key, event(namespace="b").key, event(service="b").key, SAMPLE.key}) == 4
    # Nothing in a name can make two keys alike.
    assert event(release="a/b", service="c").key != event(release="a", service="b/c").key
    assert event(service="x#2").key != event(service="x", occurrence=2).key


def test_every_occasion_has_a_severity_a_title_and_words() -> None:
    found = {occasion: event(occasion).severity for occasion in Occasion}
    assert {occasion for occasion, severity in found.items() if severity is Severity.CRITICAL} == {
        Occasion.ROLLBACK,
        Occasion.INEFFECTIVE,
        Occasion.ERROR,
    }
    titles = {title(event(occasion, mode=mode)) for occasion in Occasion for mode in Mode}
    assert len(titles) == len(Occasion) + 3
    assert all("trading-service" in each for each in titles)
    assert at_least(Severity.CRITICAL, Severity.WARNING)
    assert not at_least(Severity.INFO, Severity.WARNING)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (SAMPLE, "production: trading-service is rolled back"),
        (event(mode=Mode.DRY_RUN), "production: trading-service would be rolled back (dry run)"),
        (event(mode=Mode.HOLD_ONLY), "production: trading-service would be rolled back, and is held (hold only)"),
        (Event(Occasion.STARTED, "42", AT, service="web"), "The release of web has started"),
        (Event(Occasion.FINISHED, "42", AT, environment="staging"), "staging: release 42 is finished"),
        (event(service="a\nb\x07"), "production: a b is rolled back"),
    ],
)
def test_titles(given: Event, words: str) -> None:
    assert title(given) == words


def test_what_people_read_has_everything_they_need() -> None:
    text = plain_text(SAMPLE)
    for words in (
        "trading-service is rolled back",
        "The new revision fails more requests than stable.",
        "error rate: 18 % of 300 requests failed, stable 0.33 % (value 0.18, threshold 0.0033, evidence 2,300)",
        "1,200 requests and 80 orders on the bad revision, about 96 errors that stable would not have had, 3.5 minutes, "
        "4 pods to change",
        "release started 10:10:00 UTC, first bad request 10:11:30 UTC, detected 10:14:55 UTC, decided 10:15:00 UTC",
        "Do not release this revision again before the cause is found.",
        "environment production, cluster production-1, namespace tradesense-production",
        "new v2.9.0, revision 7, hash 6c9d8f7b5d, stable v2.8.0, hash 6f578c88b6, verdict rollback, released by jane",
    ):
        assert words in text


def test_what_is_not_known_is_not_spoken_of() -> None:
    bare = Event(Occasion.FINISHED, "42", AT)
    assert plain_text(bare) == "Release 42 is finished\nrelease 42"
    assert facts(bare) == (("Release", "42"),)
    assert impact_line(Impact()) == ""
    assert impact_line(Impact(requests=1, pods=1)) == "1 request on the bad revision, 1 pod to change"
    assert impact_line(Impact(excess_errors=-3.0)) == "about 0 errors that stable would not have had"
    assert times_line(Times()) == ""


def test_every_time_has_a_name_and_they_come_in_the_order_of_time() -> None:
    every = Times(**{each.name: AT - index for index, each in enumerate(fields(Times))})
    found = times_line(every).split(", ")
    assert len(found) == len(fields(Times))
    assert found[0] == "recovery verified 10:14:55 UTC"


def test_next_steps() -> None:
    assert next_steps(event(next_steps=("Call\nJane.",))) == ("Call Jane.",)
    assert "playbooks/rollback.yml" in " ".join(next_steps(event(mode=Mode.DRY_RUN)))
    assert "no second rollback" in " ".join(next_steps(event(Occasion.INEFFECTIVE)))
    assert next_steps(event(Occasion.STARTED)) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.18, "0.18"),
        (2300.0, "2,300"),
        (123456.7, "123,457"),
        (1e12, "1e+12"),
        (float("inf"), "beyond counting"),
        (float("nan"), "not finite"),
        (0.0, "0"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_the_guards_reasons_are_taken_as_they_are() -> None:
    found = reasons_of([GuardReason("too many", Metric.ERROR_RATE, 0.1, 0.05, 120.0), GuardReason("crash")])
    assert found == (Reason("too many", "error_rate", 0.1, 0.05, 120.0), Reason("crash"))
    assert json.dumps(found[0].metric) == '"error_rate"'


# What a channel is told.


def told(*events: Event, at: float = AT) -> Memory:
    """Return what a channel remembers that was told these events."""
    memory = Memory()
    for each in events:
        memory = remembered(memory, each, at)
    return memory


@pytest.mark.parametrize(
    ("given", "rules", "memory", "admission"),
    [
        (SAMPLE, Rules(), Memory(), Admission.SEND),
        (SAMPLE, Rules(), told(SAMPLE), Admission.KNOWN),
        (event(at=AT + 30), Rules(), told(SAMPLE), Admission.KNOWN),
        (event(Occasion.STARTED), Rules(Severity.WARNING), Memory(), Admission.BELOW),
        (event(Occasion.HOLD), Rules(Severity.WARNING), Memory(), Admission.SEND),
        (event(Occasion.HOLD), Rules(Severity.CRITICAL), Memory(), Admission.BELOW),
        # Whoever was called out hears the end of it; whoever was not, does not.
        (event(Occasion.RECOVERY), Rules(Severity.CRITICAL), told(SAMPLE), Admission.SEND),
        (event(Occasion.RECOVERY), Rules(Severity.CRITICAL), Memory(), Admission.BELOW),
        (event(Occasion.FINISHED), Rules(Severity.WARNING), told(event(Occasion.HOLD)), Admission.SEND),
        (event(Occasion.FINISHED), Rules(Severity.WARNING), told(event(service="other")), Admission.BELOW),
        (event(Occasion.FINISHED), Rules(Severity.WARNING), told(event(Occasion.STARTED)), Admission.BELOW),
        (event(mode=Mode.DRY_RUN), Rules(), Memory(), Admission.QUIET),
        (event(mode=Mode.DRY_RUN), Rules(dry_run=True), Memory(), Admission.SEND),
        (event(mode=Mode.HOLD_ONLY), Rules(), Memory(), Admission.SEND),
    ],
)
def test_admission(given: Event, rules: Rules, memory: Memory, admission: Admission) -> None:
    assert admit(given, rules, memory, AT + 30) is admission


def test_a_state_that_comes_again_is_told_again_but_not_at_once() -> None:
    first, second, third = (event(Occasion.HOLD, occurrence=number) for number in (1, 2, 3))
    memory = told(first)
    assert admit(second, Rules(), memory, AT + 599) is Admission.TOO_SOON
    assert admit(second, Rules(), memory, AT + 600) is Admission.SEND
    assert admit(second, Rules(repeat_after=0), memory, AT) is Admission.SEND
    memory = remembered(memory, second, AT + 600)
    assert admit(third, Rules(), memory, AT + 700) is Admission.TOO_SOON
    assert admit(second, Rules(), memory, AT + 9999) is Admission.KNOWN
    # Another thing of the same service, and the same of another one, do not wait.
    assert admit(event(Occasion.ROLLBACK), Rules(), memory, AT + 601) is Admission.SEND
    assert admit(event(Occasion.HOLD, service="other", occurrence=2), Rules(), memory, AT + 601) is Admission.SEND


def test_the_memory_comes_back_from_json_as_it_was() -> None:
    memory = threaded(told(event(Occasion.STARTED), SAMPLE), SAMPLE.subject, Thread("C0FAKE", "1.2"))
    plain = json.loads(json.dumps(to_plain({"slack": memory, "webhook": Memory()})))
    assert from_plain(plain) == {"slack": memory, "webhook": Memory()}
    assert from_plain({}) == from_plain(None) == {}


@pytest.mark.parametrize(
    "plain",
    [
        {"version": 2, "channels": {}},
        {"channels": {}},
        {"version": 1, "channels": []},
        {"version": 1, "channels": {"slack": {}}},
        {"version": 1, "channels": {"slack": {"told": {"a": "x"}, "troubled": [], "threads": {}}}},
        {"version": 1, "channels": {"slack": {"told": {}, "troubled": [], "threads": {"a": "C"}}}},
        ["version"],
        "text",
    ],
)
def test_what_is_no_memory_is_refused(plain: object) -> None:
    with pytest.raises(DeliveryError) as failure:
        from_plain(plain)
    assert failure.value.reason == "BadState"


def test_the_memory_does_not_grow_for_ever_and_forgets_the_oldest() -> None:
    full = Memory(
        {event(release=str(index)).key: AT + index for index in range(1000)},
        tuple(event(release=str(index)).subject for index in range(200)),
        {event(release=str(index)).subject: Thread("C0FAKE", f"1795774500.{index:06}") for index in range(200)},
    )
    new = event(release="new")
    memory = threaded(remembered(full, new, AT + 2000), new.subject, Thread("C0FAKE", "1795774502.000000"))
    assert (len(memory.told), len(memory.troubled), len(memory.threads)) == (1000, 200, 200)
    for index, kept in ((0, False), (1, True), (999, True)):
        assert (event(release=str(index)).key in memory.told) is kept
    assert event(release="0").subject not in memory.troubled
    assert event(release="0").subject not in memory.threads
    assert memory.threads[new.subject].ts == "1795774502.000000"
    # A ConfigMap takes a megabyte.
    assert len(json.dumps(to_plain({"slack": memory, "webhook": memory}))) < 400_000


def test_what_is_used_again_is_not_the_oldest_any_more() -> None:
    memory = threaded(told(event(service="a"), event(service="b")), event(service="a").subject, Thread("C", "1"))
    memory = remembered(memory, event(Occasion.HOLD, service="a"), AT + 1)
    assert memory.troubled == (event(service="b").subject, event(service="a").subject)


# Secrets.


def test_a_secret_shows_itself_only_to_who_asks() -> None:
    secret = Secret("swordfish-1")
    assert secret.reveal() == "swordfish-1"
    assert "swordfish" not in f"{secret} {secret!r} {secret!s:>30} {secret:>30} {[secret]}"
    for escape in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            escape(secret)
    assert bool(secret) is True
    assert bool(Secret("")) is False


def test_secrets_are_taken_out_of_texts_whole_and_in_parts() -> None:
    secret = Secret("https://hooks.example/services/T000/B000/abcdefghij?key=klmnopqrst")
    text = scrubbed(f"{secret.reveal()} and abcdefghij and klmnopqrst of hooks.example", [secret, Secret("")])
    assert text == "*** and *** and *** of ***"
    assert scrubbed("Slack says klmnopqrst", [Secret("xoxb-1-klmnopqrst")]) == "Slack says ***"
    assert scrubbed("nothing to hide", [secret]) == "nothing to hide"
