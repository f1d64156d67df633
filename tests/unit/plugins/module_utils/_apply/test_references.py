# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who refers to what."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.references import referred, told, uses
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

CONFIG, SECRET = ("ConfigMap", "c"), ("Secret", "s")


def having(spec: Any, kind: str = "Deployment", name: str = "web", **metadata: Any) -> Obj:
    return {"kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def of_pod(**spec: Any) -> Obj:
    return having({"template": {"spec": spec}})


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            of_pod(containers=[{"envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}]}]),
            {CONFIG, SECRET},
        ),
        (
            of_pod(initContainers=[{"envFrom": [{"prefix": "x", "secretRef": {"name": "s", "optional": True}}]}]),
            {SECRET},
        ),
        (
            of_pod(
                ephemeralContainers=[
                    {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]}
                ]
            ),
            {CONFIG},
        ),
        (of_pod(containers=[{"env": [{"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]), {SECRET}),
        (of_pod(volumes=[{"name": "v", "configMap": {"name": "c"}}]), {CONFIG}),
        (of_pod(volumes=[{"name": "v", "secret": {"secretName": "s"}}]), {SECRET}),
        (
            of_pod(volumes=[{"projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}}]),
            {CONFIG, SECRET},
        ),
        (of_pod(volumes=[{"csi": {"nodePublishSecretRef": {"name": "s"}}}]), {SECRET}),
        (of_pod(volumes=[{"cephfs": {"secretRef": {"name": "s"}}}]), {SECRET}),
        (of_pod(volumes=[{"azureFile": {"secretName": "s", "shareName": "x"}}]), {SECRET}),
        (of_pod(imagePullSecrets=[{"name": "s"}]), {SECRET}),
        (of_pod(serviceAccountName="a"), {("ServiceAccount", "a")}),
        (having({"jobTemplate": {"spec": {"template": {"spec": {"imagePullSecrets": [{"name": "s"}]}}}}}), {SECRET}),
        (having({"tls": [{"hosts": ["x"], "secretName": "s"}]}, "Ingress"), {SECRET}),
        ({"kind": "ServiceAccount", "metadata": {"name": "a"}, "secrets": [{"name": "s"}]}, {SECRET}),
        (
            {
                "kind": "ControllerRevision",
                "metadata": {"name": "r"},
                "data": {"spec": {"template": {"spec": {"volumes": [{"configMap": {"name": "c"}}]}}}},
            },
            {CONFIG},
        ),
        (
            having(
                {"strategy": {"canary": {"steps": [{"analysis": {"templates": [{"templateName": "t"}]}}]}}}, "Rollout"
            ),
            {("AnalysisTemplate", "t")},
        ),
        (
            having(
                {"args": [{"name": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}, "AnalysisTemplate"
            ),
            {SECRET},
        ),
        # A name is no reference by itself, and neither is what the server keeps.
        (of_pod(containers=[{"name": "c", "image": "s"}], volumes=[{"name": "c", "emptyDir": {}}]), set()),
        (having({}, annotations={"x": {"secretRef": {"name": "s"}}}), set()),
        ({**having({}), "status": {"configMap": {"name": "c"}}}, set()),
        (of_pod(volumes=[{"configMap": None}, {"secret": {"secretName": None}}, {"configMap": {"name": None}}]), set()),
        (of_pod(imagePullSecrets=None, containers=[None, "x", {}]), set()),
    ],
)
def test_every_form_of_a_reference(item: Obj, expected: set[tuple[str, str]]) -> None:
    assert referred(item) == expected


def test_users_are_told_by_kind_and_name_once_each() -> None:
    twice = of_pod(volumes=[{"configMap": {"name": "c"}}, {"secret": {"secretName": "s"}}])
    assert uses([twice, twice, having({"configMap": {"name": "c"}}, "Pod", "p")]) == {
        CONFIG: ["Deployment web", "Pod p"],
        SECRET: ["Deployment web"],
    }


def test_what_goes_needs_nothing_and_neither_does_what_belongs_to_it() -> None:
    spec = {"configMap": {"name": "c"}}
    chain = [
        having(spec, "Pod", "p", uid="3", ownerReferences=[{"uid": "2"}]),
        having(spec, "ReplicaSet", "r", uid="2", ownerReferences=[{"uid": "1"}]),
        having(spec, "Deployment", "d", uid="1"),
        having(spec, "Pod", "other", uid="4", ownerReferences=[{"uid": "9"}]),
    ]
    assert uses(chain, ["1"]) == {CONFIG: ["Pod other"]}
    assert uses(chain, ["1", "9"]) == {}
    assert len(uses(chain)[CONFIG]) == 4


def test_what_is_only_about_to_be_has_no_uid_and_stays() -> None:
    assert uses([having({"configMap": {"name": "c"}})], ["1"]) == {CONFIG: ["Deployment web"]}


@pytest.mark.parametrize(
    ("users", "words"), [(["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d", "e"], "a, b, c and 2 more")]
)
def test_many_users_are_counted(users: list[str], words: str) -> None:
    assert told(users) == words
