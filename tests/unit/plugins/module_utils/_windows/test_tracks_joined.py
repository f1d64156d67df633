# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Two answers, the second of later times, say together what one answer of all these times says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Series
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.definitions import Definition, LabelNames
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Revision
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.tracks import (
    Pods,
    columns_of,
    joined,
    tracks,
    tracks_of,
)

from tests.unit.plugins.module_utils._windows.window_builders import (
    ERRORS,
    NEW,
    OLD,
    SLOW,
    counter,
    histogram,
)


def cut(series: Sequence[Series], first: float, last: float) -> list[Series]:
    """Return the points of a time; a series without any is not in an answer."""
    found = [
        Series(one.labels, tuple(each for each in one.points if first <= each.timestamp <= last)) for one in series
    ]
    return [one for one in found if one.points]


def in_two(
    series: Sequence[Series], definition: Definition, border: float, since: float = 0.0
) -> Mapping[Revision, Pods]:
    """Return what an answer until the border says with the one after it."""
    before = tracks(cut(series, 0, border), definition, LabelNames())
    after = columns_of(cut(series, border + 0.1, 1e9), definition, LabelNames())
    return joined(before, tracks_of(after, definition, before), since)


COUNTERS = {
    "both": counter("a", {100: 5, 115: 8, 130: 9, 145: 12}, {100: 1, 115: 1, 130: 2, 145: 2}),
    "a scrape twice": counter("a", {100: 5, 115: 5, 130: 5}, times={100: 98, 115: 98, 130: 129}),
    "began anew": counter("a", {100: 5, 115: 8, 130: 1, 145: 2}, {100: 1, 115: 2, 145: 1}),
    "failed for the first time later": counter("a", {100: 5, 115: 8, 130: 9}, {130: 1}),
    "failures away for a moment": counter("a", {100: 5, 115: 8, 130: 9, 145: 11}, {100: 2, 115: 2, 145: 3}),
    "gone": counter("a", {100: 5, 115: 8}) + counter("b", {100: 1, 145: 2}),
    "came": counter("a", {100: 5, 145: 8}) + counter("b", {130: 1, 145: 2}, revision=OLD),
}


@pytest.mark.parametrize("border", [100, 115, 130])
@pytest.mark.parametrize("name", COUNTERS)
def test_counters_go_on(name: str, border: float) -> None:
    assert in_two(COUNTERS[name], ERRORS, border) == tracks(COUNTERS[name], ERRORS, LabelNames())


BUCKETS = {
    "0.5": {100: 1, 115: 2, 130: 3},
    "2.5": {100: 2, 115: 4, 130: 5},
    "10": {100: 3, 115: 5, 130: 6},
    "+Inf": {100: 3, 115: 5, 130: 7},
}


def test_buckets_that_are_not_asked_for_any_more_are_given_up() -> None:
    fewer = {name: values for name, values in BUCKETS.items() if name != "10"}
    early, late = cut(histogram("a", BUCKETS), 0, 115), cut(histogram("a", fewer), 116, 1e9)
    before = tracks(early, SLOW, LabelNames())
    found = joined(before, tracks(late, SLOW, LabelNames()), 0.0)
    assert found == tracks(histogram("a", fewer), SLOW, LabelNames())
    assert before == tracks(early, SLOW, LabelNames())


def test_a_bucket_that_is_new_does_not_count() -> None:
    fewer = {name: values for name, values in BUCKETS.items() if name != "2.5"}
    early, late = cut(histogram("a", fewer), 0, 115), cut(histogram("a", BUCKETS), 116, 1e9)
    found = joined(tracks(early, SLOW, LabelNames()), tracks(late, SLOW, LabelNames()), 0.0)
    assert found == tracks(histogram("a", fewer), SLOW, LabelNames())


def test_of_what_was_before_only_the_last_scrape_is_kept() -> None:
    found = in_two(COUNTERS["both"], ERRORS, 130, since=120)
    assert [moment for moment, _values in found[NEW]["a"].readings] == [115, 130, 145]


def test_a_pod_that_has_been_gone_for_long_is_forgotten() -> None:
    assert set(in_two(COUNTERS["gone"], ERRORS, 130, since=120)[NEW]) == {"b"}
    assert set(in_two(COUNTERS["gone"], ERRORS, 130, since=110)[NEW]) == {"a", "b"}
