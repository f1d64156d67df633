# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The decision table, row by row, on windows of counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import take_in
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.decision import decide
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.facts import Facts, PodFacts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import ServiceWindow
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Mode, Stage, Verdict

from tests.unit.plugins.module_utils._guard.guard_builders import (
    BAD,
    BOTH_BAD,
    GOOD,
    LIVE,
    POLICY,
    TRADING,
    fed,
    policy,
    side,
    state,
    verdicts,
    window,
)

NONE = (None, None)
BAKE = Facts(control=False)
# Four times stable, of few requests.
DOUBTFUL = (300, 6), (2700, 13)


def test_a_healthy_release_goes_on_and_may_be_promoted() -> None:
    after, decisions = fed(POLICY, state(), GOOD, every=10)
    assert set(verdicts(decisions)) == {"continue"}
    assert decisions[-1].promotable
    assert decisions[-1].reasons == decisions[-1].warnings == ()
    assert not decisions[-1].page
    assert after.stage is Stage.OBSERVING
    assert after.served == 3000


def test_worse_than_stable_is_rolled_back() -> None:
    after, decisions = fed(POLICY, state(), GOOD, GOOD, BAD)
    assert verdicts(decisions) == ["continue", "continue", "rollback"]
    decision = decisions[-1]
    assert decision.action is Verdict.ROLLBACK
    assert decision.page
    reason = decision.reasons[0]
    assert reason.metric is Metric.ERROR_RATE
    assert reason.value == 0.2
    assert reason.threshold == pytest.approx(13 / 2700)
    assert reason.evidence is not None
    assert reason.evidence > 100
    assert reason.text.startswith(
        "error rate: 20 % of 300 requests failed, on stable 0.48 % of 2700 requests failed (last window); evidence 10^"
    )
    assert reason.text.endswith("rollback at 100")
    assert after.stage is Stage.PREFLIGHT
    assert after.marks["preflight"] == 1060.0
    assert after.onset == 2


def test_between_the_levels_it_is_held_and_goes_on_when_calm() -> None:
    held, decisions = fed(POLICY, state(), DOUBTFUL, every=5)
    assert "hold" in verdicts(decisions)
    assert "rollback" not in verdicts(decisions)
    first = decisions[verdicts(decisions).index("hold")]
    assert "hold at 20" in first.text
    assert not first.page
    assert held.stage is Stage.HOLDING
    better, decisions = fed(POLICY, held, GOOD, every=40)
    words = verdicts(decisions)
    assert words[0] == "hold"
    assert words[-1] == "continue"
    resumed = words.index("continue")
    assert set(words[resumed:]) == {"continue"}, "it does not flutter"
    waiting = decisions[resumed - 1]
    assert waiting.text.startswith("held until the evidence was below 10 for 4 windows in a row: 3 so far, evidence ")
    assert better.stage is Stage.OBSERVING
    assert better.relative["error_rate"].peak > POLICY.levels.hold, "nothing was forgotten"


def test_rollback_stays_possible_during_a_hold() -> None:
    held, _ = fed(POLICY, state(), DOUBTFUL, every=5)
    _, decisions = fed(POLICY, held, BAD)
    assert verdicts(decisions) == ["rollback"]


def test_both_bad_is_held_and_paged() -> None:
    """The canary is worse than stable, but stable is over its thresholds as well."""
    _, decisions = fed(POLICY, state(), ((300, 250), (2700, 810)), every=3)
    assert set(verdicts(decisions)) == {"hold"}
    assert decisions[-1].page
    assert decisions[-1].reasons[0].text == "stable is over its critical thresholds too, so going back would not help"
    assert any(reason.text.startswith("stable, error rate: 30 % of 2700 requests") for reason in decisions[-1].reasons)


def test_a_shared_incident_is_held_and_goes_on_when_it_is_over() -> None:
    before, _ = fed(POLICY, state(), GOOD, every=5)
    during, decisions = fed(POLICY, before, BOTH_BAD, every=6)
    assert set(verdicts(decisions[1:])) == {"hold"}
    assert decisions[-1].page
    assert "an incident of both, not of the release" in decisions[-1].text
    _, decisions = fed(POLICY, during, GOOD, every=12)
    assert verdicts(decisions)[-1] == "continue", "minutes after it, not hours"
    assert "rollback" not in verdicts(decisions)


def test_over_a_threshold_alone_is_held() -> None:
    """Stable's requests are few, so there is no proof that the canary is worse; stable is well."""
    _, decisions = fed(POLICY, state(), ((300, 60), (5, 0)), every=5)
    assert set(verdicts(decisions)) == {"hold"}
    assert decisions[-1].page
    assert "at most 5 % are allowed" in decisions[-1].text
    strict = policy(absolute={"rollback": True})
    _, decisions = fed(strict, state(), ((300, 60), (5, 0)))
    assert verdicts(decisions) == ["rollback"]


def test_without_a_control_thresholds_roll_back() -> None:
    after, decisions = fed(POLICY, state(), ((3000, 15), None), facts=BAKE, every=4)
    assert set(verdicts(decisions)) == {"continue"}
    assert after.stage is Stage.BAKING
    _, decisions = fed(POLICY, after, ((3000, 300), None), facts=BAKE, every=3)
    assert verdicts(decisions)[-1] == "rollback"


def test_what_was_bad_before_is_not_the_release() -> None:
    """A blue-green release never runs beside stable; what stable did before is known from its last hour."""
    for failed, verdict in ((9000, "hold"), (300, "rollback")):
        begun = replace(state(), usual={"error_rate": Counts(100_000, failed)})
        after, decisions = fed(POLICY, begun, ((3000, 300), None), facts=BAKE, every=3)
        assert verdicts(decisions)[-1] == verdict
        assert after.costs["error_rate"].excess == pytest.approx(900 - 9000 * failed / 100_000)
    assert (
        "was over the threshold before as well"
        in fed(
            POLICY, replace(state(), usual={"error_rate": Counts(100, 9)}), ((3000, 300), None), facts=BAKE, every=3
        )[1][-1].text
    )


def test_three_windows_in_a_row_over_a_threshold_are_enough() -> None:
    """The rule of the architecture; two are not, and a good one in between begins anew."""
    slow = policy(evidence={"burstiness": 10}, burn_rate={"windows": []})
    over, good = ((200, 13), None), ((200, 1), None)
    _, decisions = fed(slow, state(), over, over, good, over, over, facts=BAKE)
    assert set(verdicts(decisions)) == {"continue"}
    _, decisions = fed(slow, state(), over, over, over, facts=BAKE)
    assert verdicts(decisions) == ["continue", "continue", "rollback"]
    assert "over the threshold for 3 windows in a row, 6.5 % of 200 requests failed" in decisions[-1].text
    off = policy(evidence={"burstiness": 10}, absolute={"consecutive_windows": 0}, burn_rate={"windows": []})
    _, decisions = fed(off, state(), over, over, over, facts=BAKE)
    assert verdicts(decisions)[-1] == "continue"


def test_a_few_failures_are_not_over_a_threshold() -> None:
    after, _ = fed(POLICY, state(), ((6, 1), (54, 0)), every=3)
    assert after.over == {"error_rate": 0, "response_time_p99": 0}
    after, _ = fed(POLICY, state(), ((6, 6), (54, 0)))
    assert after.over["error_rate"] == 1, "but a total failure of few is"


def test_missing_windows_in_between_do_not_end_a_row() -> None:
    after, _ = fed(POLICY, state(), BAD, NONE, facts=LIVE)
    assert after.over["error_rate"] == 1


@pytest.mark.parametrize("gone", [NONE, (None, (2700, 13)), ((300, 1), None)])
def test_missing_data_is_inconclusive_and_never_a_rollback(gone: tuple[None, None]) -> None:
    before, _ = fed(POLICY, state(), GOOD, every=5)
    after, decisions = fed(POLICY, before, gone, every=21)
    assert verdicts(decisions) == ["continue"] * 3 + ["inconclusive"] * 18
    assert decisions[3].action is Verdict.HOLD
    assert decisions[3].text == "no data for 120 s: error rate"
    assert not decisions[0].promotable, "nothing is promoted blindly"
    assert [decision.page for decision in decisions].index(True) == 19, "after ten minutes"
    assert after.missing == 21
    _, decisions = fed(POLICY, after, GOOD, every=5)
    assert verdicts(decisions) == ["continue"] * 5


def test_after_a_revision_stands_alone_it_may_lack_stable() -> None:
    _, decisions = fed(POLICY, state(), ((300, 1), None), facts=BAKE, every=10)
    assert set(verdicts(decisions)) == {"continue"}


def test_no_traffic_at_night_is_not_missing_data() -> None:
    _, decisions = fed(POLICY, state(), ((0, 0), (0, 0)), every=50)
    assert set(verdicts(decisions)) == {"continue"}
    assert not any(decision.promotable for decision in decisions)
    _, decisions = fed(POLICY, state(), ((0, 0), (0, 0)), facts=replace(LIVE, ending=True))
    assert verdicts(decisions) == ["inconclusive"]
    assert decisions[0].text == (
        "the release has served 0 of the 300 requests that a decision takes, and was not shown to be as good as stable"
    )


def test_at_the_end_a_window_without_data_promotes_nothing() -> None:
    before, _ = fed(POLICY, state(), GOOD, every=5)
    _, decisions = fed(POLICY, before, NONE, facts=replace(LIVE, ending=True))
    assert verdicts(decisions) == ["inconclusive"]
    assert decisions[0].text == "the last window has no data"


def test_a_release_like_stable_is_certified() -> None:
    few = policy(min_requests=1_000_000)
    _, decisions = fed(few, state(), GOOD, every=30)
    assert not decisions[0].certified
    assert decisions[-1].certified
    assert decisions[-1].promotable


def test_metrics_that_are_not_required_only_warn_when_they_are_missing() -> None:
    before, decisions = state(), []
    for index in range(5):
        sides = [{Metric.ERROR_RATE: side(errors)[Metric.ERROR_RATE]} for errors in GOOD]
        found = ServiceWindow(index, sides[0], sides[1])
        before, decision = take_in(POLICY, before, [found], LIVE, 0.0)
        decisions.append(decision)
    assert decisions[-1].verdict is Verdict.CONTINUE
    assert [warning.text for warning in decisions[-1].warnings] == ["response time: no data for 150 s"]
    assert decisions[2].warnings == ()


@pytest.mark.parametrize(
    ("pods", "text"),
    [
        (PodFacts(late=True), "the new pods are not available although the progress deadline is over"),
        (PodFacts(crash_looping=("web-1",)), "new pods crash again and again: web-1"),
        (PodFacts(crash_looping=("a", "b", "c", "d")), "new pods crash again and again: a, b, c, ..."),
        (PodFacts(restarts=3), "the new pods were restarted 3 times, and stable's not once"),
        (PodFacts(down=30.4), "none of the new pods has been ready for 30 s, and users have no others"),
    ],
)
def test_sick_pods_are_rolled_back_without_prometheus(pods: PodFacts, text: str) -> None:
    facts = Facts(ready_at=None, pods=pods)
    after, decision = take_in(POLICY, state(), [], facts, 1.0)
    assert (decision.verdict, decision.text) == (Verdict.ROLLBACK, text)
    assert after.stage is Stage.PREFLIGHT


def test_restarts_of_both_are_not_the_release() -> None:
    for pods in (PodFacts(restarts=5, stable_restarts=1), PodFacts(restarts=2), PodFacts(down=29.0)):
        assert decide(POLICY, state(), Facts(pods=pods)).verdict is Verdict.CONTINUE


def test_requests_that_go_astray_are_inconclusive() -> None:
    before, decision = state(), None
    for index in range(20):
        found = window(index, (900, 4), (2100, 10), weight=0.1)
        before, decision = take_in(POLICY, before, [found], LIVE, 0.0)
    assert decision is not None
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.text.startswith("requests are not split as the weight says")
    assert decision.reasons[0].metric is Metric.REQUEST_RATE


def test_while_pods_warm_up_nothing_counts() -> None:
    warming = Facts(ready_at=1010.0)
    after, decisions = fed(POLICY, state(), BAD, BAD, facts=warming)
    assert set(verdicts(decisions)) == {"continue"}
    assert (after.seen, after.windows, after.stage) == (1, 0, Stage.WARMUP)
    assert after.costs["error_rate"].failed == 120, "but what users suffered is part of the impact"
    _, decisions = fed(POLICY, after, BAD, BAD, facts=warming)
    assert verdicts(decisions) == ["continue", "rollback"], "the third window begins at 1060 and is still warm-up"


def test_a_preview_without_users_is_not_judged() -> None:
    preview = Facts(serving=False, ending=True)
    after, decisions = fed(POLICY, state(), NONE, every=10, facts=preview)
    assert set(verdicts(decisions)) == {"continue"}
    assert after.missing == 0
    assert not decisions[-1].promotable


@pytest.mark.parametrize(
    ("mode", "actions"),
    [
        (Mode.ENFORCE, [Verdict.ROLLBACK, Verdict.HOLD]),
        (Mode.HOLD_ONLY, [Verdict.HOLD, Verdict.HOLD]),
        (Mode.DRY_RUN, [Verdict.CONTINUE, Verdict.CONTINUE]),
    ],
)
def test_the_mode_limits_what_is_done_not_what_is_said(mode: Mode, actions: list[Verdict]) -> None:
    found = POLICY.in_mode(mode)
    bad = fed(found, state(), BAD)[1][-1]
    blind = fed(found, state(), NONE, every=4)[1][-1]
    assert [bad.verdict, blind.verdict] == [Verdict.ROLLBACK, Verdict.INCONCLUSIVE]
    assert [bad.action, blind.action] == actions


def test_an_error_budget_that_burns_rolls_back_in_the_bake() -> None:
    """4 % of errors stay below the critical threshold, and use up the month's budget in days."""
    quick = policy(
        evidence={"burstiness": 10},
        metrics={"error_rate": {"warning": False}},
        burn_rate={"windows": [{"factor": 6, "long": "30m", "short": "5m"}]},
    )
    _, decisions = fed(quick, state(), ((1000, 40), None), facts=BAKE, every=60)
    words = verdicts(decisions)
    assert words[0] == "continue"
    assert words[-1] == "rollback"
    assert words.index("rollback") == 45, "three quarters of half an hour at 8 times make 6 times in all of it"
    assert decisions[45].text.startswith(
        "error budget of 0.5 % is spent 6.1 times too fast over 30m and 8.0 times over 5m"
    )
    _, decisions = fed(quick, state(), ((1000, 40), (9000, 360)), every=60)
    assert "rollback" not in verdicts(decisions), "while stable has the same"


def test_what_burns_slowly_holds_or_warns_as_the_policy_says() -> None:
    for action, verdict, warned in (("hold", "hold", False), ("warn", "continue", True)):
        rule = {"factor": 1, "long": "10m", "short": "1m", "action": action}
        found = policy(burn_rate={"windows": [rule]})
        _, decisions = fed(found, state(), ((1000, 10), None), facts=BAKE, every=20)
        assert verdicts(decisions)[-1] == verdict
        assert any("error budget" in warning.text for warning in decisions[-1].warnings) is warned


def test_a_warning_threshold_only_warns() -> None:
    _, decisions = fed(POLICY, state(), ((300, 9), (2700, 85)), every=20)
    assert set(verdicts(decisions)) == {"continue"}
    warning = decisions[-1].warnings[0]
    assert warning.text.startswith(
        "error rate: 3 % of 300 requests failed (last window), at most 2 % are allowed; evidence "
    )
    assert (warning.metric, warning.threshold) == (Metric.ERROR_RATE, 0.02)


def trading(index: int, **canary: tuple[int, int]) -> ServiceWindow:
    """Return a window in which errors are usual and some other metric of the canary is not."""
    usual = {
        "response_time_p99_5": (2700, 0),
        "response_time_p99_2": (2700, 1),
        "order_success": (800, 2),
        "position_update_latency_1": (1300, 1),
        "risk_check_failures": (800, 1),
    }
    errors = (300, 1), (2700, 13)
    return ServiceWindow(index, side(errors[0], **canary), side(errors[1], **usual))


@pytest.mark.parametrize(
    ("canary", "text"),
    [
        ({"order_success": (90, 30)}, "order success: 33 % of 90 orders failed, on stable 0.25 % of 800 orders failed"),
        ({"response_time_p99_5": (300, 30)}, "response time: 10 % of 300 requests took longer than 5 s, on stable 0 %"),
        (
            {"position_update_latency_1": (150, 90)},
            "position update latency: 60 % of 150 position updates took longer than 1 s, on stable 0.077 %",
        ),
        (
            {"risk_check_failures": (90, 20)},
            "risk check failures: 20 risk checks failed, on stable 1 risk checks failed",
        ),
    ],
)
def test_every_metric_can_roll_back(canary: dict[str, tuple[int, int]], text: str) -> None:
    before, decision = state(trading=True), None
    for index in range(4):
        before, decision = take_in(TRADING, before, [trading(index, **canary)], LIVE, 0.0)
        if decision.verdict is Verdict.ROLLBACK:
            break
    assert decision is not None
    assert decision.verdict is Verdict.ROLLBACK
    assert decision.reasons[0].text.startswith(text)


def test_the_success_of_orders_is_told_as_success() -> None:
    before, decision = state(trading=True), None
    for index in range(4):
        found = replace(trading(index, order_success=(90, 30)), stable={})
        before, decision = take_in(TRADING, before, [found], BAKE, 0.0)
    assert decision is not None
    reason = next(each for each in decision.reasons if each.metric is Metric.ORDER_SUCCESS)
    assert reason.value == pytest.approx(2 / 3)
    assert reason.threshold == 0.95
    assert "at least 95 % must succeed" in reason.text


def test_decisions_are_functions_of_what_they_get() -> None:
    after, _ = fed(POLICY, state(), BAD)
    assert decide(POLICY, after, LIVE) == decide(POLICY, after, LIVE)
    assert decide(POLICY, State("u", "h", "s", False, 0.0, {}), LIVE).verdict is Verdict.CONTINUE
