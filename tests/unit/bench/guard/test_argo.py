# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Argo Rollouts' analysis: measurements, metrics, runs, and the judge made of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.bench.guard.argo.measurement import Answer, Measurement, Phase, evaluate, measure, spelled
from tests.bench.guard.argo.metrics import Metric, Tally, assess, due, next_at
from tests.bench.guard.argo.runs import Effect, Run, advance, effect, ends, invalid, next_moment, phase_of
from tests.bench.guard.judges.argo import Argo
from tests.bench.guard.judges.seed import WARNING
from tests.unit.bench.guard.streams import CALM, counts, stream

OK, BAD, ERROR, UNSURE = (
    Measurement(phase) for phase in (Phase.SUCCESSFUL, Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE)
)
METRIC = Metric("errors", interval=60, success_condition="result[0] < 0.05")


def tally(*measurements: Measurement) -> Tally:
    made = Tally()
    for number, measurement in enumerate(measurements):
        made.record(measurement, float(number))
    return made


@pytest.mark.parametrize(
    ("success", "failure", "phase"),
    [
        ("", "", Phase.SUCCESSFUL),
        ("result > 1", "", Phase.SUCCESSFUL),
        ("result > 9", "", Phase.FAILED),
        ("", "result > 9", Phase.SUCCESSFUL),
        ("", "result > 1", Phase.FAILED),
        ("result > 1", "result > 1", Phase.FAILED),
        ("result > 9", "result > 9", Phase.INCONCLUSIVE),
        ("result > 1", "result > 9", Phase.SUCCESSFUL),
        ("result > 1", "nobody", Phase.ERROR),
        ("result", "", Phase.ERROR),
    ],
)
def test_two_conditions_make_a_phase(success: str, failure: str, phase: Phase) -> None:
    assert evaluate(5.0, success, failure)[0] is phase


def test_nan_is_neither_good_nor_bad() -> None:
    assert evaluate(math.nan, "result < 1", "result >= 1")[0] is Phase.INCONCLUSIVE
    assert evaluate(math.nan, "result < 1", "")[0] is Phase.FAILED
    assert evaluate(math.nan, "", "result >= 1")[0] is Phase.SUCCESSFUL


def test_an_answer_without_data_is_an_error_that_says_so() -> None:
    found = measure(lambda: Answer("vector"), "result[0] < 0.05", "")
    assert found.phase is Phase.ERROR
    assert "no data returned" in found.message


def test_a_question_that_fails_is_an_error() -> None:
    def refused() -> Answer:
        raise ConnectionError("connection refused")

    assert measure(refused, "", "") == Measurement(Phase.ERROR, message="connection refused")
    assert measure(lambda: Answer("string"), "", "").phase is Phase.ERROR


@pytest.mark.parametrize(
    ("result", "text"),
    [(10.0, "10"), (0.25, "0.25"), (math.nan, "NaN"), (-math.inf, "-Inf"), ([10.0, 11.0], "[10,11]"), (None, "<nil>")],
)
def test_values_are_spelled_as_the_controller_does(result: float | list[float] | None, text: str) -> None:
    assert spelled(result) == text


def test_errors_are_counted_in_a_row_and_apart() -> None:
    found = tally(OK, ERROR, ERROR, BAD, UNSURE, OK, OK)
    assert (found.count, found.successful, found.failed, found.inconclusive) == (5, 3, 1, 1)
    assert (found.consecutive_error, found.consecutive_success) == (0, 2)
    assert tally(OK, ERROR).consecutive_success == 0


def test_only_the_newest_measurements_are_kept_and_all_are_counted() -> None:
    found = tally(*[OK] * 14, BAD)
    assert len(found.measurements) == 10
    assert found.measurements[-1] is BAD
    assert found.count == 15


def test_failures_count_over_the_whole_run() -> None:
    forgiving = replace(METRIC, failure_limit=2)
    assert assess(forgiving, tally(BAD, OK, BAD, OK), terminating=False) is Phase.RUNNING
    assert assess(forgiving, tally(BAD, OK, BAD, OK, BAD), terminating=False) is Phase.FAILED
    assert assess(
        replace(METRIC, failure_limit=-1, consecutive_success_limit=2), tally(BAD, BAD), terminating=False
    ) is (Phase.RUNNING)


@pytest.mark.parametrize(
    ("metric", "measurements", "terminating", "phase"),
    [
        (METRIC, [], False, Phase.PENDING),
        (METRIC, [], True, Phase.SUCCESSFUL),
        (METRIC, [ERROR] * 4, False, Phase.RUNNING),
        (METRIC, [ERROR] * 4, True, Phase.SUCCESSFUL),
        (METRIC, [ERROR] * 5, False, Phase.ERROR),
        (METRIC, [UNSURE], False, Phase.INCONCLUSIVE),
        (METRIC, [BAD, UNSURE], False, Phase.INCONCLUSIVE),
        (METRIC, [BAD, UNSURE, *[ERROR] * 5], False, Phase.ERROR),
        (replace(METRIC, consecutive_success_limit=2), [OK, OK], False, Phase.SUCCESSFUL),
        (replace(METRIC, count=2), [OK, OK], False, Phase.SUCCESSFUL),
        (replace(METRIC, count=2, consecutive_success_limit=3), [OK, OK], False, Phase.INCONCLUSIVE),
        (replace(METRIC, count=2, consecutive_success_limit=3, failure_limit=-1), [OK, OK], False, Phase.FAILED),
        (replace(METRIC, interval=None), [OK], False, Phase.SUCCESSFUL),
    ],
)
def test_the_first_rule_that_fits_makes_the_phase(
    metric: Metric, measurements: list[Measurement], terminating: bool, phase: Phase
) -> None:
    assert assess(metric, tally(*measurements), terminating=terminating) is phase


def test_a_completed_metric_stays_what_it_is() -> None:
    over = tally(BAD)
    over.phase = Phase.SUCCESSFUL
    assert assess(METRIC, over, terminating=False) is Phase.SUCCESSFUL
    assert not due(METRIC, over, 1000.0)


def test_an_unfinished_measurement_keeps_it_running() -> None:
    assert assess(METRIC, Tally(measurements=[Measurement(Phase.RUNNING)]), terminating=True) is Phase.RUNNING


def test_the_first_measurement_is_due_with_the_delay_and_the_next_after_the_interval() -> None:
    delayed = replace(METRIC, initial_delay=20)
    assert [due(delayed, None, now) for now in (19.9, 20.0)] == [False, True]
    assert not due(delayed, None, 50.0, started=False)
    assert [due(METRIC, tally(OK), now) for now in (60.0, 60.1)] == [False, True]


def test_after_an_error_it_is_ten_seconds_whatever_the_interval() -> None:
    assert next_at(METRIC, tally(ERROR)) == 10.0
    assert due(METRIC, tally(ERROR), 10.1)
    assert not due(replace(METRIC, count=1), tally(OK), 1000.0)


def test_the_worst_metric_decides_and_dry_ones_do_not() -> None:
    run = Run([Metric("errors"), Metric("latency"), Metric("trial-orders")], dry=["trial-.*"])
    found = {"errors": tally(OK), "latency": tally(*[ERROR] * 5), "trial-orders": tally(BAD)}
    assert phase_of(run, found, terminating=False) is Phase.ERROR
    found["errors"] = tally(BAD)
    assert phase_of(run, found, terminating=False) is Phase.FAILED
    assert phase_of(Run([Metric("trial-orders")], dry=["trial"]), found, terminating=False) is Phase.SUCCESSFUL


def test_any_metric_that_goes_on_keeps_the_run_running_unless_it_is_ended() -> None:
    run = Run([Metric("errors"), METRIC_TWO])
    found = {"errors": tally(OK), "latency": tally(OK)}
    assert phase_of(run, found, terminating=False) is Phase.RUNNING
    assert phase_of(run, found, terminating=True) is Phase.SUCCESSFUL
    assert phase_of(run, {}, terminating=False) is Phase.RUNNING
    assert phase_of(run, {"errors": tally(*[ERROR] * 4)}, terminating=True) is Phase.SUCCESSFUL


METRIC_TWO = replace(METRIC, name="latency")


@pytest.mark.parametrize(
    ("phase", "done"),
    [
        (Phase.FAILED, Effect.ABORT),
        (Phase.ERROR, Effect.ABORT),
        (Phase.INCONCLUSIVE, Effect.PAUSE),
        (Phase.SUCCESSFUL, Effect.GO_ON),
        (Phase.RUNNING, Effect.NONE),
    ],
)
def test_an_error_aborts_like_a_failure(phase: Phase, done: Effect) -> None:
    assert effect(phase) is done


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run([]), "no metrics"),
        (Run([METRIC, METRIC]), "two metrics have the name 'errors'"),
        (Run([replace(METRIC, failure_limit=-2)]), "failureLimit must be >= -1"),
        (Run([replace(METRIC, failure_limit=-1)]), "consecutiveSuccessLimit or failureLimit must be set"),
        (Run([replace(METRIC, consecutive_success_limit=-1)]), "consecutiveSuccessLimit must be >= 0"),
        (Run([replace(METRIC, inconclusive_limit=-1)]), "inconclusiveLimit must be >= 0"),
        (Run([replace(METRIC, consecutive_error_limit=-1)]), "consecutiveErrorLimit must be >= 0"),
        (Run([replace(METRIC, count=2, failure_limit=3)]), "count must be >= failureLimit"),
        (Run([replace(METRIC, count=2, inconclusive_limit=3)]), "count must be >= inconclusiveLimit"),
        (Run([replace(METRIC, count=2, interval=None)]), "interval must be set"),
        (Run([replace(METRIC, providers=2)]), "exactly one provider"),
        (Run([METRIC], dry=["*"]), "no regular expression"),
        (Run([METRIC], dry=["orders"]), "no metric matches 'orders'"),
        (Run([METRIC], dry=["err", "err"]), "two rules"),
        (Run([METRIC], retention={"orders": 5}), "no metric matches 'orders'"),
    ],
)
def test_what_cannot_be_run_is_an_error(run: Run, words: str) -> None:
    assert words in str(invalid(run))
    assert phase_of(run, {}, terminating=False) is Phase.ERROR


def test_a_run_measures_what_is_due_and_ends_with_the_first_failure() -> None:
    run = Run([METRIC, replace(METRIC_TWO, interval=30)], retention={"err": 1})
    found: dict[str, Tally] = {}
    assert invalid(run) is None
    assert advance(run, found, 0.0, lambda _: OK) is Phase.RUNNING
    assert next_moment(run, found) == 30.0
    assert advance(run, found, 30.0, lambda _: OK) is Phase.RUNNING
    assert [found[name].count for name in ("errors", "latency")] == [1, 2]
    assert not ends(run, found)
    assert advance(run, found, 60.0, lambda metric: BAD if metric is METRIC else OK) is Phase.FAILED
    assert ends(run, found)
    assert len(found["errors"].measurements) == 1


def test_the_judge_forgives_three_looks_and_not_a_fourth() -> None:
    # 11 % of a window fail, and the look sees two windows: one such window is bad in two looks.
    bad = counts(errors=33)
    assert Argo(3)(stream([CALM, bad, CALM, CALM] * 1 + [bad, *[CALM] * 10])).window == 5
    assert Argo(3)(stream([CALM, bad, *[CALM] * 10])).window is None
    assert Argo(0)(stream([CALM, bad, CALM])).window == 1


def test_the_judge_sees_latency_and_orders_with_the_thresholds_it_is_given() -> None:
    assert Argo(0)(stream([counts(stalled=30)])).window == 0
    assert Argo(0)(stream([counts(failed_orders=2)])).window == 0
    assert Argo(0)(stream([counts(errors=9)])).window is None
    assert Argo(0, WARNING)(stream([counts(errors=9)])).window == 0


def test_two_windows_without_an_answer_abort_in_less_than_a_minute() -> None:
    # Asked at 60, 70, 80, 90 and 100 s: the fifth error in a row falls into the window after the look at 90 s.
    assert Argo(3)(stream([CALM, None, None, CALM, CALM])).window == 3
    # One window without an answer is three errors, and then the data are there again.
    assert Argo(3)(stream([CALM, None, CALM, None, CALM])).window is None


def test_no_traffic_is_no_failure() -> None:
    assert Argo(0)(stream([counts(requests=0, orders=0)] * 20)).window is None
