# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The status for people: a tree, as far as the screen can show it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Screen
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.tree import brief_tree, tree
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    IMAGE,
    NAME,
    NEW,
    OLD,
    analysis_run,
    container,
    deployment,
    endpoint_slice,
    metric,
    pod,
    replica_set,
)
from tests.unit.plugins.scenes import blue_green, canary, changed, view

NOW = datetime(2026, 11, 23, 10, 5, 0, tzinfo=UTC)
PLAIN, FINE = Screen(), Screen(unicode=True)
ABORTED = {
    "abort": True,
    "abortedAt": "x",
    "phase": "Degraded",
    "message": "RolloutAborted: bad",
    "currentStepIndex": 0,
}


def shown(objects: Objects, screen: Screen = FINE) -> list[str]:
    return tree({NAME: view(objects)}, screen, NOW)


def stuck(name: str, reason: str = "ImagePullBackOff", message: str = "no such image") -> Obj:
    states = [container("app", {"waiting": {"reason": reason, "message": message}}, restartCount=2)]
    return pod(name, given={"status": {"phase": "Pending", "conditions": [], "containerStatuses": states}})


def line_with(lines: list[str], text: str) -> str:
    [found] = [line for line in lines if text in line]
    return found


def test_a_canary_in_flight_with_everything_there_is() -> None:
    objects = canary(step=4, weight=30, status={"phase": "Paused", "message": "CanaryPauseStep"})
    measured = metric("errors", "result[0] < 0.02", ("Successful", "[0.01]"), ("Failed", "[0.21]"), ("Error", ""))
    measured["result"].update(phase="Failed", successful=1, failed=1, error=1)
    objects.analysis_runs = [analysis_run("r", "Failed", metrics=[measured])]
    objects.pods = [pod("abc", NEW), pod("xyz", OLD)]
    objects.replica_sets[-1]["metadata"]["annotations"]["scale-down-deadline"] = "2026-11-23T10:05:30Z"
    assert shown(objects) == [
        f"‖ {NAME}  canary  Paused",
        "│  message  CanaryPauseStep",
        "│  step     5/7 pause 300s, 0s left",
        "│  weight   30 % set, 30 % actual",
        f"│  images   {IMAGE}:v2.8.0 (canary)",
        f"│           {IMAGE}:v2.7.0 (stable)",
        "│  pods     10 desired, 11 current, 1 updated, 11 ready, 11 available",
        f"│  traffic  70 % to {OLD} (stable), 10 ready endpoints",
        f"│           30 % to {NEW} (canary)",
        f"├─ ✔ revision 7  {NEW}  canary  1/1 ready  delay: 30s",
        f"│  ├─ ✔ {NAME}-{NEW}-abc  Running  1/1  5m",
        "│  └─ ✖ analysis in a step  r  Failed",
        "│     └─ ✖ errors  1 successful, 1 failed, 1 not measured; needs < 0.02",
        "│           last: 0.01, 0.21, could not be measured ()",
        f"├─ ✔ revision 6  {OLD}  stable  10/10 ready",
        f"│  └─ ✔ {NAME}-{OLD}-xyz  Running  1/1  5m",
        "└─ • without pods: revision 5 (v2.6.0)",
    ]


def test_a_blue_green_waits_for_a_promotion() -> None:
    lines = shown(blue_green())
    assert lines[:2] == [f"‖ {NAME}  blue_green  Paused", "│  message  BlueGreenPause"]
    assert f"│  traffic  100 % to {OLD} (stable, active), 10 ready endpoints" in lines
    assert f"├─ ✔ revision 7  {NEW}  preview  10/10 ready" in lines
    assert not any("weight" in line or "step" in line for line in lines)


def test_at_rest_neither_step_nor_weight_is_told() -> None:
    lines = shown(canary(at_rest=True))
    assert lines == [
        f"✔ {NAME}  canary  Healthy",
        f"│  images   {IMAGE}:v2.7.0 (stable)",
        "│  pods     10 desired, 10 current, 10 updated, 10 ready, 10 available",
        f"│  traffic  100 % to {OLD} (stable), 10 ready endpoints",
        f"├─ ✔ revision 7  {OLD}  stable  10/10 ready",
        "└─ • without pods: revision 5 (v2.6.0)",
    ]


def test_after_an_abort_no_step_is_told() -> None:
    """Argo sets the index back to 0, where the canary never was again."""
    lines = shown(canary(step=3, weight=0, status=ABORTED))
    assert lines[:2] == [f"✖ {NAME}  canary  Degraded", "│  message  RolloutAborted: bad"]
    assert not any("step" in line for line in lines)
    assert "│  weight   0 % set, 0 % actual" in lines


def test_a_deployment_has_a_tree_too() -> None:
    sets = [
        replica_set(OLD, 6, 2, label=DEPLOYMENT_HASH),
        replica_set(NEW, 7, 1, version="v2.8.0", label=DEPLOYMENT_HASH),
    ]
    lines = shown(Objects(deployments=[deployment(status={"updatedReplicas": 1})], replica_sets=sets))
    assert lines[:2] == [f"◌ {NAME}  rolling  Progressing", "│  message  more replicas need to be updated"]
    assert f"├─ ✔ revision 7  {NEW}  current  1/1 ready" in lines
    assert f"└─ ✔ revision 6  {OLD}  stable  2/2 ready" in lines


def test_pods_in_trouble_come_first_and_the_others_are_counted_when_they_are_many() -> None:
    objects = canary(step=1)
    objects.pods = [pod(f"a{number}") for number in range(8)] + [stuck("zzz")]
    lines = shown(objects)
    first = next(index for index, line in enumerate(lines) if "revision 7" in line)
    assert lines[first] == f"├─ ✖ revision 7  {NEW}  canary  1/1 ready  Degraded"
    assert lines[first + 1] == f"│  ├─ ✖ {NAME}-{NEW}-zzz  ImagePullBackOff  0/1  5m  2 restarts"
    assert lines[first + 2] == "│  │     no such image"
    assert lines[first + 3] == f"│  ├─ ✔ {NAME}-{NEW}-a0   Running           1/1  5m"
    assert lines[first + 8] == "│  └─ ✔ 3 more, ready"


def test_every_pod_that_is_not_ready_is_shown() -> None:
    objects = canary(step=1)
    objects.pods = [stuck(f"s{number}") for number in range(9)]
    lines = shown(objects)
    assert sum("ImagePullBackOff" in line for line in lines) == 9
    assert not any("more, ready" in line for line in lines)


def test_pods_on_their_way_and_going_have_marks_of_their_own() -> None:
    objects = canary(step=1)
    objects.pods = [
        pod("new", given={"status": {"phase": "Pending", "conditions": [], "containerStatuses": []}}),
        pod("old", given={"metadata": {"deletionTimestamp": "x"}}),
    ]
    lines = shown(objects)
    assert line_with(lines, "-new").startswith("│  ├─ ◌")
    assert line_with(lines, "-old").startswith("│  └─ •")


def test_pods_that_cannot_be_made_have_their_reason_below_the_revision() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: team"}
    objects = canary(step=1)
    objects.replica_sets[-1]["status"].update(availableReplicas=0, readyReplicas=0, conditions=[failure])
    lines = shown(objects)
    place = lines.index(f"├─ ✖ revision 7  {NEW}  canary  0/1 ready  Degraded")
    assert lines[place + 1] == "│     ⚠ exceeded quota: team"


def test_nobody_serves_is_a_warning() -> None:
    """The phase was seen Healthy with no ready endpoint at all."""
    lines = shown(changed(canary(at_rest=True), lambda these: these.endpoint_slices.clear()))
    assert f"│  traffic  100 % to {OLD} (stable), no ready endpoint" in lines
    assert "│  ⚠ nobody serves production traffic" in lines


def test_a_selector_without_a_hash_sends_to_all_pods() -> None:
    objects = canary(step=1)
    del objects.services[0]["spec"]["selector"]["rollouts-pod-template-hash"]
    objects.endpoint_slices = [endpoint_slice(f"{NAME}-stable", {OLD: 10, NEW: 1})]
    text = line_with(shown(objects), "traffic")
    assert (
        text == f"│  traffic  all pods, by label: {OLD} (stable): 10 ready endpoints; {NEW} (canary): 1 ready endpoint"
    )


@pytest.mark.parametrize(
    ("started", "left"), [("2026-11-23T10:04:00Z", ", 4m left"), ("2026-11-23T09:00:00Z", ", 0s left"), ("", "")]
)
def test_a_pause_counts_down(started: str, left: str) -> None:
    conditions = [{"reason": "CanaryPauseStep", "startTime": started}]
    text = line_with(shown(canary(step=4, status={"pauseConditions": conditions})), "step ")
    assert text == f"│  step     5/7 pause 300s{left}"


def test_what_is_promoted_has_its_successful_runs_in_a_line_each() -> None:
    objects = canary(at_rest=True)
    good = metric("errors", "result[0] < 0.02", ("Successful", "[0.01]"))
    bad = metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))
    objects.analysis_runs = [
        analysis_run("good", "Successful", pod_hash=OLD, kind="PostPromotion", metrics=[good]),
        analysis_run("bad", "Failed", pod_hash=OLD, kind="Background", metrics=[bad]),
    ]
    lines = shown(objects)
    assert "│  ├─ ✖ analysis in the background  bad  Failed" in lines
    assert "│  └─ ✔ analysis after promotion  good  Successful" in lines
    assert sum("needs < 0.02" in line for line in lines) == 1


def test_a_terminated_run_is_no_success() -> None:
    """Argo calls it Successful, whatever it measured."""
    objects = canary(step=3)
    run = analysis_run("r", "Successful")
    run["status"]["message"] = "Run Terminated"
    objects.analysis_runs = [run]
    assert "│  └─ ⚠ analysis in a step  r  terminated without a verdict" in shown(objects)


def test_the_message_of_a_run_and_a_dry_run_are_told() -> None:
    objects = canary(step=3)
    measured = metric("errors", "")
    measured["result"].update(dryRun=True, phase="Running")
    run = analysis_run("r", "Error", metrics=[measured])
    run["status"]["message"] = "no\nanswer"
    objects.analysis_runs = [run]
    lines = shown(objects)
    assert "│     │  no answer" in lines
    assert line_with(lines, "dry run").endswith("◌ errors (dry run)  0 successful; has no success condition")


def test_old_revisions_are_named_as_far_as_they_are_few() -> None:
    objects = canary(at_rest=True)
    objects.replica_sets += [replica_set(f"hash{number}", number, 0, version=f"v{number}") for number in range(10, 16)]
    assert shown(objects)[-1] == (
        "└─ • without pods: revisions 15 (v15), 14 (v14), 13 (v13), 12 (v12), 11 (v11) and 2 more"
    )


def test_several_containers_have_their_names() -> None:
    objects = canary(at_rest=True)
    containers = objects.replica_sets[1]["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "proxy", "image": "proxy:1"})
    assert f"│  images   trading-service {IMAGE}:v2.7.0 (stable)" in shown(objects)
    assert "│           proxy proxy:1 (stable)" in shown(objects)


def test_the_release_is_named() -> None:
    objects = canary(at_rest=True)
    objects.rollouts[0]["metadata"]["annotations"]["delivery.tradesense.io/release"] = "20261123T101502Z"
    assert "│  release  20261123T101502Z" in shown(objects)


def test_a_plain_screen_gets_ascii() -> None:
    objects = canary(step=1, status={"message": "schön"})
    objects.pods = [stuck("x", message="größer"), pod("y")]
    text = "\n".join(shown(objects, PLAIN))
    assert text.isascii()
    assert f"|- x revision 7  {NEW}" in text
    assert f"|  |- x {NAME}-{NEW}-x" in text
    assert "message  sch?n" in text
    assert text.startswith(f"= {NAME}")


def test_colours_only_where_they_are_wanted_and_around_the_same_text() -> None:
    objects = canary(step=1)
    objects.pods = [stuck("x"), pod("y")]
    coloured = shown(objects, Screen(unicode=True, colour=True))
    assert "\x1b[31m✖\x1b[0m" in "\n".join(coloured)
    assert [re.sub(r"\x1b\[\d+m", "", line).rstrip() for line in coloured] == shown(objects)
    assert "\x1b" not in "\n".join(shown(objects))


def test_what_a_cluster_says_cannot_speak_to_the_terminal() -> None:
    objects = canary(step=1, status={"message": "good\x1b[2J\rbye"})
    objects.pods = [stuck("x", message="bad\x07\nline")]
    text = "\n".join(shown(objects, Screen(unicode=True, colour=False)))
    assert "good [2J bye" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_an_empty_tree_says_so() -> None:
    assert tree({}, FINE, NOW) == ["There is no rollout and no deployment."]
    assert brief_tree({}, FINE, NOW) == ["There is no rollout and no deployment."]


def test_workloads_are_apart() -> None:
    views = {"a": view(canary(at_rest=True)), "b": view(blue_green(at_rest=True))}
    lines = tree(views, FINE, NOW)
    assert lines[lines.index("") + 1] == f"✔ {NAME}  blue_green  Healthy"
    assert lines.count("") == 1


def test_where_there_is_little_room_what_is_at_rest_has_a_line() -> None:
    calm, moving = canary(at_rest=True), blue_green()
    lines = brief_tree({"a": view(calm), "b": view(moving)}, FINE, NOW)
    assert lines[0] == f"‖ {NAME}  blue_green  Paused"
    assert lines[-2:] == ["", f"✔ {NAME}  canary  Healthy"]
    assert brief_tree({"a": view(calm)}, FINE, NOW) == [f"✔ {NAME}  canary  Healthy"]
    calm.pods = [pod("x", OLD, given={"status": {"conditions": []}})]
    assert len(brief_tree({"a": view(calm)}, FINE, NOW)) > 1
