# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import yaml

from sandbox.simulator.behaviours import RULES, Readiness
from sandbox.simulator.stages import stages

Stage = Mapping[str, Mapping[str, Mapping[str, object]]]


def documents() -> dict[str, Stage]:
    return {item["metadata"]["name"]: item for item in yaml.safe_load_all(stages())}


def requirements(stage: Stage) -> list[tuple[str, str, list[str]]]:
    found = cast("list[dict[str, object]]", stage["spec"]["selector"]["matchExpressions"])
    return [(str(x["key"]), str(x["operator"]), cast("list[str]", x.get("values", []))) for x in found]


def images(stage: Stage, operator: str) -> list[str]:
    """The patterns of the stage's requirements on the image."""
    return [
        re.sub(r'^.*test\("(.*)"\)$', r"\1", key)
        for key, found, values in requirements(stage)
        if key.startswith(".spec.containers[0].image | test(") and found == operator and values == ["true"]
    ]


def test_the_set_is_complete() -> None:
    found = documents()
    assert list(found) == [
        *("node-initialize", "node-heartbeat-with-lease", "pod-ready", "pod-neverready", "pod-imagepull"),
        *("pod-complete", "pod-failed-badmigration", "pod-delete"),
    ]
    assert {str(stage["kind"]) for stage in found.values()} == {"Stage"}
    assert {str(stage["apiVersion"]) for stage in found.values()} == {"kwok.x-k8s.io/v1alpha1"}


def test_every_behaviour_that_never_turns_ready_is_kept_from_pod_ready_and_has_its_own_stage() -> None:
    found = documents()
    held = [rule for rule in RULES if rule.readiness in (Readiness.NEVER_READY, Readiness.IMAGE_PULL)]
    kept = images(found["pod-ready"], "NotIn")
    assert len(kept) == len(held) == 2
    for rule, pattern in zip(held, kept, strict=True):
        assert images(found[f"pod{rule.suffix}"], "In") == [pattern]
        for image, matches in (
            (f"x:v1{rule.suffix}", True),
            (f"x:v1{rule.suffix}@sha256:abc", True),
            (f"x:v1{rule.suffix}-2", False),
            ("x:v1", False),
        ):
            assert (re.search(pattern, image) is not None) is matches


def test_a_stage_that_leaves_a_pod_pending_is_applied_once() -> None:
    waiting = (".status.containerStatuses[0].state.waiting.reason", "NotIn", ["ImagePullBackOff"])
    assert waiting in requirements(documents()["pod-imagepull"])


def test_only_pod_ready_makes_ready() -> None:
    ready = re.compile(r'type: Ready\n\s*status: "True"')
    templates = {name: str(stage["spec"]["next"].get("statusTemplate")) for name, stage in documents().items()}
    assert [name for name, template in templates.items() if ready.search(template)] == ["pod-ready"]


def test_the_pods_of_jobs_end_one_way_or_the_other() -> None:
    found = documents()
    assert images(found["pod-complete"], "NotIn") == images(found["pod-failed-badmigration"], "In")
    for name, phase, code in (("pod-complete", "Succeeded", 0), ("pod-failed-badmigration", "Failed", 1)):
        owner = (".metadata.ownerReferences.[].kind", "In", ["Job"])
        assert owner in requirements(found[name])
        template = str(found[name]["spec"]["next"]["statusTemplate"])
        assert f"phase: {phase}\n" in template
        assert f"exitCode: {code}\n" in template
