# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module prometheus_query and lookup prometheus, against the sandbox's Prometheus."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.support.cluster import Space
from tests.integration.support.objects import deployment
from tests.integration.support.plays import Ansible, Data, Result, Run, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.servers import HOST, closed_port

pytestmark = pytest.mark.every_pair

# Two series, of which one is NaN.
HALF = 'label_replace(vector(1), "pod", "a", "", "") or label_replace(vector(0) / 0, "pod", "b", "", "")'
NOTHING = 'up{namespace="nowhere-at-all"}'
LOOKUP = "tradesense.delivery.prometheus"


def ask(name: str, query: str, *, fails: bool = False, check: bool = False, **options: Any) -> Data:
    """Return a task with a query; its address comes from the environment."""
    return task("prometheus_query", name=name, fails=fails, check=check, query=query, **options)


def assert_sentence(result: Result, reason: str, *texts: str) -> None:
    """Assert that a task failed with one line that says so."""
    assert result.data["reason"] == reason, result.data
    for text in texts:
        assert text in result.msg, result.msg
    assert "\n" not in result.msg
    assert not result.changed


def play(ansible: Ansible, sandbox: Sandbox, tasks: list[Data], **how: Any) -> Run:
    """Run tasks with the defaults of a play that ships to a cluster: none of them is for Prometheus."""
    return ansible.tasks("no-namespace-of-anybody", tasks, kubeconfig=sandbox.kubeconfig, **how)


def test_values_at_one_time(ansible: Ansible, sandbox: Sandbox) -> None:
    """Each type of result, and numbers that JSON does not have."""
    run = play(
        ansible,
        sandbox,
        [
            ask("vector", "vector(0.25)", prometheus_url=f"{sandbox.prometheus}/"),
            ask("scalar", "2 * 3", check=True),
            ask("string", '"hello"'),
            ask("infinite", "vector(-1) / 0"),
            ask("nan ok", HALF, nan="ok"),
            ask("nan drop", HALF, nan="drop"),
            ask("nothing", NOTHING, no_data="ok", condition="< 1"),
            ask("at a time", "vector(time())", time="2026-11-27T10:15:00Z"),
            ask("warnings", "quantile(2, vector(1))"),
        ],
    )
    vector = run["vector"].data
    assert (vector["value"], vector["no_data"], vector["result_type"]) == (0.25, False, "vector")
    [sample] = vector["samples"]
    assert (sample["labels"], sample["value"], sample["state"]) == ({}, 0.25, "ok")
    assert abs(sample["timestamp"] - time.time()) < 60
    assert not run["vector"].changed
    assert (run["scalar"].data["value"], run["scalar"].data["result_type"]) == (6.0, "scalar")
    assert run["string"].data["text"] == "hello"
    [infinite] = run["infinite"].data["samples"]
    assert (infinite["value"], infinite["state"], run["infinite"].data["value"]) == (None, "-inf", None)
    states = {item["labels"]["pod"]: (item["value"], item["state"]) for item in run["nan ok"].data["samples"]}
    assert states == {"a": (1.0, "ok"), "b": (None, "nan")}
    assert run["nan drop"].data["value"] == 1.0
    nothing = run["nothing"].data
    assert (nothing["no_data"], nothing["value"], nothing["samples"]) == (True, None, [])
    assert run["at a time"].data["value"] == 1795774500.0
    [warning] = run["warnings"].data["query_warnings"]
    assert "quantile value should be between 0 and 1" in warning
    assert "quantile value should be between 0 and 1" in run.console


def test_values_over_time(ansible: Ansible, sandbox: Sandbox) -> None:
    """A range relative to now, one with NaN in its past, and a query that is a range itself."""
    now = time.time()
    past = f"sqrt(vector(time() - {now:.0f}))"
    run = play(
        ansible,
        sandbox,
        [
            ask("range", "vector(time())", start="-1m", step="15s"),
            ask("selector", f"{NOTHING}[5m]", no_data="ok"),
            ask("drop", past, start=str(now - 30), end=str(now + 30), step="20", nan="drop"),
            ask("fail", past, start=str(now - 30), end=str(now + 30), step="20", fails=True),
            ask("too fine", "vector(1)", start="-1d", step="1s", fails=True),
            ask("backwards", "vector(1)", start="now", end="-1h", step="1m", fails=True),
        ],
    )
    [series] = run["range"].data["series"]
    assert len(series["points"]) == 5
    assert all(point["value"] == point["timestamp"] for point in series["points"])
    assert abs(series["points"][-1]["timestamp"] - time.time()) < 60
    assert "samples" not in run["range"].data
    assert (run["selector"].data["result_type"], run["selector"].data["series"]) == ("matrix", [])
    [kept] = run["drop"].data["series"]
    assert [point["state"] for point in kept["points"]] == ["ok", "ok"]
    assert_sentence(run["fail"], "NotANumber", "2 of 4 values are NaN")
    assert_sentence(run["too fine"], "BadOption", "exceeded maximum resolution", "step")
    assert_sentence(run["backwards"], "BadOption", "end timestamp must not be before start time")


def test_answers_that_are_not_good_enough(ansible: Ansible, sandbox: Sandbox) -> None:
    """No data, NaN and a condition; what came is in the result."""
    run = play(
        ansible,
        sandbox,
        [
            ask("nothing", NOTHING, fails=True),
            ask("nan", HALF, fails=True),
            ask("only nan", "vector(0) / 0", nan="drop", fails=True),
            ask("condition", "vector(0.5)", condition="< 0.01", fails=True),
            ask("met", "vector(0.005)", condition="< 0.01"),
            ask("string", '"hello"', condition="< 1", fails=True),
        ],
    )
    assert_sentence(run["nothing"], "NoData", f"{sandbox.prometheus}, query {NOTHING}: there is no data", "no_data")
    assert run["nothing"].data["no_data"] is True
    assert_sentence(run["nan"], "NotANumber", '1 of 2 values is NaN: NaN of {pod="b"}')
    assert len(run["nan"].data["samples"]) == 2
    assert_sentence(run["only nan"], "NoData", "there is no data, only NaN")
    assert_sentence(run["condition"], "ConditionNotMet", "the value 0.5 is not < 0.01")
    assert run["condition"].data["value"] == 0.5
    assert run["met"].msg == "The value is 0.005, which is < 0.01."
    assert_sentence(run["string"], "BadOption", "a condition needs values at one time")


def test_queries_and_addresses_that_are_wrong(ansible: Ansible, sandbox: Sandbox) -> None:
    """In Prometheus' words where it is the query, in ours where it is not Prometheus."""
    closed = f"http://{HOST}:{closed_port()}"
    twice = 'label_replace(vector(1), "a", "1", "", "") or vector(1)'
    cases: dict[str, tuple[Data, str, tuple[str, ...]]] = {
        "syntax": (
            {"query": "sum(up"},
            "BadQuery",
            ("unclosed left parenthesis (line 1, column 7)", "Correct the query"),
        ),
        "second line": ({"query": "sum(up)\n  + bad bad"}, "BadQuery", ('"bad" (line 2, column 9)',)),
        "execution": ({"query": f"vector(1) * on () ({twice})"}, "QueryFailed", ("many-to-many",)),
        "empty": ({"query": " "}, "BadQuery", ("no expression found",)),
        "closed": ({"query": "up", "prometheus_url": closed}, "Unreachable", (closed, "Connection refused")),
        "path": ({"query": "up", "prometheus_url": f"{sandbox.prometheus}/graph"}, "NotPrometheus", ("404",)),
        "simulator": ({"query": "up", "prometheus_url": sandbox.simulator}, "NotPrometheus", (sandbox.simulator,)),
        "tls": (
            {"query": "up", "prometheus_url": sandbox.prometheus.replace("http:", "https:")},
            "TLSFailed",
            ("TLS handshake",),
        ),
        "user": (
            {"query": "up", "prometheus_url": closed.replace("://", "://jane:swordfish@"), "prometheus_retries": 0},
            "Unreachable",
            (closed,),
        ),
    }
    cases = ansible.some(cases)
    tasks = [task("prometheus_query", name=name, fails=True, **options) for name, (options, _, _) in cases.items()]
    run = play(ansible, sandbox, tasks, arguments=["-vvv"])
    for name, (_, reason, texts) in cases.items():
        assert_sentence(run[name], reason, *texts)
        assert len(run[name].msg) < 600
    assert "swordfish" not in run.console


def test_waits_until_a_condition_is_met(ansible: Ansible, sandbox: Sandbox) -> None:
    """The time itself, which grows; what is still lacking is told meanwhile, and at the end of a wait in vain."""
    goal = round(time.time()) + 12
    run = play(
        ansible,
        sandbox,
        [
            ask("met", "time()", condition=f">= {goal}", timeout=60, interval=0.5),
            ask("in vain", NOTHING, timeout=1, interval=0.3, fails=True),
            ask("hopeless", "sum(", timeout=60, fails=True),
        ],
    )
    assert run["met"].data["value"] >= goal
    assert run["met"].ended < goal + 10
    assert_sentence(run["in vain"], "NoData", "there is no data, after 1 s")
    assert run["hopeless"].ended - run["in vain"].ended < 20
    lines = run.console if ansible.door == "action" else "\n".join(run["met"].data["progress"])
    assert f"is not >= {goal} (" in lines


def test_waits_for_the_pods_of_a_deployment(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """There is no data at first: the pods start, Prometheus finds them, and then there are two."""
    query = f'count(up{{namespace="{space.name}", service="users"}})'
    space.apply(deployment("users"))
    run = ansible.tasks(
        space.name,
        [
            ask("pods", query, condition="== 2", timeout=60, interval=0.5),
            ask("each", f'up{{namespace="{space.name}"}}', no_data="fail"),
        ],
        kubeconfig=sandbox.kubeconfig,
    )
    assert run["pods"].data["value"] == 2.0
    assert {item["labels"]["service"] for item in run["each"].data["samples"]} == {"users"}
    assert len(run["each"].data["samples"]) == 2
    assert run["each"].data["value"] is None


@pytest.mark.parametrize("door", ["action"], indirect=True)
def test_lookup(ansible: Ansible, sandbox: Sandbox) -> None:
    """Values, samples, none, and errors in a sentence; it runs on the controller whatever the connection is."""
    closed = f"http://{HOST}:{closed_port()}"
    good = {
        "value": f"{{{{ lookup('{LOOKUP}', 'vector(0.25)', url=address) * 2 }}}}",
        "environment": f"{{{{ lookup('{LOOKUP}', '2 * 3') }}}}",
        "several": f"{{{{ query('{LOOKUP}', 'vector(1)', 'time()', time='2026-11-27T10:15:00Z') }}}}",
        "samples": f"{{{{ lookup('{LOOKUP}', half, result='samples', nan='ok') }}}}",
        "none": f"{{{{ lookup('{LOOKUP}', nothing, no_data='ok') is none }}}}",
        "infinite": f"{{{{ lookup('{LOOKUP}', '1 / 0') is none }}}}",
    }
    bad = {
        "no data": (f"lookup('{LOOKUP}', nothing)", f"query {NOTHING}: there is no data"),
        "nan": (f"lookup('{LOOKUP}', half)", "1 of 2 values is NaN"),
        "ambiguous": (f"lookup('{LOOKUP}', half, nan='ok')", "the query returns 2 values, not one"),
        "syntax": (f"lookup('{LOOKUP}', 'sum(up')", "unclosed left parenthesis (line 1, column 7)"),
        "closed": (f"lookup('{LOOKUP}', 'up', url='{closed}', prometheus_retries=0)", "Connection refused"),
        "misspelt": (f"lookup('{LOOKUP}', 'up', no_dta='ok')", "there is no option no_dta"),
    }
    variables = {"address": sandbox.prometheus, "half": HALF, "nothing": NOTHING}
    tasks: list[Data] = [
        {"name": name, "ansible.builtin.set_fact": {"shown": text}, "vars": variables} for name, text in good.items()
    ]
    for name, (text, _) in bad.items():
        show = {"msg": f"{{{{ {text} }}}}"}
        tasks.append({"name": name, "ansible.builtin.debug": show, "vars": variables, "ignore_errors": True})
    run = play(ansible, sandbox, tasks)
    shown: Data = {name: run[name].data["ansible_facts"]["shown"] for name in good}
    assert (shown["value"], shown["environment"], shown["several"]) == (0.5, 6.0, [1.0, 1795774500.0])
    assert (shown["none"], shown["infinite"]) == (True, True)
    assert [(item["value"], item["state"]) for item in shown["samples"]] == [(1.0, "ok"), (None, "nan")]
    for name, (_, text) in bad.items():
        assert text in run[name].msg, run[name].msg
