# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Options of analysis_run that make no sense are refused before any request, and long runs are warned of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.operations import RUN
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ANALYSIS_RUN, ANALYSIS_TEMPLATE
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Call, Result

from tests.unit.plugins.builders import NAMESPACE
from tests.unit.plugins.fake_api import Answer, FakeApi, fake_api, listing
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import argument, metric, run

SLOW, ENDLESS = metric("slow", count=5, interval="1m"), metric("endless", count=None)


def called(api: FakeApi, warnings: list[str], *, check_mode: bool = False, **given: Any) -> Result:
    """Run the operation on the fake."""
    usual = {name: spec.get("default") for name, spec in RUN.options.items()}
    connection = {"host": api.address, "api_key": "not-a-real-token", "namespace": NAMESPACE, "templates": ["check"]}
    call = Call(
        params={**usual, **connection, **given},
        check_mode=check_mode,
        diff_mode=True,
        say=lambda line: None,
        warn=warnings.append,
        show=lambda title, lines, over=False: None,
    )
    return RUN.run(call)


def stand(api: FakeApi, *metrics: Any, **spec: Any) -> None:
    """Let the fake have a template, and take whatever run is created."""
    body = {"metadata": {"name": "check"}, "spec": {"metrics": list(metrics), **spec}}
    api.standing[ANALYSIS_TEMPLATE.path(NAMESPACE, "check")] = Answer(body=body)
    api.standing[ANALYSIS_RUN.path(NAMESPACE)] = listing("9")
    api.answers.append(Answer(body=run("", metrics=list(metrics), **spec)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"templates": None}, "no template is named"),
        ({"templates": ["a", ""]}, "no template is named"),
        ({"name": ""}, "name is empty"),
        ({"timeout": -1}, "timeout is less than 0"),
        ({"ttl": -1}, "ttl is less than 0"),
        ({"accept": []}, "no phase is accepted"),
        ({"arguments": {"x": None}}, "the value of argument x is neither"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_any_request(given: dict[str, Any], words: str) -> None:
    with fake_api() as api:
        with pytest.raises(DeliveryError, match=words) as caught:
            called(api, [], **given)
        assert caught.value.reason == "BadOption"
        assert api.asked == []


def test_a_run_without_an_end_is_only_created_when_nobody_waits_for_it() -> None:
    warnings: list[str] = []
    with fake_api() as api:
        stand(api, SLOW, ENDLESS)
        with pytest.raises(DeliveryError, match="metric endless has an interval and no count") as caught:
            called(api, warnings)
        assert caught.value.reason == "Endless"
        assert all(asked.method == "GET" for asked in api.asked)
        assert called(api, warnings, wait=False)["changed"]
    assert [text for text in warnings if "endless" in text] == [
        "metric endless has an interval and no count: the run goes on until somebody ends it"
    ]


def test_the_count_may_be_an_argument() -> None:
    counted = metric("errors", count="{{args.count}}")
    with fake_api() as api:
        stand(api, counted, args=[argument("count")])
        called(api, [], arguments={"count": 3}, wait=False)
        with pytest.raises(DeliveryError, match="has an interval and no count"):
            called(api, [], arguments={"count": "many"})


@pytest.mark.parametrize(("timeout", "warned"), [(239, True), (240, False)])
def test_a_timeout_that_is_too_short_is_warned_of(timeout: int, warned: bool) -> None:
    warnings: list[str] = []
    with fake_api() as api:
        stand(api, SLOW)
        called(api, warnings, timeout=timeout, check_mode=True)
    text = f"the analysis takes 240 s at least, and timeout is {timeout} s"
    assert (text in warnings) is warned


def test_check_mode_is_a_dry_run_and_its_diff_holds_no_secret() -> None:
    hidden = metric("errors")
    hidden["provider"] = {"web": {"url": "http://x", "headers": [{"key": "Authorization", "value": "hush"}]}}
    with fake_api() as api:
        stand(api, hidden, args=[argument("api-token", "hush")])
        result = called(api, [], check_mode=True)
        [created] = [asked for asked in api.asked if asked.method == "POST"]
        assert created.query["dryRun"] == "All"
        assert api.watched() == []
    assert result["changed"]
    assert result["msg"].endswith(" would be created.")
    [shown] = result["diff"]
    assert shown["after"]["spec"]["metrics"][0]["provider"] == "web"
    assert "hush" not in str(result)
