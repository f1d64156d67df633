# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole releases: false alarms, detection, a guard that is killed at any moment, and state that stays small."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin, policy_for, take_in
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.past import Past
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy import Policy
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.stages import moved, over, promoted, watching
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State, from_json, to_json
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import (
    Measured,
    ServiceWindow,
    Stream,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Mode, Stage, Verdict

from tests.unit.plugins.module_utils._evidence.streams import binomial, release, weight
from tests.unit.plugins.module_utils._guard.guard_builders import (
    BAD,
    GOOD,
    LIVE,
    POLICIES,
    POLICY,
    TRADING,
    fed,
    policies,
    policy,
    side,
    state,
    window,
)

Rate = Callable[[int], float]


def errors_of(rng: Random, rps: float, stable: Rate, canary: Rate | None = None) -> Iterator[ServiceWindow]:
    """Yield the windows of a release in which only errors differ."""
    for index, pair in enumerate(release(rng, rps, stable, canary)):
        new, old = (pair.canary.n, pair.canary.k), (pair.stable.n, pair.stable.k)
        yield ServiceWindow(index, side(new), side(old), weight(index))


def verdicts_of(found: Policy, windows: Iterator[ServiceWindow]) -> list[Verdict]:
    """Return the verdict of each look, until the first rollback."""
    now, verdicts = state(), []
    for each in windows:
        now, decision = take_in(found, now, [each], LIVE, 0.0)
        verdicts.append(decision.verdict)
        if decision.verdict is Verdict.ROLLBACK:
            break
    return verdicts


@pytest.mark.parametrize(
    "rate",
    [
        lambda _: 0.005,
        lambda _: 0.018,
        lambda index: 0.005 * (1 + index / 20),
        lambda index: 0.2 if 20 <= index < 26 else 0.005,
    ],
    ids=["calm", "high", "drift", "incident"],
)
def test_releases_like_stable_are_not_rolled_back(rate: Rate) -> None:
    """All rules together, in a mode in which thresholds alone may only hold: none in 30 releases of each kind."""
    rng = Random(20261127)
    looks = [verdicts_of(POLICY, errors_of(rng, 20, rate)) for _ in range(30)]
    rolled_back = sum(Verdict.ROLLBACK in verdicts for verdicts in looks)
    assert rolled_back == 0
    if rate(0) == rate(20) == 0.005:
        assert sum(Verdict.HOLD in verdicts for verdicts in looks) <= 3, (
            "held about as often as alpha of hold says at most"
        )


def test_an_incident_of_both_is_held_and_the_release_goes_on() -> None:
    rng = Random(4)
    for _ in range(10):
        looks = verdicts_of(POLICY, errors_of(rng, 100, lambda index: 0.2 if 20 <= index < 26 else 0.005))
        assert Verdict.HOLD in looks[20:27]
        assert looks[-1] is Verdict.CONTINUE
        assert looks[45:] == [Verdict.CONTINUE] * 15


def test_a_bad_release_is_seen_at_once() -> None:
    rng = Random(5)
    delays = sorted(len(verdicts_of(POLICY, errors_of(rng, 100, lambda _: 0.005, lambda _: 0.055))) for _ in range(21))
    assert delays[10] == 1, "five points more, a tenth of the traffic: one window"
    assert delays[-1] <= 4
    for _ in range(5):
        late = verdicts_of(POLICY, errors_of(rng, 20, lambda _: 0.005, lambda index: 0.2 if index >= 30 else 0.005))
        assert late[-1] is Verdict.ROLLBACK
        assert len(late) <= 34


def whole_window(rng: Random, index: int) -> ServiceWindow:
    """Return a window in which everything there is was measured, of a trading service."""
    sides: list[dict[Metric, Measured]] = []
    for total in (300, 2700):
        found: dict[Metric, Measured] = {}
        for each in TRADING.metrics:
            streams = each.definition.streams
            found[each.metric] = Measured(total, {stream: binomial(rng, total, 0.01) for stream in streams}, 3)
        found[Metric.REQUEST_RATE] = Measured(total, {Stream(Metric.REQUEST_RATE): 0}, 3)
        sides.append(found)
    return ServiceWindow(index, sides[0], sides[1], 0.1)


def test_a_guard_that_is_killed_at_any_moment_goes_on_as_if_nothing_had_happened() -> None:
    rng = Random(6)
    windows = [whole_window(rng, index) for index in range(45)]
    straight = killed = state(trading=True)
    for position, each in enumerate(windows):
        straight, said = take_in(TRADING, straight, [each], LIVE, 0.0)
        # Before every window the process dies. The next one reads what was kept and asks for more than it lacks.
        killed = from_json(to_json(killed), "ConfigMap x")
        killed, again = take_in(TRADING, killed, windows[max(position - 3, 0) : position + 1], LIVE, 0.0)
        assert again == said
        assert killed == straight
    assert to_json(killed) == to_json(straight)


def test_a_window_that_was_seen_changes_nothing() -> None:
    after, _ = fed(POLICY, state(), GOOD, GOOD)
    again, decision = take_in(POLICY, after, [window(1, *BAD), window(0, *BAD)], LIVE, 0.0)
    assert again == after
    assert decision.verdict is Verdict.CONTINUE


def test_the_state_of_a_day_fits_into_a_configmap() -> None:
    """A ConfigMap holds 1 MiB; a day has 2880 windows, every twelfth of which is taken here."""
    rng, now = Random(7), state(trading=True)
    for index in range(0, 2880, 12):
        now, _ = take_in(TRADING, now, [whole_window(rng, index)], LIVE, 0.0)
    size = len(to_json(now))
    assert size < 48_000, size
    assert from_json(to_json(now), "ConfigMap x") == now


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "StateDamaged"),
        ("[]", "StateDamaged"),
        ("{}", "StateDamaged"),
        ('{"version":1}', "StateDamaged"),
        ('{"version":1,"odd":1}', "StateDamaged"),
        ('{"version":2}', "StateVersion"),
    ],
)
def test_a_state_that_cannot_be_read_is_an_error_with_advice(text: str, reason: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        from_json(text, "ConfigMap guard-web")
    assert caught.value.reason == reason
    assert caught.value.where == "ConfigMap guard-web"
    assert caught.value.hint


def test_a_damaged_process_is_found() -> None:
    after, _ = fed(POLICY, state(), GOOD)
    given = json.loads(to_json(after))
    given["relative"]["error_rate"] = [1, 2]
    with pytest.raises(DeliveryError, match="cannot be read"):
        from_json(json.dumps(given), "ConfigMap x")


def test_the_policy_of_a_release_stays_as_it_began_except_for_the_mode() -> None:
    begun = state(policies(metrics={"error_rate": {"critical": 0.1}}))
    used, note = policy_for(begun, policies(mode="dry_run"))
    assert used.metrics[0].critical
    assert used.metrics[0].critical.share == 0.1
    assert used.mode is Mode.DRY_RUN
    assert note == "the policy has changed since the release began; the new one holds for the next release"
    used, note = policy_for(state(), policies(mode="hold_only"))
    assert (used.mode, note) == (Mode.HOLD_ONLY, "")


def test_after_a_rollback_has_begun_windows_only_add_to_the_impact() -> None:
    after, _ = fed(POLICY, state(), BAD)
    later, decision = take_in(POLICY, after, [window(1, *BAD)], LIVE, 9.0)
    assert (later.evidence, later.relative, later.stage) == (after.evidence, after.relative, Stage.PREFLIGHT)
    assert later.costs["error_rate"].failed == 120
    assert take_in(POLICY, later, [window(1, *BAD)], LIVE, 9.0)[0] == later
    assert decision.verdict is Verdict.ROLLBACK
    assert not watching(after)


def test_in_dry_run_it_goes_on_watching() -> None:
    found = policy(mode="dry_run")
    after, decisions = fed(found, state(), BAD, GOOD)
    assert [decision.verdict for decision in decisions] == [Verdict.ROLLBACK, Verdict.ROLLBACK]
    assert after.stage is Stage.HOLDING
    assert after.seen == 1


def test_what_the_release_costs_is_counted() -> None:
    after, _ = fed(policy(mode="dry_run"), state(), GOOD, BAD, BAD)
    cost = after.costs["error_rate"]
    assert (cost.served, cost.failed) == (900, 121)
    assert cost.harmed == pytest.approx(121 - 3 * 300 * 13 / 2700)
    assert after.usual["error_rate"].n == 8100


def test_stages_go_their_way_and_no_other() -> None:
    now = state()
    for at, stage in enumerate(
        (Stage.OBSERVING, Stage.HOLDING, Stage.PREFLIGHT, Stage.HOLDING, Stage.PREFLIGHT, Stage.ROLLING_BACK)
    ):
        now = moved(now, stage, float(at))
    assert now.marks == {"observing": 0.0, "holding": 1.0, "preflight": 2.0, "rolling_back": 5.0}, (
        "the first time counts"
    )
    assert moved(now, Stage.ROLLING_BACK, 9.0) is now
    for wrong in (Stage.OBSERVING, Stage.RECOVERED, Stage.PREFLIGHT):
        with pytest.raises(ValueError, match="no way from rolling_back"):
            moved(now, wrong, 9.0)
    done = moved(moved(now, Stage.VERIFYING, 6.0), Stage.INEFFECTIVE, 7.0)
    assert over(done)
    with pytest.raises(ValueError, match="no way"):
        moved(done, Stage.PREFLIGHT, 8.0)
    blocked = moved(moved(state(), Stage.PREFLIGHT, 1.0), Stage.BLOCKED, 2.0)
    assert not over(blocked)
    assert moved(blocked, Stage.PREFLIGHT, 3.0).stage is Stage.PREFLIGHT


def test_a_state_knows_whose_it_is() -> None:
    now = state()
    told = begin(
        POLICIES,
        "web",
        uid="uid-1",
        revision="new",
        trading=False,
        origin=1000.0,
        past=Past({Metric.ERROR_RATE: 2.0}, {Metric.ERROR_RATE: Counts(10, 1)}),
    )
    assert told.usual == {"error_rate": Counts(10, 1)}
    assert told.policy["metrics"]["error_rate"]["burstiness"] == 2.0
    assert policy_for(told, POLICIES)[1] == "", "what was measured is no change of the policy"
    assert from_json(to_json(told), "ConfigMap x") == told
    assert (now.uid, now.hash, now.service, now.policy) == ("uid-1", "new", "web", POLICIES.base)
    assert from_json(to_json(now), "ConfigMap x") == now
    assert isinstance(now, State)


RISK = Stream(Metric.RISK_FAILURES)


def risky(rng: Random, index: int, per_order: float, per_minute: float) -> ServiceWindow:
    """Return a window in which one pod of six is new and takes a tenth of 600 orders; alike otherwise."""
    sides = []
    for orders, pods in ((60, 1), (540, 5)):
        seconds = 30.0 * pods
        failed = binomial(rng, orders, per_order) + binomial(rng, round(seconds), per_minute / 60)
        found = {Metric.RISK_FAILURES: Measured(orders, {RISK: failed}, pods, seconds)}
        sides.append({**side((orders * 10, orders // 20)), **found})
    canary, stable = sides
    return ServiceWindow(index, canary, stable)


@pytest.mark.parametrize(("per_order", "per_minute"), [(0.0, 6.0), (0.01, 0.0), (0.005, 3.0)])
def test_risk_failures_of_time_and_of_orders_are_no_fault_of_the_pods_there_are(
    per_order: float, per_minute: float
) -> None:
    """A canary is given more pods than its share of the orders: what pods do by themselves it does more often for each order."""
    rng = Random(20261128)
    for _ in range(10):
        now = state(trading=True)
        for index in range(40):
            now, decision = take_in(TRADING, now, [risky(rng, index, per_order, per_minute)], LIVE, 0.0)
            assert decision.verdict is not Verdict.ROLLBACK
        assert now.relative["risk_check_failures"].peak < TRADING.levels.hold, (
            "as often as stable, by one count or the other"
        )


def test_risk_failures_count_without_orders() -> None:
    """At night nothing is ordered, and risk checks may fail all the same."""
    now, failing = state(trading=True), {Metric.RISK_FAILURES: Measured(0, {RISK: 30}, 1, 30.0)}
    for index in range(3):
        now, decision = take_in(
            TRADING, now, [ServiceWindow(index, {**side((300, 1)), **failing}, side((2700, 13)))], LIVE, 0.0
        )
    assert now.over["risk_check_failures"] == 3
    assert decision.verdict is Verdict.HOLD


def test_the_bake_time_goes_on_from_promotion_though_the_release_is_held() -> None:
    """A guard that may only look would otherwise never come to its end."""
    held = moved(state(), Stage.HOLDING, 1030.0)
    baked = promoted(promoted(held, 1060.0), 1090.0)
    assert baked.marks[Stage.BAKING] == 1060.0
    assert (baked.stage, moved(baked, Stage.DONE, 1100.0).stage) == (Stage.HOLDING, Stage.DONE)
