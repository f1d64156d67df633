# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module analysis_run: verdicts of the real controller on a real Prometheus, and what is refused before it is asked."""

from __future__ import annotations

import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.accounts import kubeconfig_of, rule
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import canary, measuring, weight
from tests.integration.support.plays import Ansible, Data, Result, Run, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import release, start

GOOD, BAD, NO_DATA = "vector(0.011)", "vector(0.21)", "absent_metric_of_nobody"
# Nothing listens there.
NOWHERE = "http://127.0.0.1:9"
CLUSTER_KIND = "apis/argoproj.io/v1alpha1/clusteranalysistemplates"


def template(name: str, prometheus: str, query: str, /, **metric: Any) -> Obj:
    """Return a template as `measuring` makes it, with other settings of its metric."""
    made = measuring(name, prometheus, query)
    made["spec"]["metrics"][0].update(metric)
    return made


def parametrised(name: str, prometheus: str) -> Obj:
    """Return a template that takes a value, a limit with a default and a token from a Secret."""
    made = template(name, prometheus, "vector({{args.value}}) + 0 * {{args.token}}")
    made["spec"]["metrics"][0]["successCondition"] = "result[0] < {{args.limit}}"
    made["spec"]["metrics"][0].pop("failureCondition")
    token = {"valueFrom": {"secretKeyRef": {"name": "prometheus", "key": "token"}}}
    made["spec"]["args"] = [{"name": "value"}, {"name": "limit", "value": "0.02"}, {"name": "token", **token}]
    return made


def told(run: Run, ansible: Ansible) -> list[str]:
    """Return the lines of progress, which the module hands back and the action shows."""
    if ansible.door == "module":
        return [str(line) for result in run.verbs("analysis_run") for line in result.data.get("progress", [])]
    return [line.split("] ", 1)[1] for _, line in run.lines if " [test] " in line]


def filled(value: Any) -> Any:
    """Return what the controller writes without the empty mappings that its typed objects leave behind."""
    if isinstance(value, dict):
        kept = {key: filled(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item != {}}
    return [filled(item) for item in value] if isinstance(value, list) else value


def live(space: Space, result: Result) -> Obj:
    """Return the AnalysisRun that a task tells of."""
    return space.get("AnalysisRun", result.data["run"]["name"])


def named(task_name: str, run_name: str, *, fails: bool = False, check: bool = False, **options: Any) -> Data:
    """Return a task whose module has an option `name` of its own."""
    made = task("analysis_run", name=task_name, fails=fails, check=check, **options)
    made["tradesense.delivery.analysis_run"]["name"] = run_name
    return made


@pytest.fixture
def cluster_template(space: Space, sandbox: Sandbox) -> Iterator[str]:
    """The name of a ClusterAnalysisTemplate with the metric `share-of-errors`, which refers to the template `inner`."""
    made = template(f"it-{secrets.token_hex(4)}", sandbox.prometheus, GOOD, name="share-of-errors")
    made["kind"] = "ClusterAnalysisTemplate"
    made["spec"]["templates"] = [{"templateName": "inner"}]
    name = str(made["metadata"]["name"])
    space.cluster.request("POST", CLUSTER_KIND, made)
    yield name
    space.cluster.request("DELETE", f"{CLUSTER_KIND}/{name}")


def test_verdicts(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Each verdict of the controller, with metric, measured value and threshold; only an accepted one passes."""
    space.apply(
        template("good", sandbox.prometheus, GOOD),
        template("bad", sandbox.prometheus, BAD),
        template("unknown", sandbox.prometheus, NO_DATA),
        template("broken", NOWHERE, GOOD, consecutiveErrorLimit=0),
    )
    verdict: Data = {"timeout": 60}
    run = ansible.tasks(
        space.name,
        [
            task("analysis_run", name="good", templates=["good"], **verdict),
            task("analysis_run", name="bad", templates=["bad"], fails=True, **verdict),
            task("analysis_run", name="unknown", templates=["unknown"], fails=True, **verdict),
            task("analysis_run", name="broken", templates=["broken"], fails=True, **verdict),
            task("analysis_run", name="accepted", templates=["bad"], accept=["Failed", "Error"], **verdict),
        ],
    )
    good = run["good"]
    assert good.changed
    assert good.data["run"]["phase"] == "Successful"
    assert good.data["run"]["kind"] == "Standalone"
    assert (
        good.msg
        == f"analysis run {good.data['run']['name']} is Successful: metric error-share measured 0.011, needs < 0.02."
    )
    assert live(space, good)["status"]["phase"] == "Successful"
    [metric] = good.data["run"]["metrics"]
    assert (metric["count"], metric["successful"], metric["limits"]["count"]) == (3, 3, 3)
    assert [item["value"] for item in metric["measurements"]] == ["0.011"] * 3
    assert metric["measurements"][0]["condition"] == "< 0.02"
    expected = {
        "bad": ("AnalysisFailed", "is Failed: metric error-share measured 0.21, needs < 0.02"),
        "unknown": ("AnalysisInconclusive", "is Inconclusive: metric error-share measured no data, needs < 0.02"),
        "broken": ("AnalysisError", "is Error: metric error-share could not be measured: "),
    }
    for name, (reason, text) in expected.items():
        assert run[name].data["reason"] == reason
        assert text in run[name].msg
        assert run[name].changed, "a run was created, and stays"
        assert live(space, run[name])["status"]["phase"] == reason.removeprefix("Analysis")
        assert "\n" not in run[name].msg
    assert "connection refused" in run["broken"].msg
    assert "is Failed: metric error-share measured 0.21, needs < 0.02" in run["accepted"].msg
    assert run["accepted"].data["run"]["phase"] == "Failed"
    lines = told(run, ansible)
    name = good.data["run"]["name"]
    assert [line for line in lines if line.startswith(f"{name}: ")] == [
        f"{name}: created",
        *(
            f"{name}: analysis metric error-share measured 0.011, needs < 0.02: ok ({number} of 3)"
            for number in (1, 2, 3)
        ),
        f"{name}: Successful",
    ]
    assert any("error-share measured 0.21, needs < 0.02: FAILED (1 of 3)" in line for line in lines)


def test_lines_come_while_it_measures(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """The action shows a measurement when it is taken, not at the end."""
    space.apply(template("good", sandbox.prometheus, GOOD, interval="2s"))
    run = ansible.tasks(space.name, [task("analysis_run", templates=["good"], timeout=60)])
    moments = [moment for moment, line in run.lines if "error-share measured 0.011, needs < 0.02: ok (" in line]
    if ansible.door == "action":
        assert len(moments) == 3
        assert moments[2] - moments[0] > 3
    else:
        assert len(told(run, ansible)) == 5


def test_several_templates_are_merged(ansible: Ansible, space: Space, sandbox: Sandbox, cluster_template: str) -> None:
    """Templates of the namespace and of the cluster, with nested ones, dry runs and retention: one run of them all."""
    outer = template("outer", sandbox.prometheus, GOOD, name="outer-errors", count=1)
    outer["spec"]["templates"] = [{"templateName": "inner"}]
    inner = template("inner", sandbox.prometheus, BAD, name="inner-errors", count=2)
    inner["spec"]["dryRun"] = [{"metricName": "inner-.*"}]
    inner["spec"]["measurementRetention"] = [{"metricName": "inner-errors", "limit": 1}]
    space.apply(outer, inner)
    given: Data = {"templates": ["outer"], "cluster_templates": [cluster_template], "timeout": 60}
    run = ansible.tasks(space.name, [task("analysis_run", **given)])
    result = run["analysis_run"]
    made = live(space, result)["spec"]
    assert [metric["name"] for metric in made["metrics"]] == ["outer-errors", "inner-errors", "share-of-errors"]
    assert made["dryRun"] == [{"metricName": "inner-.*"}]
    assert made["measurementRetention"] == [{"metricName": "inner-errors", "limit": 1}]
    assert result.data["run"]["name"].startswith("outer-")
    assert result.data["run"]["phase"] == "Successful", "what failed was a dry run"
    metrics = {metric["name"]: metric for metric in result.data["run"]["metrics"]}
    assert (metrics["inner-errors"]["phase"], metrics["inner-errors"]["dry_run"]) == ("Failed", True)
    assert any("inner-errors measured 0.21, needs < 0.02: FAILED" in line for line in told(run, ansible))
    assert any(line.endswith("(dry run)") for line in told(run, ansible))


def test_the_run_is_the_one_that_argo_makes(
    space: Space, sandbox: Sandbox, cluster_template: str, tmp_path: Path
) -> None:
    """The controller, for the step of a Rollout, and the plugin make the same of the same templates and arguments."""
    outer = template("outer", sandbox.prometheus, "vector({{args.value}})", name="outer-errors")
    outer["spec"]["templates"] = [{"templateName": "inner"}, {"templateName": cluster_template, "clusterScope": True}]
    outer["spec"]["args"] = [{"name": "value"}, {"name": "limit", "value": "0.02"}]
    inner = template("inner", sandbox.prometheus, "vector({{args.value}}) / {{args.base}}", name="inner-errors")
    inner["spec"]["args"] = [{"name": "base", "value": "1"}, {"name": "limit"}, {"name": "value"}]
    inner["spec"]["dryRun"] = [{"metricName": "inner-.*"}]
    inner["spec"]["measurementRetention"] = [{"metricName": "inner-errors", "limit": 1}]
    reference = [{"templateName": "inner"}, {"templateName": "outer"}]
    cluster_reference = {"templateName": cluster_template, "clusterScope": True}
    values = [{"name": "value", "value": "0.011"}, {"name": "base", "value": "2"}]
    step = {"analysis": {"templates": [cluster_reference, *reference], "args": values}}
    start(space, outer, inner, canary("web", weight(50), step))
    made_by_argo = f"web-{release(space, 'web', 'v2')}-2-1"
    run = Ansible(tmp_path).tasks(
        space.name,
        [
            task(
                "analysis_run",
                name="several",
                templates=["inner", "outer"],
                cluster_templates=[cluster_template],
                arguments={"base": 2, "value": 0.011},
                wait=False,
            ),
            task("analysis_run", name="one", templates=["inner"], arguments={"value": 3, "limit": "x"}, wait=False),
        ],
    )
    theirs = space.until(lambda: space.find("AnalysisRun", made_by_argo), f"run {made_by_argo}")
    assert live(space, run["several"])["spec"] == filled(theirs["spec"])
    create = ["create", "analysisrun", "--from", "inner", "--name", "by-plugin", "-a", "value=3", "-a", "limit=x"]
    command = [str(sandbox.argo_plugin), "--kubeconfig", str(sandbox.kubeconfig), "-n", space.name, *create]
    subprocess.run(command, check=True, capture_output=True)
    assert live(space, run["one"])["spec"] == space.get("AnalysisRun", "by-plugin")["spec"]


def test_arguments_and_secrets(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Values are put in, defaults kept, a Secret stays a reference; its value is in no output."""
    hush = f"7{secrets.randbelow(10**8):08}"
    space.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "prometheus"}, "stringData": {"token": hush}}
    )
    other = {"valueFrom": {"secretKeyRef": {"name": "prometheus", "key": "token"}}}
    space.apply(parametrised("limited", sandbox.prometheus))
    run = ansible.tasks(
        space.name,
        [
            task("analysis_run", name="good", templates=["limited"], arguments={"value": 0.011}, timeout=60, diff=True),
            task(
                "analysis_run",
                name="bad",
                templates=["limited"],
                arguments={"value": 0.3, "limit": "0.25", "token": other},
                timeout=60,
                fails=True,
            ),
            task("analysis_info", name="info"),
        ],
        arguments=["-vvv"],
    )
    assert run["good"].data["run"]["arguments"] == {
        "value": "0.011",
        "limit": "0.02",
        "token": "Secret prometheus, key token",
    }
    assert live(space, run["good"])["spec"]["args"][2] == {"name": "token", **other}
    assert "metric error-share measured 0.3, needs < 0.25" in run["bad"].msg
    queries = [str(item.get("metadata")) for item in live(space, run["good"])["status"]["metricResults"]]
    assert hush in queries[0], "the controller itself keeps the query with the value in it"
    assert hush not in run.console
    assert hush not in str([result.data for result in run.results])


def test_what_cannot_work_is_refused_before_anything_is_created(
    ansible: Ansible, space: Space, sandbox: Sandbox, cluster_template: str
) -> None:
    """One sentence with cause and advice for each mistake; no run is left behind."""
    undeclared = template("undeclared", sandbox.prometheus, "vector({{args.value}})")
    circle = template("circle", sandbox.prometheus, GOOD)
    circle["spec"]["templates"] = [{"templateName": "circle"}]
    nested = template("nested", sandbox.prometheus, GOOD)
    nested["spec"]["templates"] = [{"templateName": "innner"}]
    endless = template("endless", sandbox.prometheus, GOOD)
    endless["spec"]["metrics"][0].pop("count")
    limited = parametrised("limited", sandbox.prometheus)
    space.apply(undeclared, circle, nested, endless, limited, template("success-rate", sandbox.prometheus, GOOD))
    cases: dict[str, tuple[Data, str, tuple[str, ...]]] = {
        "unknown": (
            {"templates": ["sucess-rate"]},
            "AnalysisTemplateNotFound",
            (f"there is no AnalysisTemplate sucess-rate in namespace {space.name}", "Did you mean success-rate?"),
        ),
        "argument missing": (
            {"templates": ["limited"]},
            "ArgumentMissing",
            ("argument value of AnalysisTemplate limited has no value", "Give it in arguments"),
        ),
        "other kind": (
            {"templates": [cluster_template]},
            "AnalysisTemplateNotFound",
            (f"There is a ClusterAnalysisTemplate {cluster_template}: name it in cluster_templates",),
        ),
        "duplicate": (
            {"templates": ["undeclared", "success-rate"]},
            "Duplicate",
            (
                "two metrics have the same name error-share, "
                "one in AnalysisTemplate undeclared and one in AnalysisTemplate success-rate",
            ),
        ),
        "nested": (
            {"templates": ["nested"]},
            "AnalysisTemplateNotFound",
            ("there is no AnalysisTemplate innner", "which AnalysisTemplate nested refers to"),
        ),
        "endless": (
            {"templates": ["endless"]},
            "Endless",
            ("metric error-share has an interval and no count", "Give the metric a count in its template"),
        ),
        "argument unknown": (
            {"templates": ["limited"], "arguments": {"valeu": 1}},
            "ArgumentUnknown",
            ("no template declares an argument valeu", "Did you mean value?"),
        ),
        "undeclared": (
            {"templates": ["undeclared"]},
            "ArgumentUndeclared",
            ("metric error-share of AnalysisTemplate undeclared uses {{args.value}}, which no template declares",),
        ),
        "secret": (
            {"templates": ["limited"], "arguments": {"value": 1, "token": "hush"}},
            "ArgumentFromSecret",
            ("argument token of AnalysisTemplate limited comes from a Secret",),
        ),
        "circle": (
            {"templates": ["circle"]},
            "TemplateCircle",
            ("in a circle: AnalysisTemplate circle -> AnalysisTemplate circle",),
        ),
        "no cluster template": (
            {"cluster_templates": [cluster_template[:-1]]},
            "ClusterAnalysisTemplateNotFound",
            (f"Did you mean {cluster_template}?",),
        ),
        "nowhere": (
            {"templates": ["x"], "namespace": f"{space.name}-nowhere"},
            "NamespaceNotFound",
            (f"the namespace {space.name}-nowhere does not exist",),
        ),
        "empty": ({"templates": []}, "BadOption", ("no template is named",)),
        "bad value": (
            {"templates": ["limited"], "arguments": {"value": ["hush"]}},
            "BadOption",
            ("the value of argument value is neither",),
        ),
    }
    chosen = ansible.some(cases)
    run = ansible.tasks(
        space.name,
        [task("analysis_run", name=name, fails=True, **options) for name, (options, _, _) in chosen.items()],
    )
    for name, (_, reason, texts) in chosen.items():
        result = run[name]
        assert result.data["reason"] == reason, result.data
        for text in texts:
            assert text in result.msg, result.msg
        assert "\n" not in result.msg
        assert not result.changed
    assert space.list("AnalysisRun") == []


def test_timeout_ends_what_the_task_began(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """What each metric lacks is told, the run is terminated; that Argo then calls it Successful is told nowhere."""
    slow = template("slow", sandbox.prometheus, GOOD, name="slow", interval="40s")
    late = template("late", sandbox.prometheus, GOOD, name="late", initialDelay="30s")
    space.apply(slow, late, template("broken", NOWHERE, GOOD, name="broken", consecutiveErrorLimit=9))
    given: Data = {"templates": ["slow", "late", "broken"], "timeout": 3, "fails": True}
    run = ansible.tasks(
        space.name,
        [
            task("analysis_run", name="own", **given),
            task("analysis_run", name="every verdict accepted", accept=["Successful", "Inconclusive"], **given),
        ],
    )
    for name in ("own", "every verdict accepted"):
        late_run = run[name]
        made = live(space, late_run)
        assert (made["spec"]["terminate"], made["status"]["phase"]) == (True, "Successful"), "as trap T15 says"
        assert late_run.data["reason"] == "Timeout"
        assert "has no verdict after 3 s: " in late_run.msg
        assert "metric slow has 1 of 3 measurements" in late_run.msg
        assert "metric late has not been measured yet (its first measurement comes after 30s)" in late_run.msg
        assert "metric broken could not be measured 1 times in succession: " in late_run.msg
        assert "; it was terminated." in late_run.msg
        assert late_run.data["hint"] == "raise timeout, the analysis takes 80 s at least"
        assert late_run.data["run"]["phase"] == "Terminated"
        assert late_run.data["run"]["termination_requested"]
        assert late_run.changed
        assert "Successful" not in str(late_run.data["msg"])
    assert "the analysis takes 80 s at least, and timeout is 3 s" in run.console


def test_a_controller_that_does_not_react(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A run for another instance of the controller: nobody does anything, and that is what is told."""
    space.apply(template("good", sandbox.prometheus, GOOD))
    given: Data = {"templates": ["good"], "instance_id": "blue", "timeout": 2}
    run = ansible.tasks(space.name, [task("analysis_run", fails=True, **given)])
    result = run["analysis_run"]
    assert f"the controller did not react to analysis run {result.data['run']['name']} within 2 s" in result.msg
    assert "its termination was asked for, and has not happened yet" in result.msg
    assert "Is argo-rollouts running, with --instance-id blue?" in result.msg
    made = live(space, result)
    assert made["metadata"]["labels"] == {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}
    assert made["spec"]["terminate"] is True
    assert result.data["run"]["phase"] == "Pending"


def test_a_named_run_is_made_once(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A second identical task finds the run, waits for it and reports it; with another spec it is refused."""
    space.apply(template("good", sandbox.prometheus, GOOD), template("bad", sandbox.prometheus, BAD))
    good: Data = {"templates": ["good"], "timeout": 60, "ttl": 3600}
    run = ansible.tasks(
        space.name,
        [
            named("begun", "check", wait=False, **good),
            named("first", "check", **good),
            named("second", "check", **good),
            named("checked", "check", check=True, **good),
            look("before"),
            named("other", "check", templates=["bad"], ttl=3600, fails=True),
            named("other ttl", "check", templates=["good"], fails=True),
            named("bad", "fails", templates=["bad"], timeout=60, fails=True),
            named("bad again", "fails", templates=["bad"], timeout=60, fails=True),
            look("after"),
        ],
    )
    assert (run["begun"].changed, run["begun"].msg) == (True, "analysis run check was created.")
    assert run["begun"].data["run"]["phase"] == "Pending"
    for name in ("first", "second", "checked"):
        assert not run[name].changed
        assert run[name].data["run"]["phase"] == "Successful"
        assert "is Successful: metric error-share measured 0.011, needs < 0.02." in run[name].msg
    assert live(space, run["first"])["spec"]["ttlStrategy"] == {"secondsAfterCompletion": 3600}
    for name, words in (("other", "metric error-share"), ("other ttl", "ttl")):
        assert run[name].data["reason"] == "AnalysisRunExists"
        assert f"there is an analysis run check that is another one: it differs in {words}" in run[name].msg
    assert (run["bad"].changed, run["bad again"].changed) == (True, False)
    assert "is Failed: metric error-share measured 0.21, needs < 0.02" in run["bad again"].msg
    before, after = run["before"].objects, run["after"].objects
    assert before["AnalysisRun/check"] == after["AnalysisRun/check"]
    assert set(after) - set(before) == {"AnalysisRun/fails"}


def test_the_run_of_another_is_not_terminated(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Whose time is over waits no more; the run goes on for whoever began it."""
    space.apply(template("slow", sandbox.prometheus, GOOD, interval="30s"))
    run = ansible.tasks(
        space.name,
        [
            named("begun", "slow", templates=["slow"], wait=False),
            named("late", "slow", templates=["slow"], timeout=2, fails=True),
        ],
    )
    assert "has no verdict after 2 s: metric error-share has 1 of 3 measurements" in run["late"].msg
    assert "it goes on, because another task created it" in run["late"].msg
    assert not run["late"].changed
    made = space.get("AnalysisRun", "slow")
    assert "terminate" not in made["spec"]
    assert made["status"]["phase"] == "Running"


def test_terminated_by_somebody_else_is_no_success(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """While it is waited for, and found later: Argo says Successful, which is never believed."""
    space.apply(template("slow", sandbox.prometheus, GOOD, interval="30s"))
    stop = threading.Event()
    ender = threading.Thread(target=_terminate, args=(space, "slow", stop))
    ender.start()
    try:
        run = ansible.tasks(
            space.name,
            [
                named("waited", "slow", templates=["slow"], timeout=60, fails=True),
                named("found", "slow", templates=["slow"], timeout=60, fails=True),
            ],
        )
    finally:
        stop.set()
        ender.join()
    assert space.get("AnalysisRun", "slow")["status"]["phase"] == "Successful"
    for name in ("waited", "found"):
        assert run[name].data["reason"] == "Terminated"
        assert "analysis run slow was terminated before it came to a verdict" in run[name].msg
        assert run[name].data["run"]["phase"] == "Terminated"


def _terminate(space: Space, name: str, stop: threading.Event) -> None:
    """Terminate a run as soon as it has been measured."""
    while not stop.is_set():
        item = space.find("AnalysisRun", name)
        if item and (item.get("status") or {}).get("metricResults"):
            space.patch("AnalysisRun", name, {"spec": {"terminate": True}})
            return
        time.sleep(0.05)


def test_deleted_meanwhile(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A run that goes away while it is waited for."""
    space.apply(template("slow", sandbox.prometheus, GOOD, interval="30s"))
    stop = threading.Event()

    def delete() -> None:
        while not stop.wait(0.05):
            if (space.find("AnalysisRun", "slow") or {}).get("status"):
                space.delete("AnalysisRun", "slow")
                return

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        run = ansible.tasks(space.name, [named("waited", "slow", templates=["slow"], timeout=60, fails=True)])
    finally:
        stop.set()
        deleter.join()
    assert run["waited"].data["reason"] == "Deleted"
    assert "analysis run slow was deleted before it ended" in run["waited"].msg


def test_check_mode_and_diff(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A dry run on the server: it tells what would be, also what the server refuses, and creates nothing."""
    endless = template("endless", sandbox.prometheus, GOOD)
    endless["spec"]["metrics"][0].pop("count")
    space.apply(template("good", sandbox.prometheus, GOOD), endless)
    run = ansible.tasks(
        space.name,
        [
            task("analysis_run", name="check", templates=["good"], check=True, diff=True),
            named("bad name", "Not_A_Name", templates=["good"], check=True, fails=True),
            task("analysis_run", name="missing", templates=["goood"], check=True, fails=True),
            look("nothing yet"),
            task("analysis_run", name="endless", templates=["endless"], wait=False, diff=True),
        ],
    )
    check = run["check"]
    assert check.changed
    assert check.msg == f"analysis run {check.data['run']['name']} would be created."
    [diff] = check.data["diff"]
    assert diff["before"] == ""
    assert diff["after"]["spec"]["metrics"][0]["name"] == "error-share"
    assert diff["after"]["spec"]["metrics"][0]["provider"] == "prometheus"
    assert run["bad name"].data["reason"] == "Invalid"
    assert "Did you mean good?" in run["missing"].msg
    assert not [name for name in run["nothing yet"].objects if name.startswith("AnalysisRun/")]
    assert "the run goes on until somebody ends it" in run.console
    space.until(lambda: live(space, run["endless"]).get("status"), "the endless run begun")
    space.patch("AnalysisRun", run["endless"].data["run"]["name"], {"spec": {"terminate": True}})


def test_the_documented_rights_are_enough(ansible: Ansible, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """A role with what the module's notes name, and no more; and what is told where one of them is missing."""
    space.apply(
        template("good", sandbox.prometheus, GOOD),
        template("slow", sandbox.prometheus, GOOD, interval="30s"),
    )
    argo, runs = "argoproj.io", ["analysisruns"]
    templates = rule(argo, ["analysistemplates"], "get")
    enough = kubeconfig_of(space, "enough", [templates, rule(argo, runs, "list", "watch", "create", "patch")], tmp_path)
    starter = kubeconfig_of(space, "starter", [templates, rule(argo, runs, "list", "create")], tmp_path)
    blind = kubeconfig_of(space, "blind", [templates, rule(argo, runs, "list", "create", "patch")], tmp_path)
    reader = kubeconfig_of(space, "reader", [templates, rule(argo, runs, "list", "watch")], tmp_path)
    late: Data = {"templates": ["slow"], "timeout": 2, "fails": True}
    run = ansible.tasks(
        space.name,
        [
            task("analysis_run", name="good", templates=["good"], timeout=60, kubeconfig=str(enough)),
            task("analysis_run", name="late", kubeconfig=str(enough), **late),
            task("analysis_run", name="starter", templates=["good"], wait=False, kubeconfig=str(starter)),
            task("analysis_run", name="blind", templates=["slow"], timeout=60, kubeconfig=str(blind), fails=True),
            task("analysis_run", name="reader", templates=["good"], kubeconfig=str(reader), fails=True),
            task("analysis_run", name="checked", templates=["good"], kubeconfig=str(reader), check=True, fails=True),
        ],
    )
    assert run["good"].data["run"]["phase"] == "Successful"
    assert "; it was terminated." in run["late"].msg
    assert run["starter"].changed
    name = run["blind"].data["run"]["name"]
    assert run["blind"].data["reason"] == "Forbidden"
    assert run["blind"].changed
    assert (
        f":blind may not watch analysisruns; analysis run {name}, which this task created: it was" in run["blind"].msg
    )
    assert space.get("AnalysisRun", name)["spec"]["terminate"] is True
    for refused in ("reader", "checked"):
        assert run[refused].data["reason"] == "Forbidden"
        assert ":reader may not create analysisruns" in run[refused].msg
        assert not run[refused].changed


def test_an_interrupted_task_leaves_nothing_running(space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """Ansible's own timeout ends the task in the middle of its wait: the run is terminated all the same."""
    space.apply(template("slow", sandbox.prometheus, GOOD, interval="30s"))
    begun = named("interrupted", "slow", templates=["slow"], timeout=60, fails=True)
    run = Ansible(tmp_path).tasks(space.name, [{**begun, "timeout": 5}])
    assert "Timeout" in str(run["interrupted"].data) or "timed out" in str(run["interrupted"].data).lower()
    made = space.get("AnalysisRun", "slow")
    assert made["spec"]["terminate"] is True
    space.until(lambda: space.get("AnalysisRun", "slow")["status"]["phase"] == "Successful", "the run ended")
