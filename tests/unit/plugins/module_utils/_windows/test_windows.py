# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From raw counters to counts: what is counted, what is missing, and what is neither."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Series
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts, Pair
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.clock import Clock, Span
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.counting import rise
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.definitions import Definition, LabelNames
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.measuring import (
    buckets_of,
    counts_by_pod,
    measure,
    window_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import (
    Measured,
    Revision,
    ServiceWindow,
    Stream,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.tracks import tracks
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

from tests.unit.plugins.module_utils._windows.window_builders import (
    ERRORS,
    NEW,
    OLD,
    RISKS,
    SLOW,
    TRAFFIC,
    counter,
    histogram,
    one,
)

SPAN = Span(100.0, 130.0)
STALENESS = 60.0
NAN = math.nan
ERROR, RISK = Stream(Metric.ERROR_RATE), Stream(Metric.RISK_FAILURES)


def measured(
    series: Sequence[Series],
    definition: Definition = ERRORS,
    span: Span = SPAN,
    births: Mapping[str, float] | None = None,
) -> dict[Revision, Measured]:
    """Return what series come to in a window."""
    return measure(tracks(series, definition, LabelNames()), definition, span, STALENESS, births)


def counts(series: Sequence[Series], span: Span = SPAN, **births: float) -> Counts | None:
    """Return the counts of the new revision; names of pods stand with an underscore."""
    found = measured(series, span=span, births={name.replace("_", "-"): born for name, born in births.items()})
    return found[NEW].counts(ERROR) if NEW in found else None


def test_what_rose_between_the_borders_counts() -> None:
    assert counts(counter("a", {85: 900, 100: 1000, 115: 1100, 130: 1300, 145: 9999}, {100: 5, 130: 8})) == Counts(
        300, 3
    )


def test_pods_are_added_up_and_revisions_kept_apart() -> None:
    series = [
        *counter("a", {100: 10, 130: 20}, {100: 0, 130: 1}),
        *counter("b", {100: 500, 130: 540}, {100: 50, 130: 50}),
        *counter("c", {100: 7, 130: 107}, {100: 1, 130: 2}, revision=OLD),
        *counter("d", {100: 7, 130: 8}, revision=Revision("api", "new")),
    ]
    found = measured(series)
    assert found[NEW] == Measured(50, {ERROR: 1}, 2, 60.0)
    assert found[OLD].counts(ERROR) == Counts(100, 1)
    assert found[Revision("api", "new")].n == 1


def test_no_errors_is_0_only_where_requests_are_counted() -> None:
    assert counts(counter("a", {100: 10, 130: 20})) == Counts(10, 0), "a counter that was never raised has no series"
    assert counts([one("a", {100: 3, 130: 4}, part="failed")]) is None
    assert counts([]) is None


def test_the_first_error_of_a_pod_counts() -> None:
    assert counts(counter("a", {100: 10, 115: 15, 130: 20}, {115: 2, 130: 3})) == Counts(10, 3)


def test_no_requests_are_not_missing_data() -> None:
    assert counts(counter("a", {100: 10, 130: 10})) == Counts(0, 0)


def test_a_reset_counts_from_0() -> None:
    assert counts(counter("a", {100: 1000, 115: 40, 130: 60}, {100: 30, 115: 1, 130: 2})) == Counts(60, 2)


def test_a_reset_that_one_counter_shows_holds_for_all_of_the_process() -> None:
    """The errors fell from 30, so the process is another, although its requests have passed the old number."""
    assert counts(counter("a", {100: 100, 130: 120}, {100: 30, 130: 4})) == Counts(120, 4)


def test_errors_that_are_not_there_for_a_moment_are_no_reset() -> None:
    assert counts(counter("a", {100: 100, 115: 120, 130: 140}, {100: 30, 130: 32})) == Counts(40, 2)


def test_errors_are_gone_after_a_restart() -> None:
    assert counts(counter("a", {100: 100, 115: 20, 130: 40}, {100: 30})) == Counts(40, 0)


def test_a_new_pod_counts_from_0_only_if_it_is_known_to_be_new() -> None:
    series = counter("web-1", {115: 50, 130: 80}, {115: 3, 130: 4})
    assert counts(series, web_1=103.0) == Counts(80, 4)
    assert counts(series) == Counts(30, 1), "its first scrape is where counting begins"
    assert counts(series, web_1=40.0) == Counts(30, 1)
    assert counts(counter("web-1", {130: 80})) is None, "one scrape is no difference"
    assert counts(counter("web-1", {130: 80}), web_1=103.0) == Counts(80, 0)


def test_a_pod_that_vanished_counts_up_to_its_last_scrape() -> None:
    series = [*counter("gone", {100: 10, 115: 30}), *counter("here", {100: 1, 115: 2, 130: 3})]
    assert counts(series) == Counts(22, 0)
    assert counts(series, Span(130.0, 160.0)) is None
    later = [*counter("gone", {100: 10, 115: 30}), *counter("here", {130: 3, 160: 9})]
    assert counts(later, Span(130.0, 160.0)) == Counts(6, 0)


def test_one_missed_scrape_loses_nothing_and_counts_nothing_twice() -> None:
    """Scraped every 30 s, but not at 130: the next window has what this one lacks."""
    series = counter("a", {100: 10, 160: 70, 190: 100})
    assert counts(series) is None
    assert counts(series, Span(130.0, 160.0)) == Counts(60, 0)
    assert counts(series, Span(160.0, 190.0)) == Counts(30, 0)


def test_after_a_long_gap_counting_begins_anew() -> None:
    series = counter("a", {30: 10, 115: 500, 130: 520})
    assert counts(series) == Counts(20, 0)


def test_windows_side_by_side_add_up_to_the_whole() -> None:
    values = {moment: moment * 7 % 10_000 for moment in range(0, 700, 13)}
    series = counter("a", values)
    parts = [counts(series, Span(start, start + 30.0)) for start in range(30, 630, 30)]
    total = sum(part.n for part in parts if part)
    assert total == values[624] - values[26]


def test_duplicated_times_and_disorder_change_nothing() -> None:
    tidy = counter("a", {100: 10, 115: 20, 130: 30})
    untidy = counter("a", [(130, 30), (100, 10), (115, 20), (115, 20), (100, 10)])
    assert counts(untidy) == counts(tidy) == Counts(20, 0)
    assert counts(counter("a", [(100, 10), (100, 4), (130, 30)])) == Counts(20, 0), "a counter has one value at a time"


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf, -1.0])
def test_what_is_no_count_is_not_measured(value: float) -> None:
    assert counts(counter("a", {100: 10, 115: value, 130: 30})) == Counts(20, 0)
    assert counts(counter("a", {100: value, 115: value, 130: value})) is None
    assert counts(counter("a", {100: 10, 115: 20, 130: 30}, {100: 1, 115: value, 130: 2})) == Counts(20, 1)


def test_what_prometheus_repeats_after_the_last_scrape_is_missing() -> None:
    """For five minutes it answers with the old value; the time of the scrape tells."""
    steps = dict.fromkeys([85, 100, 115, 130], 10.0)
    assert counts(counter("a", steps)) == Counts(0, 0)
    assert counts(counter("a", steps, times={85: 84.0, 100: 84.0, 115: 84.0, 130: 84.0})) is None


def test_counting_goes_by_the_times_of_scrapes() -> None:
    series = counter("a", {100: 10, 115: 20, 130: 35}, times={100: 96.0, 115: 111.0, 130: 126.0})
    found = tracks(series, ERRORS, LabelNames())[NEW]["a"]
    assert found.readings == ((96.0, (10.0, 0.0)), (111.0, (20.0, 0.0)), (126.0, (35.0, 0.0)))
    assert counts(series) == Counts(25, 0)


def test_a_failure_without_its_request_is_not_more_than_all() -> None:
    assert counts(counter("a", {100: 0, 130: 3}, {100: 0, 130: 4})) == Counts(3, 3)


def test_labels_that_do_not_say_whose_it_is_are_left_out() -> None:
    assert measured([Series({"pod": "a", "part": "all"}, one("a", {100: 1, 130: 2}).points)]) == {}
    names = LabelNames(service="app", hash="revision", pod="instance")
    labels = {"app": "web", "revision": "new", "instance": "a", "part": "all"}
    assert NEW in tracks([Series(labels, one("a", {100: 1, 130: 2}).points)], ERRORS, names)


def buckets(*, slow: float = 0, bounds: Sequence[str] = ("0.5", "1.0", "2.5", "+Inf"), pod: str = "a") -> list[Series]:
    """Return a histogram of 100 requests, of which `slow` take more than the second but last bound."""
    last = len(bounds) - 1
    rows = {
        le: {100: 0.0, 130: 100.0 if at == last else 100.0 - slow * (at == last - 1)} for at, le in enumerate(bounds)
    }
    rows[bounds[0]] = {100: 0.0, 130: 40.0}
    return histogram(pod, rows)


def test_slower_than_a_bound_is_what_the_bucket_lacks() -> None:
    found = measured(buckets(slow=7), SLOW)[NEW]
    assert found.counts(Stream(Metric.RESPONSE_TIME, 0.5)) == Counts(100, 60)
    assert found.counts(Stream(Metric.RESPONSE_TIME, 2.0)) == Counts(100, 7), "there is no bucket for 2: 2.5 is next"


def test_the_buckets_that_are_needed_are_known_after_one_answer() -> None:
    assert buckets_of(tracks(buckets(), SLOW, LabelNames()), SLOW) == {0.5, 2.5}
    assert buckets_of(tracks(counter("a", {100: 1}), ERRORS, LabelNames()), ERRORS) == frozenset()


def test_without_a_bucket_at_or_above_the_bound_there_is_no_data() -> None:
    found = measured(buckets(bounds=("0.5", "1.0", "+Inf")), SLOW)[NEW]
    assert found.counts(Stream(Metric.RESPONSE_TIME, 2.0)) is None
    assert found.counts(Stream(Metric.RESPONSE_TIME, 0.5)) == Counts(100, 60)


def test_both_revisions_are_measured_by_the_same_bucket() -> None:
    """The new revision has a bucket for 2 s, the old one has not."""
    new = histogram("a", {le: {100: 0, 130: n} for le, n in (("2", 90), ("2.5", 95), ("+Inf", 100))})
    old = histogram("b", {le: {100: 0, 130: n} for le, n in (("2.5", 96), ("+Inf", 100))}, revision=OLD)
    found = measured([*new, *old], SLOW)
    stream = Stream(Metric.RESPONSE_TIME, 2.0)
    assert (found[NEW].counts(stream), found[OLD].counts(stream)) == (Counts(100, 5), Counts(100, 4))


def test_half_a_histogram_is_not_measured() -> None:
    series = histogram("a", {"0.5": {100: 0}, "2.5": {100: 0, 130: 100}, "+Inf": {100: 0, 130: 100}})
    assert measured(series, SLOW) == {}
    assert measured([*buckets(), one("a", {100: 1, 130: 2}, le="odd")], SLOW)[NEW].n == 100


def test_events_may_be_more_than_their_exposure() -> None:
    found = measured(counter("a", {100: 0, 130: 2}, {100: 0, 130: 5}), RISKS)[NEW]
    assert found.counts(RISK) == Counts(2, 5)


def test_the_time_that_was_measured_is_that_between_the_scrapes() -> None:
    """From the last scrape before the window, from the birth of a pod in it, or from the first scrape in it."""
    old = counter("old", {90: 1, 105: 2, 120: 3})
    born = counter("born", {120: 1, 130: 2})
    found_late = counter("late", {112: 8, 127: 9})
    gone = counter("gone", {100: 1, 105: 2})
    alone = [measured(each)[NEW].seconds for each in (old, found_late, gone)]
    assert alone == [30.0, 15.0, 5.0]
    assert measured(born, births={"born": 110.0})[NEW].seconds == 20.0
    assert measured([*old, *born, *gone], births={"born": 110.0})[NEW].seconds == 55.0


@pytest.mark.parametrize(
    ("new", "old", "pair"),
    [
        # Orders, risk failures, seconds of all pods.
        ((30, 4, 30.0), (270, 9, 270.0), (Counts(30, 4), Counts(270, 9))),
        ((30, 4, 60.0), (270, 9, 270.0), (Counts(60, 4), Counts(270, 9))),
        ((60, 4, 30.0), (270, 9, 270.0), (Counts(60, 4), Counts(270, 9))),
        ((0, 4, 30.0), (0, 9, 270.0), (Counts(30, 4), Counts(270, 9))),
        ((0, 4, 30.0), (300, 9, 270.0), (Counts(30, 4), Counts(270, 9))),
    ],
    ids=["alike", "more pods for its orders", "more orders for its pods", "no orders", "no orders of its own"],
)
def test_failures_without_trials_are_compared_by_the_exposure_of_which_the_new_revision_has_more(
    new: tuple[int, int, float], old: tuple[int, int, float], pair: tuple[Counts, Counts]
) -> None:
    canary, stable = ({Metric.RISK_FAILURES: Measured(n, {RISK: k}, 1, seconds)} for n, k, seconds in (new, old))
    assert ServiceWindow(0, canary, stable).pair_of_events(RISK) == Pair(*pair)


def test_failures_without_trials_need_both_revisions() -> None:
    assert ServiceWindow(0, {Metric.RISK_FAILURES: Measured(1, {RISK: 1}, 1, 30.0)}).pair_of_events(RISK) is None


def test_traffic_has_no_failures() -> None:
    found = measured(counter("a", {100: 0, 130: 2}), TRAFFIC)[NEW]
    assert found == Measured(2, {Stream(Metric.REQUEST_RATE): 0}, 1, 30.0)


def test_counts_of_single_pods() -> None:
    series = [*counter("a", {100: 0, 130: 5}, {130: 1}), *counter("b", {100: 0, 130: 7}), *counter("c", {130: 7})]
    pods = tracks(series, ERRORS, LabelNames())[NEW]
    assert counts_by_pod(pods, ERRORS, ERROR, SPAN, STALENESS) == {"a": Counts(5, 1), "b": Counts(7, 0)}


def test_a_window_of_a_service_says_what_is_missing() -> None:
    by = {Metric.ERROR_RATE: measured([*counter("a", {100: 0, 130: 5}), *counter("b", {100: 0, 130: 9}, revision=OLD)])}
    window = window_of(3, NEW, OLD, by, 0.25)
    assert window.pair(ERROR) == Pair(Counts(5, 0), Counts(9, 0))
    assert (window.index, window.weight) == (3, 0.25)
    alone = window_of(3, NEW, None, by)
    assert alone.pair(ERROR) is None
    assert alone.of_canary(ERROR) == Counts(5, 0)
    assert alone.of_stable(ERROR) is alone.of_canary(RISK) is None
    assert ServiceWindow(0).pair(ERROR) is None


def test_streams_have_readable_names() -> None:
    assert [str(stream) for stream in (*SLOW.streams, *ERRORS.streams)] == [
        "response_time_p99>0.5",
        "response_time_p99>2",
        "error_rate",
    ]


def test_nothing_rises_without_scrapes() -> None:
    assert rise((), SPAN, STALENESS) is None
    assert rise(((90.0, (1.0,)),), SPAN, STALENESS) is None


def test_windows_are_numbered_from_the_start_of_the_watch() -> None:
    clock = Clock(1000.0, length=30.0, delay=15.0, staleness=60.0)
    assert clock.span(2) == Span(1060.0, 1090.0)
    assert [clock.complete(now) for now in (1000, 1044, 1045, 1074, 1075, 1105)] == [-1, -1, 0, 0, 1, 2]
    assert list(clock.due(-1, 1044)) == []
    assert list(clock.due(0, 1105)) == [1, 2]
    assert list(clock.due(2, 1105)) == []
    assert list(clock.due(-1, 10_000.0, most=3)) == [296, 297, 298], "after a long time only the last ones"
    needed = clock.needed(range(1, 3))
    assert (needed.start, needed.end, needed.step) == (970.0, 1090.0, 15.0)
    assert clock.complete(clock.when(7)) == 7
