# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The module guard_backtest as Ansible runs it, with a FAKE Prometheus behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.fetching import fetch
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.file import to_json
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.recording import Recording
from ansible_collections.tradesense.delivery.plugins.modules import guard_backtest

from tests.unit.plugins.fake_prometheus import FakePrometheus, Said, connected, fake_prometheus
from tests.unit.plugins.module_utils._backtest.backtest_builders import (
    POLICY,
    RELEASE,
    STABLE,
    START,
    Pod,
    bad_from,
    policy_for,
    recording,
)

# The time of these releases has to be over by any clock, also by one that is years behind.
EARLY = 1_600_000_000.0
MADE = recording(Pod("new-0", "new", failed=bad_from(120)), *STABLE, start=EARLY, end=EARLY + 600, ready=EARLY - 600)
MEANT: dict[str, Any] = {
    "namespace": "shop",
    "service": "web",
    "canary_hash": "new",
    "stable_hash": "old",
    "start": "1600000000",
    "duration": "10m",
    "ready": "2020-09-13T12:16:40Z",
    "history": "0",
}
NOTHING = Said({"status": "success", "data": {"resultType": "matrix", "result": []}})


def run(capsys: pytest.CaptureFixture[str], *, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module and return its result, which has to be strict JSON."""
    given = {**options, **({"_ansible_check_mode": True} if check else {})}
    with patch_module_args(given), pytest.raises(SystemExit):
        guard_backtest.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return found


def answers(made: Recording) -> dict[str, Said]:
    """Return what Prometheus says to each query of a recording."""
    found = {}
    for recorded in made.metrics.values():
        result = [
            {"metric": dict(one.labels), "values": [[point.timestamp, str(point.value)] for point in one.points]}
            for one in recorded.series
        ]
        found[recorded.query] = Said({"status": "success", "data": {"resultType": "matrix", "result": result}})
    return found


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    """Return a FAKE that knows one bad release."""
    with fake_prometheus() as fake:
        fake.standing.update(answers(MADE))
        fake.say(NOTHING)
        yield fake


def test_a_bad_release_out_of_prometheus(capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus) -> None:
    result = run(capsys, prometheus_url=prometheus.address, **MEANT)
    assert result["changed"] is False
    assert result["verdict"] == "rollback"
    assert result["rolled_back"]["seconds"] == 150.0
    assert result["held"] == result["rolled_back"]
    assert len(result["windows"]) == 5
    assert [line.split(", ")[0] for line in result["progress"]] == ["window 0", "window 4"]
    # One query for each metric that a service without orders has, and never one without namespace, service and hash.
    assert len(prometheus.asked) == 3
    for asked in prometheus.asked:
        assert asked.path == "/api/v1/query_range"
        for part in ('namespace="shop"', 'service=~"web"', 'rollouts_pod_template_hash=~"new|old"'):
            assert part in asked.form["query"]
        assert float(asked.form["step"]) == 15.0
        assert float(asked.form["start"]) == EARLY - 60
        assert float(asked.form["end"]) == EARLY + 600


def test_a_recording_says_the_same_as_prometheus(
    capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus, tmp_path: Path
) -> None:
    path = tmp_path / "release.json"
    first = run(capsys, prometheus_url=prometheus.address, record=str(path), **MEANT)
    assert first.pop("changed") is True
    again = run(capsys, prometheus_url=prometheus.address, record=str(path), **MEANT)
    assert again.pop("changed") is False, "the same samples are the same file"
    asked = len(prometheus.asked)
    replayed = run(capsys, src=str(path))
    assert len(prometheus.asked) == asked
    assert replayed.pop("changed") is False
    for found in (first, again, replayed):
        found.pop("invocation", None)
    assert first == again == replayed
    assert path.stat().st_mode & 0o600 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["release.json"]


def test_check_mode_writes_no_file(
    capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus, tmp_path: Path
) -> None:
    path = tmp_path / "release.json"
    result = run(capsys, check=True, prometheus_url=prometheus.address, record=str(path), **MEANT)
    assert result["changed"] is True
    assert result["verdict"] == "rollback"
    assert list(tmp_path.iterdir()) == []


def test_metrics_that_a_recording_lacks_are_warned_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    # Ansible tells a warning once in a process, and another test may have had it.
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: warned.append(text))
    path = tmp_path / "release.json"
    whole = json.loads(to_json(MADE))
    del whole["metrics"]["response_time_p99"]
    path.write_text(json.dumps(whole))
    result = run(capsys, src=str(path))
    assert result["verdict"] == "rollback"
    assert any("no response_time_p99" in text for text in warned)


def test_no_data_of_the_revision_fails(capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus) -> None:
    result = run(capsys, prometheus_url=prometheus.address, **{**MEANT, "canary_hash": "other"})
    assert (result["failed"], result["reason"]) == (True, "NoData")
    assert "Prometheus has nothing of revision other of web in this time" in result["msg"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"service": None}, "service is missing"),
        ({"namespace": None}, "namespace is missing"),
        ({"canary_hash": None}, "canary_hash is missing"),
        ({"stable_hash": "new"}, "canary_hash and stable_hash are the same"),
        ({"start": "yesterday"}, "option start cannot be read"),
        ({"start": "2999-01-01T00:00:00Z"}, "is not in the past"),
        ({"duration": None, "end": "1500000000"}, "end, 1500000000, is not after start, 1600000000"),
        ({"duration": "none"}, "option duration cannot be read"),
        ({"duration": "10y"}, "the time from start to end is"),
        ({"duration": "10s"}, "is shorter than a window"),
        ({"history": "-1h"}, "option history cannot be read"),
        ({"promoted": "later"}, "option promoted cannot be read"),
        ({"weights": [{"since": "1600000000", "weight": 120}]}, "weights[0].weight, 120.0, is no percentage"),
        (
            {"weights": [{"since": "1600000100", "weight": 1}, {"since": "1600000100", "weight": 2}]},
            "weights[1].since is not after the one before",
        ),
        ({"policy": {"widow": "30s"}}, "widow"),
        ({"record": "/nowhere/at/all.json"}, "the recording cannot be written: No such file or directory"),
        ({"end": "1600000600"}, "mutually exclusive"),
        ({"src": "x.json"}, "mutually exclusive"),
        ({"start": None}, "start"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus, changed: dict[str, Any], words: str
) -> None:
    given = {name: value for name, value in {**MEANT, **changed}.items() if value is not None}
    result = run(capsys, prometheus_url=prometheus.address, **given)
    assert result["failed"] is True
    assert words in result["msg"]
    assert "\n" not in result["msg"]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such file"), (b"\xff\xfe", "it is not UTF-8")]
)
def test_a_file_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "release.json"
    if content is not None:
        path.write_bytes(content)
    result = run(capsys, src=str(path))
    assert result["reason"] == "BadRecording"
    assert words in result["msg"]


def test_prometheus_that_does_not_answer_fails_the_task(
    capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus
) -> None:
    prometheus.standing.clear()
    prometheus.answers.clear()
    prometheus.say(Said({"status": "error", "errorType": "bad_data", "error": "parse error"}, status=400))
    result = run(capsys, prometheus_url=prometheus.address, **MEANT)
    assert (result["failed"], result["error_type"]) == (True, "bad_data")


def test_what_has_not_happened_yet_is_left_out(
    capsys: pytest.CaptureFixture[str], prometheus: FakePrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By this clock the release has been going on for 100 s; Prometheus may lack the last fifteen of them."""
    monkeypatch.setattr("time.time", lambda: EARLY + 100)
    result = run(capsys, prometheus_url=prometheus.address, **MEANT)
    assert len(result["windows"]) == 2
    assert float(prometheus.asked[0].form["end"]) == EARLY + 75


def test_a_long_release_is_asked_for_in_pieces(prometheus: FakePrometheus) -> None:
    long = recording(Pod("new-0", "new"), *STABLE, end=START + 30_000.0)
    prometheus.standing.update(answers(long))
    with connected(prometheus.address) as connection:
        found = fetch(connection, policy_for(RELEASE), long.release)
    forms = [asked.form for asked in prometheus.asked if "failed" in asked.form["query"]]
    times = [(float(form["start"]) - START, float(form["end"]) - START) for form in forms]
    assert times == [(-60.0, 14_925.0), (14_940.0, 29_925.0), (29_940.0, 30_000.0)]
    # The FAKE answers all of it to each, and no point is there twice.
    assert found.metrics == long.metrics
    assert POLICY.window / 2 == found.step
