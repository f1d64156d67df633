# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers as Prometheus 3 sends them, and as others do."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import QueryFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import (
    Answer,
    Ask,
    Kind,
    Point,
    Reply,
    Sample,
    Series,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.parsing import answer_of

ASK = Ask("http://prometheus.example:9090", "sum(\n  up\n)")
AT = 1795528025.324
POD = {"__name__": "up", "namespace": "team", "pod": "web-5d8f7b9c4d-x2x9p"}


def parse(body: Any, code: int = 200, content_type: str = "application/json") -> Answer:
    """Return the answer that a body holds."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer_of(ASK, Reply(code, data, content_type))


def success(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    """Return the body of a good answer."""
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def test_a_vector() -> None:
    other = {**POD, "pod": "web-5d8f7b9c4d-zzzzz"}
    answer = parse(success("vector", [{"metric": POD, "value": [AT, "1"]}, {"metric": other, "value": [AT, "0.25"]}]))
    assert answer == Answer(Kind.VECTOR, samples=(Sample(POD, AT, 1.0), Sample(other, AT, 0.25)))
    assert not answer.empty


def test_no_data_is_an_answer_without_samples_and_not_a_zero() -> None:
    answer = parse(success("vector", []))
    assert answer.samples == ()
    assert answer.empty
    assert parse(success("matrix", [])).empty
    assert parse(success("matrix", [{"metric": {}, "values": []}])).empty


def test_a_zero_is_data() -> None:
    answer = parse(success("vector", [{"metric": {}, "value": [AT, "0"]}]))
    assert answer.samples[0].value == 0.0
    assert not answer.empty


@pytest.mark.parametrize(("text", "value"), [("+Inf", math.inf), ("-Inf", -math.inf), ("1.5e-07", 1.5e-07)])
def test_values_that_json_has_no_numbers_for(text: str, value: float) -> None:
    assert parse(success("vector", [{"metric": {}, "value": [AT, text]}])).samples[0].value == value


def test_nan_stays_nan() -> None:
    answer = parse(success("vector", [{"metric": {}, "value": [AT, "NaN"]}]))
    assert math.isnan(answer.samples[0].value)
    assert not answer.empty


def test_a_scalar_is_one_sample_without_labels() -> None:
    assert parse(success("scalar", [1795528025, "2"])) == Answer(Kind.SCALAR, samples=(Sample({}, 1795528025.0, 2.0),))


def test_a_string() -> None:
    answer = parse(success("string", [AT, "foo"]))
    assert (answer.kind, answer.text, answer.empty) == (Kind.STRING, "foo", False)


def test_a_matrix_has_no_points_where_there_were_no_values() -> None:
    body = success("matrix", [{"metric": POD, "values": [[AT, "1"], [AT + 30, "NaN"]]}])
    [series] = parse(body).series
    assert series.labels == POD
    assert series.points[0] == Point(AT, 1.0)
    assert (series.points[1].timestamp, str(series.points[1].value)) == (AT + 30, "nan")
    assert len(series.points) == 2
    assert isinstance(series, Series)


def test_warnings_and_infos_are_kept_beside_the_data() -> None:
    warning = "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"
    info = 'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)'
    answer = parse(success("scalar", [AT, "1"], warnings=[warning], infos=[info]))
    assert answer.warnings == (warning,)
    assert answer.infos == (info,)
    assert parse(success("scalar", [AT, "1"], warnings=None)).warnings == ()


def test_a_partial_answer_of_victoriametrics_warns() -> None:
    [warning] = parse(success("scalar", [AT, "1"], isPartial=True)).warnings
    assert "partial" in warning
    assert parse(success("scalar", [AT, "1"], isPartial=False)).warnings == ()


@pytest.mark.parametrize(
    "body",
    [
        success("vector", [{"metric": {}, "histogram": [AT, {"count": "5", "sum": "2", "buckets": []}]}]),
        success("matrix", [{"metric": {}, "values": [[AT, "1"]], "histograms": [[AT + 1, {"count": "5"}]]}]),
    ],
)
def test_a_native_histogram_is_refused_instead_of_left_out(body: Any) -> None:
    with pytest.raises(QueryFailure, match="native histograms") as failure:
        parse(body)
    assert failure.value.reason == "NotANumber"
    assert "histogram_quantile" in failure.value.hint


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Hello",
        b"null",
        b"[]",
        b'{"status": "success"}',
        {"status": "success", "data": None},
        {"status": "success", "data": {"resultType": "table", "result": []}},
        success("vector", None),
        success("vector", {}),
        success("vector", [None]),
        success("vector", [{"metric": {}}]),
        success("vector", [{"metric": {}, "value": [AT]}]),
        success("vector", [{"metric": {}, "value": [AT, "much"]}]),
        success("vector", [{"metric": {}, "value": [AT, None]}]),
        success("matrix", [{"metric": {}, "values": "12"}]),
        success("matrix", [{"metric": None, "values": []}]),
        success("scalar", []),
        success("string", []),
        {"ok": True, "version": "13.1"},
    ],
)
def test_what_is_only_half_understood_is_not_taken_for_an_answer_without_data(body: Any) -> None:
    with pytest.raises(QueryFailure) as failure:
        parse(body)
    assert failure.value.reason == "NotPrometheus"
    assert "not the result of a query" in failure.value.msg
    assert failure.value.where == "http://prometheus.example:9090, query sum( up )"


def test_an_error_with_the_status_of_success_is_an_error() -> None:
    body = {"status": "error", "errorType": "execution", "error": "query processing would load too many samples"}
    with pytest.raises(QueryFailure, match="too many samples"):
        parse(body)
