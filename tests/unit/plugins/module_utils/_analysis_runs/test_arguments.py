# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of a run: merged as Argo merges them; what Argo would only find out later is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.arguments import (
    check_uses,
    declared_arguments,
    given_arguments,
    hidden_arguments,
    merged_arguments,
    put_in,
    shown_arguments,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.templates import Template
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import SECRET, argument, metric, template

FIELD: Obj = {"fieldRef": {"fieldPath": "metadata.labels['region']"}}


def taking(name: str, *arguments: Obj) -> Template:
    return template(name, metric(), args=list(arguments))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("api", {"value": "api"}),
        ("", {"value": ""}),
        (3, {"value": "3"}),
        (0.02, {"value": "0.02"}),
        (True, {"value": "true"}),
        (False, {"value": "false"}),
        ({"valueFrom": SECRET}, {"valueFrom": SECRET}),
    ],
)
def test_values_as_argo_writes_them(value: Any, expected: Obj) -> None:
    assert given_arguments({"x": value}) == [{"name": "x", **expected}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        ["a"],
        {"a": "hush"},
        {"valueFrom": None},
        {"valueFrom": {"secretKeyRef": "hush"}},
        {"valueFrom": {"secretKeyRef": {"name": "hush"}}},
        {"valueFrom": FIELD},
    ],
)
def test_other_values_are_refused_without_being_shown(value: Any) -> None:
    with pytest.raises(DeliveryError, match="the value of argument x is neither") as caught:
        given_arguments({"x": value})
    assert "hush" not in caught.value.sentence()
    assert caught.value.reason == "BadOption"


def test_declared_arguments_of_several_templates_are_one_list() -> None:
    first = taking("a", argument("service"), argument("limit", "0.02"))
    second = taking("b", argument("limit"), argument("service", "api"), argument("window", "1m"))
    assert declared_arguments([first, second]) == [
        argument("service", "api"),
        argument("limit", "0.02"),
        argument("window", "1m"),
    ]


def test_different_defaults_are_refused_with_the_names_of_the_templates() -> None:
    templates = [taking("a", argument("limit", "0.02")), taking("b"), taking("c", argument("limit", "0.05"))]
    with pytest.raises(DeliveryError) as caught:
        declared_arguments(templates)
    assert caught.value.msg == "argument limit has different defaults in AnalysisTemplate a and AnalysisTemplate c"


def test_what_is_given_goes_before_a_default() -> None:
    templates = [taking("a", argument("service"), argument("limit", "0.02"), argument("token", **SECRET))]
    merged = merged_arguments(templates, given_arguments({"service": "api", "limit": 0.1}))
    assert merged == [argument("service", "api"), argument("limit", "0.1"), argument("token", **SECRET)]
    assert templates[0].spec["args"][0] == argument("service"), "what was read stays as it was"


def test_a_secret_may_be_given_for_an_argument() -> None:
    templates = [taking("a", argument("token"))]
    given = given_arguments({"token": {"valueFrom": SECRET}})
    assert merged_arguments(templates, given) == [argument("token", **SECRET)]


def test_an_argument_that_no_template_declares_is_refused() -> None:
    """Argo would leave it out without a word."""
    templates = [taking("a", argument("service-name", "x"), argument("limit", "1"))]
    with pytest.raises(DeliveryError) as caught:
        merged_arguments(templates, given_arguments({"service_name": "api"}))
    assert caught.value.sentence() == "no template declares an argument service_name. Did you mean service-name?"
    with pytest.raises(DeliveryError) as caught:
        merged_arguments(templates, given_arguments({"zone": "api"}))
    assert caught.value.hint == "there are limit, service-name"
    with pytest.raises(DeliveryError) as caught:
        merged_arguments([taking("a")], given_arguments({"zone": "api"}))
    assert caught.value.hint == "the templates take no arguments"


def test_arguments_without_a_value_are_all_named_with_their_templates() -> None:
    one, two = taking("a", argument("service")), taking("b", argument("hash"))
    with pytest.raises(DeliveryError) as caught:
        merged_arguments([one], [])
    assert caught.value.msg == "argument service of AnalysisTemplate a has no value"
    with pytest.raises(DeliveryError) as caught:
        merged_arguments([one, two], [])
    assert caught.value.msg == ("arguments without a value: service of AnalysisTemplate a, hash of AnalysisTemplate b")


def test_a_field_of_a_rollout_is_no_value_for_a_run_of_its_own() -> None:
    """Argo accepts it, and then ends the run with Error."""
    templates = [taking("a", argument("region", **FIELD))]
    with pytest.raises(DeliveryError) as caught:
        merged_arguments(templates, [])
    assert "a field of a Rollout is unknown to a run of its own" in caught.value.hint
    assert merged_arguments(templates, given_arguments({"region": "eu"})) == [argument("region", "eu", **FIELD)]


def test_a_value_for_an_argument_from_a_secret_is_refused() -> None:
    """Argo takes both, and then the Secret's: what was given would not count."""
    with pytest.raises(DeliveryError) as caught:
        merged_arguments([taking("a", argument("token", **SECRET))], given_arguments({"token": "hush"}))
    assert caught.value.reason == "ArgumentFromSecret"
    assert "hush" not in caught.value.sentence()


@pytest.mark.parametrize("used", ["{{args.hash}}", "{{ args.hash }}", "{{hash}}", "{{ args.service.name }}"])
def test_what_a_metric_uses_has_to_be_declared(used: str) -> None:
    templates = [template("a", metric("errors", "vector(0)"), metric("latency", f'up{{x="{used}"}}'))]
    with pytest.raises(DeliveryError, match="metric latency of AnalysisTemplate a uses") as caught:
        check_uses(templates, [argument("service", "api")])
    assert used in caught.value.msg


def test_a_metric_may_use_arguments_of_another_template() -> None:
    templates = [template("a", metric("x", 'up{service="{{args.service}}", pod=~"{{ args.pod }}"}'))]
    check_uses(templates, [argument("service", "api"), argument("pod", **SECRET)])


def test_arguments_are_put_in_but_for_secrets() -> None:
    found = put_in(
        metric(
            "{{args.service}}-errors",
            "up{token='{{args.login}}', other='{{args.api-token}}'}",
            count="{{ args.count }}",
        ),
        [
            argument("service", 'a"pi\n'),
            argument("count", "5"),
            argument("login", **SECRET),
            argument("api-token", "hush"),
        ],
    )
    assert found["name"] == 'a"pi\n-errors'
    assert found["count"] == "5"
    assert found["provider"]["prometheus"]["query"] == "up{token='{{args.login}}', other='{{args.api-token}}'}"


def test_what_is_shown_of_arguments() -> None:
    arguments = [
        argument("service", "api"),
        argument("login", **SECRET),
        argument("both", "hush", **SECRET),
        argument("api-token", "hush"),
        argument("dbPassword", "hush"),
        argument("odd"),
    ]
    shown = shown_arguments(arguments)
    assert shown == {
        "service": "api",
        "login": "Secret prometheus, key token",
        "both": "Secret prometheus, key token",
        "api-token": "not shown",
        "dbPassword": "not shown",
        "odd": "",
    }
    hidden = hidden_arguments([item for item in arguments if item["name"] != "both"])
    assert "hush" not in str(hidden)
    assert hidden[0] == argument("service", "api")
    assert hidden[1] == argument("login", **SECRET)
