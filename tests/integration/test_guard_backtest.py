# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Releases that are over, out of the sandbox's Prometheus: real controller, real samples, simulated users."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, routed, weight
from tests.integration.support.plays import Ansible, Data, Run, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import reach, release, start, status
from tests.integration.support.traffic import set_load

NAME = "tradesense-trading"
LOAD = 200
SECONDS = 12.0
# The sandbox is scraped every second. In production a window has 30 seconds.
POLICY: Obj = {
    "window": "2s",
    "delay": "2s",
    "staleness": "10s",
    # There is no half an hour of the past from which it could be measured.
    "evidence": {"burstiness": 1},
}


@pytest.fixture
def busy(space: Space, sandbox: Sandbox) -> Space:
    """A namespace with enough requests for windows of two seconds."""
    set_load(sandbox.simulator, space.name, LOAD)
    return space


def over(space: Space, sandbox: Sandbox, tag: str) -> Data:
    """Release a version, let users have it for some seconds, and return the options that mean this release."""
    start(space, *routed(NAME, weight(50), PAUSE, weight(100)))
    stable = status(space, NAME)["stableRS"]
    canary = release(space, NAME, tag)
    reach(space, NAME, "Paused", step=1)
    # Prometheus takes some seconds to find a new pod; a guard's warm-up hides that.
    space.until(lambda: scraped(space, sandbox, canary), "the new pods in Prometheus")
    began = time.time()
    # Not to wait for anything: this is the release. The delay of the policy comes on top.
    time.sleep(SECONDS + 3)
    return {
        "service": NAME,
        "canary_hash": canary,
        "stable_hash": stable,
        "trading": True,
        "start": f"{began:.3f}",
        # The pods are warm: they do not get quicker.
        "ready": f"{began - 60:.3f}",
        "duration": f"{SECONDS:g}",
        "policy": POLICY,
    }


def scraped(space: Space, sandbox: Sandbox, revision: str) -> bool:
    """Return whether Prometheus has two samples of the pods of a revision."""
    series = f'http_requests_total{{namespace="{space.name}",rollouts_pod_template_hash="{revision}"}}'
    asked = {"query": f"min(count_over_time({series}[20s])) > 1"}
    answer = requests.get(f"{sandbox.prometheus}/api/v1/query", params=asked, timeout=10)
    return bool(answer.json()["data"]["result"])


def play(ansible: Ansible, space: Space, sandbox: Sandbox, *tasks: Data) -> Run:
    """Run tasks that may ask the sandbox's Prometheus."""
    for each in tasks:
        each.setdefault("environment", {})["TRADESENSE_PROMETHEUS_URL"] = sandbox.prometheus
    return ansible.tasks(space.name, list(tasks))


def backtest(name: str, *, fails: bool = False, check: bool = False, **options: Any) -> Data:
    """Return a task."""
    return task("guard_backtest", name=name, fails=fails, check=check, **options)


def counted(impact: Data) -> int:
    """Return what went wrong."""
    return int(impact["failed"])


def test_a_bad_release_its_recording_and_another_policy(
    ansible: Ansible, busy: Space, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A third of the requests fails: found within seconds; the recording says the same, and a lenient policy another thing."""
    meant, path = over(busy, sandbox, "v2-errors30"), str(tmp_path / "release.json")
    lenient = {
        **POLICY,
        "metrics": {"error_rate": {"margin": 100, "critical": False, "warning": False}},
        "certify": {"metrics": []},
    }
    run = play(
        ansible,
        busy,
        sandbox,
        backtest("planned", record=path, check=True, **meant),
        backtest("asked", record=path, **meant),
        backtest("again", record=path, **meant),
        backtest("replayed", src=path, policy=POLICY),
        backtest("lenient", src=path, policy=lenient),
    )
    asked = run["asked"].data
    assert (asked["verdict"], run["asked"].changed) == ("rollback", True), run["asked"].msg
    assert asked["rolled_back"]["reasons"][0]["metric"] == "error_rate"
    assert asked["rolled_back"]["seconds"] <= 6
    # Half of 200 requests a second are the canary's, and three of ten of these fail.
    whole, until = asked["impact"], asked["rolled_back"]["impact"]
    assert whole["requests"] == pytest.approx(LOAD / 2 * SECONDS, rel=0.25)
    assert whole["failed"] == pytest.approx(0.3 * whole["requests"], rel=0.25)
    assert 0 < counted(until) < counted(whole)
    assert "would have been rolled back after" in run["asked"].msg
    assert run["planned"].changed
    assert not run["again"].changed
    for field in ("verdict", "rolled_back", "held", "impact", "windows", "burstiness", "msg"):
        assert run["replayed"].data[field] == asked[field] == run["planned"].data[field], field
    assert run["lenient"].data["rolled_back"] is None
    recorded = json.loads(Path(path).read_text())
    assert (recorded["service"], recorded["canary_hash"]) == (NAME, meant["canary_hash"])
    assert set(recorded["metrics"]) >= {"error_rate", "response_time_p99", "request_rate", "order_success"}


def test_a_good_release_goes_on(ansible: Ansible, busy: Space, sandbox: Sandbox) -> None:
    """The split of the requests is judged too."""
    meant = over(busy, sandbox, "v2")
    weights = [{"since": meant["start"], "weight": 50}]
    run = play(ansible, busy, sandbox, backtest("good", weights=weights, **meant))
    good = run["good"].data
    assert (good["verdict"], good["held"], good["rolled_back"]) == ("continue", None, None), good["msg"]
    assert [each["window"] for each in good["windows"]] == list(range(6))
    assert all(each["canary"]["requests"] > 0 and each["stable"]["requests"] > 0 for each in good["windows"])
    assert good["promotable"], "300 requests were served, or it was certified"
    assert not run["good"].changed


def test_what_cannot_be_replayed_is_told_in_a_sentence(
    ansible: Ansible, space: Space, sandbox: Sandbox, tmp_path: Path
) -> None:
    """No such revision in Prometheus, options that do not fit together, files that are none."""
    (tmp_path / "none.json").write_text("{}")
    meant: Data = {"service": NAME, "canary_hash": "6c96ffff68", "start": "-1m", "policy": POLICY}
    run = play(
        ansible,
        space,
        sandbox,
        backtest("unknown", fails=True, **meant),
        backtest("future", fails=True, **{**meant, "start": "2999-01-01T00:00:00Z"}),
        backtest("no service", fails=True, **{**meant, "service": ""}),
        backtest("no file", fails=True, src=str(tmp_path / "nothing.json")),
        backtest("no recording", fails=True, src=str(tmp_path / "none.json")),
        backtest("policy", fails=True, **{**meant, "policy": {"widow": "30s"}}),
    )
    reasons = {
        "unknown": ("NoData", "nothing of revision 6c96ffff68"),
        "future": ("BadOption", "is not in the past"),
        "no service": ("BadOption", "service is missing"),
        "no file": ("BadRecording", "No such file"),
        "no recording": ("BadRecording", "the file is no recording"),
        "policy": ("BadPolicy", "widow"),
    }
    for name, (reason, words) in reasons.items():
        assert run[name].data["reason"] == reason, run[name].data
        assert words in run[name].msg
        assert "\n" not in run[name].msg or name == "policy"
