# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module analysis_info: runs of Rollouts and runs of their own, with what they measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.integration.support.accounts import kubeconfig_of, rule
from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.objects import PAUSE, analysis, blue_green, measuring, routed, weight
from tests.integration.support.plays import Ansible, Data, Result, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import reach, release, start

GOOD, BAD = "vector(0.011)", "vector(0.21)"


def names(result: Result) -> list[str]:
    """Return the names of the runs that a task found, in their order."""
    return [str(run["name"]) for run in result.data["runs"]]


def standalone(space: Space, name: str, template: Obj, labels: dict[str, str] | None = None, **spec: Any) -> None:
    """Create a run of its own, with what a template says, newer than all before: creation times are whole seconds."""
    time.sleep(1.1)
    metadata = {"name": name, "labels": labels or {}}
    api = "argoproj.io/v1alpha1"
    space.create({"apiVersion": api, "kind": "AnalysisRun", "metadata": metadata, "spec": {**template["spec"], **spec}})


def until(space: Space, name: str, phase: str) -> None:
    """Wait until a run is in a phase."""
    space.until(
        lambda: (space.get("AnalysisRun", name).get("status") or {}).get("phase") == phase, f"run {name} {phase}"
    )


def test_runs_of_rollouts_and_runs_of_their_own(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Kinds, owners, results, limits and measurements; filters combined; newest first; and nothing changes."""
    good, bad = measuring("good", sandbox.prometheus, GOOD), measuring("bad", sandbox.prometheus, BAD)
    steps = [weight(25), {"analysis": analysis("good")}, PAUSE]
    start(space, good, bad, *routed("web", *steps), *blue_green("api", gate="bad"), *routed("idle", PAUSE))
    web = release(space, "web", "v2")
    reach(space, "web", "Paused", step=2)
    api = release(space, "api", "v2")
    reach(space, "api", "Degraded")
    standalone(space, "own", bad, {"team": "red", "tier": "back"})
    until(space, "own", "Failed")
    good["spec"]["metrics"][0]["interval"] = "60s"
    standalone(space, "ended", good, {"team": "red"})
    until(space, "ended", "Running")
    space.patch("AnalysisRun", "ended", {"spec": {"terminate": True}})
    until(space, "ended", "Successful")
    step, gate = f"web-{web}-2-1", f"api-{api}-2-pre"
    cases: dict[str, tuple[Data, list[str]]] = {
        "all": ({}, ["ended", "own", gate, step]),
        "rollouts": ({"rollouts": ["web", "api"]}, [gate, step]),
        "no run": ({"rollouts": ["idle"]}, []),
        "red": ({"label_selectors": ["team=red"]}, ["ended", "own"]),
        "red and back": ({"label_selectors": ["team in (red, blue)", "tier=back"]}, ["own"]),
        "failed": ({"phases": ["Failed"]}, ["own", gate]),
        "successful": ({"phases": ["Successful"]}, [step]),
        "terminated": ({"phases": ["Terminated", "Running"]}, ["ended"]),
        "standalone": ({"kinds": ["Standalone"], "phases": ["Failed", "Successful"]}, ["own"]),
        "gates": ({"kinds": ["PrePromotion", "PostPromotion"], "rollouts": ["api"]}, [gate]),
        "names": ({"names": ["own", step]}, ["own", step]),
        "name": ({"names": ["own"]}, ["own"]),
    }
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            *(task("analysis_info", name=name, check=name == "all", **given) for name, (given, _) in cases.items()),
            look("after"),
        ],
    )
    for name, (_, expected) in cases.items():
        assert names(run[name]) == expected, name
    assert not any(result.changed for result in run.results)
    assert versions(run["before"].objects) == versions(run["after"].objects)
    everything = run["all"]
    assert everything.msg == (f"4 analysis runs in namespace {space.name}: 1 Successful, 2 Failed, 1 Terminated.")
    ended, own, gated, stepped = everything.data["runs"]
    keys = ("kind", "rollout", "revision", "hash", "step", "phase")
    assert [[item[key] for key in keys] for item in (own, gated, stepped)] == [
        ["Standalone", "", 0, "", None, "Failed"],
        ["PrePromotion", "api", 2, api, None, "Failed"],
        ["Step", "web", 2, web, 1, "Successful"],
    ]
    assert (ended["phase"], ended["termination_requested"]) == ("Terminated", True)
    [metric] = own["metrics"]
    assert metric["name"] == "error-share"
    assert metric["provider"] == "prometheus"
    assert [metric[key] for key in ("count", "successful", "failed", "inconclusive", "error")] == [1, 0, 1, 0, 0]
    assert metric["limits"] == {
        "count": 3,
        "failed": 0,
        "inconclusive": 0,
        "consecutive_error": 4,
        "consecutive_success": 0,
    }
    [measurement] = metric["measurements"]
    assert (measurement["phase"], measurement["value"], measurement["condition"]) == ("Failed", "0.21", "< 0.02")
    assert own["started"] <= measurement["started"] <= measurement["finished"] <= own["finished"]
    assert "error-share" in own["message"]
    assert [item["value"] for item in stepped["metrics"][0]["measurements"]] == ["0.011"] * 3


def test_no_secret_is_shown(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """The controller keeps the query as it sent it, with the Secret's value; only the Secret's name is shown."""
    hush = "8675309135"
    space.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "prometheus"}, "stringData": {"token": hush}}
    )
    template = measuring("x", sandbox.prometheus, "vector({{args.value}}) + 0 * {{args.login}} + 0 * {{args.api-key}}")
    reference = {"name": "prometheus", "key": "token"}
    arguments = [
        {"name": "value", "value": "0.011"},
        {"name": "login", "valueFrom": {"secretKeyRef": reference}},
        {"name": "api-key", "value": hush},
    ]
    standalone(space, "own", template, args=arguments)
    until(space, "own", "Successful")
    assert hush in str(space.get("AnalysisRun", "own")["status"])
    run = ansible.tasks(space.name, [task("analysis_info")], arguments=["-vvv"])
    [found] = run["analysis_info"].data["runs"]
    assert found["phase"] == "Successful"
    assert found["arguments"] == {"value": "0.011", "login": "Secret prometheus, key token", "api-key": "not shown"}
    assert hush not in run.console
    assert hush not in str(run["analysis_info"].data)


def test_what_does_not_exist_is_an_error(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A misspelt name would look like something that never went wrong; an empty namespace is none."""
    template = measuring("good", sandbox.prometheus, GOOD)
    start(space, template, *routed("web", weight(25), PAUSE))
    standalone(space, "before-v2", template, {"team": "red"})
    cases: dict[str, tuple[Data, str, tuple[str, ...]]] = {
        "run": (
            {"names": ["before-v3"]},
            "AnalysisRunNotFound",
            (f"there is no AnalysisRun before-v3 in namespace {space.name}", "Did you mean before-v2?"),
        ),
        "rollout": (
            {"rollouts": ["web", "wbe"]},
            "RolloutNotFound",
            (f"there is no Rollout wbe in namespace {space.name}", "Did you mean web?"),
        ),
        "labels": (
            {"names": ["before-v2"], "label_selectors": ["team=blue"]},
            "AnalysisRunNotFound",
            ("there is no AnalysisRun before-v2", "with the labels team=blue"),
        ),
        "namespace": (
            {"namespace": f"{space.name}-nowhere"},
            "NamespaceNotFound",
            (f"the namespace {space.name}-nowhere does not exist",),
        ),
        "selector": (
            {"label_selectors": ["not a selector!"]},
            "BadOption",
            ("label_selectors: the API server does not understand 'not a selector!'",),
        ),
    }
    run = ansible.tasks(
        space.name,
        [task("analysis_info", name=name, fails=True, **given) for name, (given, _, _) in cases.items()],
    )
    for name, (_, reason, texts) in cases.items():
        assert run[name].data["reason"] == reason, run[name].data
        for text in texts:
            assert text in run[name].msg, run[name].msg
        assert "\n" not in run[name].msg


def test_the_documented_rights_are_enough(ansible: Ansible, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """A role with what the module's notes name, and no more; and one that may read a single run."""
    start(space, *routed("idle", PAUSE))
    standalone(space, "own", measuring("good", sandbox.prometheus, GOOD))
    argo, runs = "argoproj.io", ["analysisruns"]
    reader = kubeconfig_of(space, "reader", [rule(argo, runs, "list"), rule(argo, ["rollouts"], "get")], tmp_path)
    single = kubeconfig_of(space, "single", [rule(argo, runs, "list", names=["own"])], tmp_path)
    run = ansible.tasks(
        space.name,
        [
            task("analysis_info", name="all", kubeconfig=str(reader)),
            task("analysis_info", name="idle", rollouts=["idle"], kubeconfig=str(reader)),
            task("analysis_info", name="one", names=["own"], kubeconfig=str(single)),
            task("analysis_info", name="too much", kubeconfig=str(single), fails=True),
        ],
    )
    assert [names(run[name]) for name in ("all", "idle", "one")] == [["own"], [], ["own"]]
    assert run["too much"].data["reason"] == "Forbidden"
    assert ":single may not list analysisruns" in run["too much"].msg
