# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Releases of the past through the guard: when it would have said what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.recording import Recorded, Recording
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.replay import Replay, replay
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.report import lines, sentence, to_ansible
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import read_policies
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

from tests.unit.plugins.module_utils._backtest.backtest_builders import (
    POLICIES,
    RELEASE,
    STABLE,
    START,
    Pod,
    bad_from,
    recording,
)

HEALTHY = Pod("new-0", "new")
BAD = Pod("new-0", "new", failed=bad_from(120))


def looked(found: Recording, **written: Any) -> Replay:
    """Return the replay of a recording under a policy."""
    return replay(found, read_policies(written) if written else POLICIES)


def in_turns(odd: int) -> Callable[[float], float]:
    """Return a rate of failures of two a second in every other window."""
    return lambda second: 2.0 if (second // 30) % 2 == odd else 0.0


def test_a_healthy_release_goes_on() -> None:
    found = looked(recording(HEALTHY, *STABLE))
    assert [look.window.index for look in found.looks] == list(range(20))
    assert {look.decision.verdict.value for look in found.looks} == {"continue"}
    assert found.held is found.rolled_back is None
    assert to_ansible(RELEASE, found)["verdict"] == "continue"
    assert "would have gone on (20 windows with data)" in sentence(RELEASE, found)


def test_a_bad_release_is_rolled_back_in_the_first_bad_window() -> None:
    """From second 120 on the pod fails three of its ten requests a second: the window from 120 to 150 has 90 of 300."""
    found = looked(recording(BAD, *STABLE))
    assert found.rolled_back
    assert found.rolled_back.window.index == 4
    assert found.looks[-1] is found.rolled_back, "after that it would have been another release"
    result = to_ansible(RELEASE, found)
    first = result["rolled_back"]
    assert (first["window"], first["time"], first["seconds"]) == (4, "2026-11-27T10:17:30Z", 150.0)
    assert first["reasons"][0]["metric"] == "error_rate"
    # 300 requests in each of five windows; of the first four 0.05 a second fail, of the fifth 3 a second.
    assert first["impact"]["requests"] == 1500
    assert first["impact"]["failed"] == pytest.approx(4 * 1.5 + 90, abs=3)
    assert first["impact"]["excess_failures"] == pytest.approx(90 - 1.5, abs=4)
    # What came after is told as it was: 16 bad windows in all.
    assert result["impact"]["requests"] == 6000
    assert result["impact"]["failed"] == pytest.approx(4 * 1.5 + 16 * 90, abs=4)
    assert "would have been rolled back after 150 s, at 2026-11-27T10:17:30Z: error rate: 30 % of 300" in result["msg"]


def test_every_window_says_what_was_counted_and_why() -> None:
    windows = to_ansible(RELEASE, looked(recording(BAD, *STABLE)))["windows"]
    assert windows[0]["canary"]["requests"] == 300
    assert windows[0]["stable"]["requests"] == 900
    assert (windows[0]["start"], windows[0]["end"]) == ("2026-11-27T10:15:00Z", "2026-11-27T10:15:30Z")
    assert windows[0]["reason"] == ""
    assert windows[4]["verdict"] == "rollback"
    assert windows[4]["stage"] == "preflight"
    assert windows[4]["page"] is True
    assert windows[4]["evidence"]["relative"] > 100
    assert windows[4]["evidence"]["by_metric"]["error_rate"] > windows[4]["evidence"]["relative"]


def test_an_incident_of_both_would_have_held_and_not_rolled_back() -> None:
    both = [replace(pod, failed=bad_from(120)) for pod in (HEALTHY, *STABLE)]
    found = looked(recording(*both))
    assert found.held
    assert found.rolled_back is None
    assert len(found.looks) == 20, "it goes on until the end"
    assert "would not have been rolled back" in sentence(RELEASE, found)


def test_the_mode_of_the_policy_does_not_matter() -> None:
    for mode in ("dry_run", "hold_only", "enforce"):
        found = looked(recording(BAD, *STABLE), mode=mode)
        assert found.rolled_back
        assert found.rolled_back.window.index == 4


def test_another_policy_says_another_thing_of_the_same_recording() -> None:
    """A tenth of the requests fails, on stable half a per cent: twelve times the odds are as good as stable here."""
    tenth = recording(Pod("new-0", "new", failed=bad_from(120, 0.1)), *STABLE)
    assert looked(tenth).rolled_back
    lenient = looked(tenth, metrics={"error_rate": {"margin": 50, "critical": False, "warning": False}})
    assert lenient.rolled_back is None


def test_windows_without_data_are_missing_and_hold() -> None:
    """The pods' samples end after 120 s."""
    silent = [replace(pod, gone=120.0) for pod in (HEALTHY, *STABLE)]
    found = looked(recording(*silent))
    assert [look.canary for look in found.looks[4:]] == [None] * 16
    assert found.held
    assert (found.held.window.index, found.held.decision.verdict.value) == (7, "inconclusive")
    assert found.rolled_back is None
    told = list(lines(found))
    assert len(told) == 2, "only what changes is told"
    assert "no data: inconclusive: no data for 120 s" in told[1]


def test_the_warm_up_counts_from_when_the_pods_were_ready() -> None:
    early = Pod("new-0", "new", failed=bad_from(0))
    found = looked(recording(early, *STABLE, ready=START))
    assert found.rolled_back
    assert found.rolled_back.window.index == 2, "two windows of the warm-up do not count"
    assert [look.state.stage.value for look in found.looks[:2]] == ["warmup", "warmup"]


def test_after_the_promotion_nothing_is_compared() -> None:
    """Stable is gone by then; what is over the threshold is rolled back without it."""
    late = Pod("new-0", "new", failed=bad_from(300))
    gone = [replace(pod, gone=240.0) for pod in STABLE]
    found = looked(recording(late, *gone, promoted=START + 240))
    assert {look.decision.verdict.value for look in found.looks[:10]} == {"continue"}
    assert found.looks[9].state.stage.value == "baking"
    assert found.rolled_back
    assert found.rolled_back.window.index >= 10


def test_without_a_stable_revision_thresholds_decide() -> None:
    found = looked(recording(BAD, stable=None))
    assert found.rolled_back
    assert found.rolled_back.state.evidence.relative == 0.0


def test_burstiness_is_measured_on_what_was_before() -> None:
    """The pods of stable fail in turns of thirty seconds, twenty at once."""
    noisy = [replace(pod, failed=in_turns(number % 2)) for number, pod in enumerate((*STABLE, Pod("old-3", "old")))]
    measured = looked(recording(HEALTHY, *noisy, history=1800.0))
    assert measured.burstiness[Metric.ERROR_RATE] == 10.0
    assert measured.policy.metrics[0].relative.burstiness == 10.0
    assert measured.policy.metrics[1].relative.burstiness == 10.0, "nothing was slow, so it is taken for as bursty"
    assert looked(recording(HEALTHY, *noisy)).burstiness == {}


def test_orders_are_judged_of_services_that_trade() -> None:
    selling = [replace(pod, orders=2.0, failed_orders=0.01) for pod in STABLE]
    failing = replace(HEALTHY, orders=2.0, failed_orders=0.8)
    found = looked(recording(failing, *selling, trading=True))
    assert found.rolled_back
    assert found.rolled_back.decision.reasons[0].metric is Metric.ORDER_SUCCESS
    result = to_ansible(RELEASE, found)["rolled_back"]["impact"]
    assert result["failed_orders"] == pytest.approx(0.4 * result["orders"], rel=0.05)
    assert looked(recording(failing, *selling)).rolled_back is None


def test_stalls_count_as_gone_wrong() -> None:
    found = looked(recording(replace(HEALTHY, slow=2.0), *STABLE))
    assert found.rolled_back
    impact = to_ansible(RELEASE, found)["rolled_back"]["impact"]
    assert impact["slow"] == pytest.approx(0.2 * impact["requests"], abs=2)


def test_a_split_that_is_not_the_weight_holds() -> None:
    """One pod of four has a quarter of the requests, and the weight says five per cent."""
    shares = ((START - 10, 0.05),)
    found = looked(recording(HEALTHY, *STABLE, weights=shares))
    assert found.held
    assert found.held.decision.verdict.value == "inconclusive"
    assert looked(recording(HEALTHY, *STABLE, weights=((START - 10, 0.25),))).held is None
    unknown = ((START - 10, 0.05), (START, None))
    assert looked(recording(HEALTHY, *STABLE, weights=unknown)).held is None


def test_a_weight_counts_for_windows_that_have_it_all_the_time() -> None:
    release = replace(RELEASE, weights=((100.0, 0.1), (130.0, 0.5)))
    assert release.weight(70.0, 100.0) is None
    assert release.weight(100.0, 130.0) == 0.1
    assert release.weight(115.0, 145.0) is None
    assert release.weight(145.0, 175.0) == 0.5


def test_a_metric_that_was_not_recorded_is_told() -> None:
    whole = recording(BAD, *STABLE)
    part = replace(whole, metrics={Metric.ERROR_RATE: whole.metrics[Metric.ERROR_RATE]})
    found = looked(part)
    assert found.skipped == (Metric.RESPONSE_TIME, Metric.REQUEST_RATE)
    assert found.rolled_back


@pytest.mark.parametrize(
    ("changed", "written", "words"),
    [
        ({"end": START + 20}, {}, "20 s, is shorter than a window"),
        ({"end": START + 400_000}, {}, "13333 windows, more than 10000"),
        ({}, {"window": "10s"}, "the samples are 15 s apart, and the policy's window of 10 s needs two in each"),
        ({}, {"metrics": {"error_rate": {"series": "requests_total"}}}, "error_rate was recorded by another query"),
    ],
    ids=["too short", "too long", "too coarse", "another query"],
)
def test_a_recording_that_does_not_fit_is_refused_in_a_sentence(
    changed: dict[str, Any], written: dict[str, Any], words: str
) -> None:
    made = recording(HEALTHY, *STABLE)
    made = replace(made, release=replace(made.release, **changed))
    with pytest.raises(DeliveryError) as caught:
        replay(made, read_policies(written))
    assert words in caught.value.msg
    assert caught.value.hint
    assert caught.value.reason == "BadOption"


def test_a_recording_serves_policies_with_other_bounds() -> None:
    made = recording(replace(HEALTHY, slow=2.0), *STABLE)
    found = looked(made, metrics={"response_time_p99": {"bounds": [1], "critical": 2.5, "warning": 1}})
    assert found.rolled_back


def test_nothing_measured_is_said() -> None:
    nothing = recording(HEALTHY, *STABLE)
    empty = replace(nothing, metrics={key: Recorded(each.query, ()) for key, each in nothing.metrics.items()})
    found = looked(replace(empty, release=replace(empty.release, end=START + 60)))
    assert sentence(RELEASE, found) == "revision new of web was not measured: no window has data after the warm-up"
