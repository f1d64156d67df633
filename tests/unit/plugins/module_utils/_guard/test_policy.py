# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy: complete defaults, and errors that name the field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import (
    one_policy,
    policy_of,
    read_policies,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.clock import Clock
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Stream
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Mode

from tests.unit.plugins.module_utils._guard.guard_builders import POLICIES, POLICY, TRADING, policies, policy

DOCUMENT = Path(__file__).resolve().parents[5] / "docs" / "guard-policy.md"


def test_an_empty_policy_has_the_thresholds_of_the_architecture() -> None:
    shown = {
        each.metric: (each.warning and each.warning.shown, each.critical and each.critical.shown)
        for each in TRADING.metrics
    }
    assert shown == {
        Metric.ERROR_RATE: (0.02, 0.05),
        Metric.RESPONSE_TIME: (2.0, 5.0),
        Metric.ORDER_SUCCESS: (None, 0.95),
        Metric.POSITION_LATENCY: (1.0, None),
        Metric.RISK_FAILURES: (None, 10.0),
    }
    assert TRADING.consecutive_windows == 3
    assert TRADING.window == 30


def test_shares_that_thresholds_allow() -> None:
    found = {each.metric: each for each in TRADING.metrics}
    response, orders = found[Metric.RESPONSE_TIME], found[Metric.ORDER_SUCCESS]
    position, risks = found[Metric.POSITION_LATENCY], found[Metric.RISK_FAILURES]
    assert response.critical
    assert response.critical.share == 0.01
    assert response.critical.stream == Stream(Metric.RESPONSE_TIME, 5.0)
    assert response.definition.bounds == (0.1, 0.5, 1.0, 2.0, 2.5, 5.0)
    assert orders.critical
    assert orders.critical.share == 0.05
    assert position.warning
    assert position.warning.share == 0.05
    assert risks.critical
    assert risks.critical.share == 5.0, "ten a minute are five in a window"


def test_the_levels_of_evidence() -> None:
    assert math.exp(POLICY.levels.hold) == pytest.approx(20)
    assert math.exp(POLICY.levels.rollback) == pytest.approx(100)
    assert math.exp(POLICY.levels.resume) == pytest.approx(10)
    assert (POLICY.starts.planned, POLICY.starts.every) == (6, 10)
    assert sum(each.weight for each in TRADING.metrics) == pytest.approx(1)


def test_only_services_that_trade_have_orders() -> None:
    assert [each.metric for each in POLICY.metrics] == [Metric.ERROR_RATE, Metric.RESPONSE_TIME]
    assert {each.metric for each in TRADING.definitions} == set(Metric)
    assert all(each.weight == 0 or not each.definition.trading for each in POLICY.metrics)


def test_times_become_windows() -> None:
    assert POLICY.page_after_windows == 20
    assert [(rule.windows.long, rule.windows.short) for rule in POLICY.burn] == [(120, 10), (720, 60), (8640, 720)]
    assert POLICY.clock(5.0) == Clock(5.0, 30.0, 15.0, 60.0)
    quick = policy(window="5s", staleness="10s")
    assert quick.page_after_windows == 120
    assert quick.starts.planned == 36


def test_the_normal_form_makes_the_same_policy_and_is_small() -> None:
    assert policy_of(json.loads(json.dumps(POLICIES.base)), trading=False) == POLICY
    assert len(json.dumps(POLICIES.base)) < 4000


def test_measured_burstiness_becomes_part_of_it() -> None:
    found = policy_of(POLICIES.base, trading=True, burstiness={Metric.ERROR_RATE: 2.5})
    assert found.metrics[0].relative.burstiness == 2.5
    assert found.metrics[1].relative.burstiness == 1.5
    assert policy_of(found.written, trading=True) == found
    assert POLICIES.base["metrics"]["error_rate"]["burstiness"] is None, "what was given stays as it was"


def test_a_service_may_differ() -> None:
    found = policies(
        mode="dry_run",
        services={"web": {"mode": "enforce", "metrics": {"error_rate": {"critical": 0.1}}}},
    )
    web, other = policy_of(found.written("web"), trading=False), policy_of(found.written("api"), trading=False)
    assert (web.mode, other.mode) == (Mode.ENFORCE, Mode.DRY_RUN)
    assert web.metrics[0].critical
    assert web.metrics[0].critical.share == 0.1
    assert web.metrics[0].warning
    assert web.metrics[0].warning.share == 0.02
    assert other.metrics[0].critical
    assert other.metrics[0].critical.share == 0.05


def test_a_service_is_found_by_the_name_of_its_rollout() -> None:
    """The inventory speaks of services, and the guard watches Rollouts."""
    found = policies(services={"trading-service": {"bake": "1h"}})
    assert found.written("tradesense-trading-service")["bake"] == "1h"
    assert found.written("trading-service")["bake"] == "1h"
    assert found.written("tradesense-api-gateway")["bake"] == "30m"


def test_an_environment_lies_over_the_policy() -> None:
    found = read_policies({"window": "30s", "bake": "1h"}, {"window": "10s"})
    assert (found.base["window"], found.base["bake"]) == ("10s", "1h")


def test_a_policy_and_what_lies_over_it_are_one_as_people_write_it() -> None:
    written = {"window": "30s", "services": {"web": {"mode": "enforce", "bake": "1h"}, "api": {"bake": "2h"}}}
    over = {"window": "10s", "services": {"api": None}}
    one = one_policy(written, over)
    assert one == {"window": "10s", "services": {"web": {"mode": "enforce", "bake": "1h"}}}
    assert read_policies(one) == read_policies(written, over)
    assert written["window"] == "30s", "what was given stays as it was"
    assert one_policy(None) == {}


def test_a_mode_for_everything_is_one_for_services_too() -> None:
    written = {"mode": "hold_only", "services": {"web": {"mode": "enforce", "bake": "1h"}, "api": {"bake": "2h"}}}
    found = read_policies(one_policy(written, mode="dry_run"))
    assert [found.written(name)["mode"] for name in ("web", "api", "other")] == ["dry_run"] * 3
    assert [found.written(name)["bake"] for name in ("web", "api", "other")] == ["1h", "2h", "30m"]


@pytest.mark.parametrize(
    ("written", "mode", "message"),
    [
        ({"windw": "30s"}, "dry_run", "tradesense_guard_policy.windw: unknown key"),
        ({}, "dry-run", "tradesense_guard_policy.mode: unknown value 'dry-run', did you mean 'dry_run'?"),
        ({"services": {"api": "x"}}, "", "tradesense_guard_policy.services.api: 'x' is not accepted"),
    ],
)
def test_a_mistake_is_found_before_the_guard_runs(written: Any, mode: str, message: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        one_policy(written, mode=mode)
    assert message in caught.value.msg


def test_thresholds_and_metrics_can_be_off() -> None:
    found = policy(metrics={"error_rate": {"critical": False}, "response_time_p99": {"enabled": False}})
    assert [each.metric for each in found.metrics] == [Metric.ERROR_RATE]
    assert found.metrics[0].critical is None
    assert found.metrics[0].limits == (found.metrics[0].warning,)
    off = policy(metrics={"request_rate": {"enabled": False}})
    assert off.split is None
    assert off.traffic is None
    assert len(off.definitions) == 2


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("enforce", "tradesense_guard_policy: 'enforce' is not accepted"),
        ({"mod": "enforce"}, "tradesense_guard_policy.mod: unknown key, did you mean 'mode'?"),
        ({"mode": "hold"}, "tradesense_guard_policy.mode: unknown value 'hold'"),
        ({"window": "1s"}, "tradesense_guard_policy.window: 1s is too short"),
        ({"staleness": "10s"}, "tradesense_guard_policy.staleness: 10s is shorter than window, 30s"),
        ({"evidence": {"rollback": 0.1}}, "tradesense_guard_policy.evidence.rollback: 0.1 is not below hold, 0.05"),
        ({"evidence": {"resume_below": 20}}, "evidence.resume_below: 20 is not below the evidence that holds, 20"),
        ({"evidence": {"hold": 0}}, "evidence.hold: 0 is not accepted; give a number from 1e-06 to 0.5"),
        ({"evidence": {"effects": []}}, "evidence.effects: is empty"),
        ({"evidence": {"effects": [2] * 21}}, "evidence.effects: has 21 entries"),
        ({"evidence": {"effects": [1]}}, "evidence.effects[0]: 1 is not accepted"),
        ({"evidence": {"burstiness": True}}, "evidence.burstiness: True is not accepted"),
        ({"metrics": {"errors": {}}}, "metrics.errors: unknown key"),
        ({"metrics": {"error_rate": {"warning": 0.05}}}, "error_rate.warning: 0.05 is not below critical, 0.05"),
        ({"metrics": {"error_rate": {"critical": 5}}}, "error_rate.critical: 5 is not accepted; give a number from"),
        ({"metrics": {"error_rate": {"critical": True}}}, "error_rate.critical: True is not accepted"),
        ({"metrics": {"error_rate": {"failed": "{status=500}"}}}, "error_rate.failed: '{status=500}' is not accepted"),
        ({"metrics": {"error_rate": {"series": "a b"}}}, "error_rate.series: 'a b' is not accepted"),
        ({"metrics": {"order_success": {"warning": 0.9}}}, "order_success.warning: 0.9 is not above critical, 0.95"),
        ({"metrics": {"response_time_p99": {"bounds": []}}}, "response_time_p99.bounds: is empty"),
        ({"metrics": {"response_time_p99": {"bounds": [1.0] * 9}}}, "response_time_p99.bounds: has 9 entries"),
        (
            {
                "metrics": {
                    name: {"weight": 0}
                    for name in ("error_rate", "response_time_p99", "order_success", "position_update_latency")
                }
                | {"risk_check_failures": {"enabled": False}}
            },
            "metrics: no metric is enabled with a weight above 0",
        ),
        ({"certify": {"metrics": ["risk_check_failures"]}}, "certify.metrics[0]: risk_check_failures has no trials"),
        (
            {"burn_rate": {"windows": [{"factor": 2, "long": "5m", "short": "5m"}]}},
            "burn_rate.windows[0].short: 5m is not shorter than long, 5m",
        ),
        (
            {"burn_rate": {"windows": [{"factor": 2, "long": "5m", "short": "10s"}]}},
            "burn_rate.windows[0].short: 10s is shorter than window, 30s",
        ),
        ({"burn_rate": {"windows": [{"long": "5m", "short": "1m"}]}}, "burn_rate.windows[0].factor: is missing"),
        ({"services": {"web": {"modus": "enforce"}}}, "tradesense_guard_policy.services.web.modus: unknown key"),
        ({"services": {"web": "enforce"}}, "tradesense_guard_policy.services.web: 'enforce' is not accepted"),
        ({"services": {"tradesense-web": {"mode": "enforce"}}}, "services.tradesense-web: the name must not begin"),
    ],
)
def test_errors_name_the_field(written: Any, message: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        read_policies(written)
    assert message in caught.value.msg
    assert caught.value.reason == "BadPolicy"


def test_one_run_finds_every_mistake_and_tells_none_twice() -> None:
    with pytest.raises(DeliveryError) as caught:
        read_policies({"mode": "x", "window": "y", "services": {"web": {"bake": "1h"}}})
    assert caught.value.msg.startswith("2 problems: ")


def test_a_mode_may_change() -> None:
    changed = POLICY.in_mode(Mode.DRY_RUN)
    assert (changed.mode, changed.metrics) == (Mode.DRY_RUN, POLICY.metrics)


def test_the_documentation_names_every_key_with_its_default() -> None:
    shown = dict(re.findall(r"^\| `([a-z_0-9.]+)` \| (.+?) \|", DOCUMENT.read_text(), re.MULTILINE))
    defaults: dict[str, object] = {}

    def collect(values: Mapping[str, Any], path: str) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                collect(value, f"{path}{name}.")
            else:
                defaults[f"{path}{name}"] = value

    collect(POLICIES.base, "")
    assert sorted(shown) == sorted(defaults)
    for name, text in shown.items():
        if name != "burn_rate.windows":
            written = None if text == "none" else yaml.safe_load(text.strip("`"))
            assert written == defaults[name], name
