# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When a request is sent again, for how long, and what is known of it then."""

from __future__ import annotations

import time

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.retrying import (
    Attempts,
    Deadline,
    pause_after,
    seconds_asked,
)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which are not waited for."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def failed(code: int, *, reason: str = "", sent: bool = True, retry_after: float | None = None) -> ApiFailure:
    failure = ApiFailure(DeliveryError("no", reason=reason), code)
    failure.sent, failure.retry_after = sent, retry_after
    return failure


def test_attempts_are_counted(slept: list[float]) -> None:
    attempts = Attempts(Deadline(), persistent=False)
    count(attempts, failed(503))
    assert attempts.failed == 7
    attempts.again(failed(409))
    assert attempts.failed == 7


def count(attempts: Attempts, failure: ApiFailure) -> int:
    number = 1
    while attempts.again(failure) and number < 100:
        number += 1
    return number


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 422, 500])
def test_a_refusal_is_final(slept: list[float], code: int) -> None:
    attempts = Attempts(Deadline(), persistent=True)
    assert attempts.again(failed(code)) is False
    assert (slept, attempts.unsure) == ([], False)


def test_a_certificate_does_not_become_trusted_by_asking_again(slept: list[float]) -> None:
    assert Attempts(Deadline(60), persistent=True).again(failed(0, reason="CertificateNotTrusted")) is False


@pytest.mark.parametrize(("code", "number"), [(0, 4), (429, 7), (503, 7)])
def test_without_a_time_limit_it_is_asked_so_often(slept: list[float], code: int, number: int) -> None:
    assert count(Attempts(Deadline(), persistent=True), failed(code)) == number
    assert sum(slept) < 30


def test_with_one_it_is_asked_until_then(slept: list[float]) -> None:
    assert count(Attempts(Deadline(60), persistent=True), failed(0)) == 100


def test_but_not_by_whoever_has_had_no_answer_yet(slept: list[float]) -> None:
    """A wrong address is to be told in a moment, not at the timeout."""
    assert count(Attempts(Deadline(600), persistent=False), failed(0, sent=False)) == 4


@pytest.mark.parametrize(("left", "asked", "again"), [(5, 1, True), (5, 6, False), (None, 59, True), (None, 61, False)])
def test_what_a_server_asks_for_is_given_if_there_is_so_much(
    slept: list[float], left: float | None, asked: float, again: bool
) -> None:
    attempts = Attempts(Deadline(left), persistent=True)
    assert attempts.again(failed(429, retry_after=asked)) is again
    assert slept == ([asked] if again else [])


def test_when_the_time_is_over_nothing_is_asked_again(slept: list[float]) -> None:
    assert Attempts(Deadline(0), persistent=True).again(failed(503)) is False


@pytest.mark.parametrize(
    ("failure", "unsure"),
    [
        (failed(0), True),
        (failed(504), True),
        (failed(503), True),
        (failed(429), False),
        (failed(0, sent=False), False),
    ],
)
def test_what_may_have_been_carried_out_is_remembered(slept: list[float], failure: ApiFailure, unsure: bool) -> None:
    attempts = Attempts(Deadline(60), persistent=True)
    assert attempts.again(failure) is True
    assert attempts.again(failed(409)) is False
    assert attempts.unsure is unsure


def test_the_pauses_grow_to_a_limit_and_differ() -> None:
    first, long = [pause_after(1) for _ in range(20)], [pause_after(1000) for _ in range(20)]
    assert 0.05 < min(first) < max(first) < 0.15
    assert 1.0 < min(long) < max(long) < 3.0
    assert len(set(first)) > 1


@pytest.mark.parametrize(("text", "seconds"), [("3600", 3600.0), (None, None), ("soon", None), ("", None)])
def test_the_header_is_read(text: str | None, seconds: float | None) -> None:
    assert seconds_asked({"Retry-After": text} if text is not None else {}) == seconds
    assert seconds_asked(None) is None


def test_a_date_is_as_good_as_a_number() -> None:
    moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))
    assert 25 < (seconds_asked({"Retry-After": moment}) or 0) < 31


def test_a_deadline() -> None:
    assert (Deadline().known, Deadline().left(30)) == (False, 30)
    assert (Deadline(5).known, Deadline(5).left(3)) == (True, 3)
    assert 4 < Deadline(5).left(30) <= 5
    assert Deadline(-1).left(30) == 0
