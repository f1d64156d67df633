# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply: what it creates, changes and leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.support.cluster import Cluster, Obj, Space, versions
from tests.integration.support.objects import (
    PAUSE,
    canary,
    config_map,
    deployment,
    pod_template,
    routed,
    weight,
)
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import reach


def secret(**texts: str) -> Obj:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "stringData": texts}


def stateful_set(name: str, *, tag: str = "v1") -> Obj:
    """Return a StatefulSet."""
    made = deployment(name, tag=tag)
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": name}}


def job(name: str) -> Obj:
    """Return a Job."""
    spec = {**pod_template(name)["spec"], "restartPolicy": "Never"}
    made = {"backoffLimit": 0, "template": {"spec": spec}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": made}


def test_creates_then_changes_nothing(ansible: Ansible, space: Space) -> None:
    """Check mode creates nothing, the real run everything, and the second run moves no resourceVersion."""
    wanted = [*routed("web", weight(10), PAUSE), deployment("users"), config_map("settings", LEVEL="INFO")]
    names = {f"{item['kind']}/{item['metadata']['name']}" for item in wanted}
    wait: Obj = {"definitions": wanted, "wait": True}
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="check", check=True, **wait),
            look("after check"),
            task("apply", name="create", **wait),
            look("after create"),
            task("apply", name="again", **wait),
            look("after again"),
        ],
    )
    for name in ("check", "create"):
        assert run[name].changed
        assert {f"{kind}": item["action"] for kind, item in run[name].objects.items()} == dict.fromkeys(
            names, "created"
        )
    assert run["check"].msg == "6 created (check mode: nothing was sent for good)."
    assert run["create"].msg == "6 created."
    assert run["create"].data["pending"] == []
    assert run["create"].data["objects"][0] == {
        "kind": "Service",
        "name": "web-stable",
        "namespace": space.name,
        "action": "created",
    }
    assert run["after check"].objects == {}
    assert names <= run["after create"].objects.keys()
    live = run["after create"].objects["Rollout/web"]
    assert live["status"]["phase"] == "Healthy", "wait ends when the workloads are ready"
    assert not run["again"].changed
    assert {item["action"] for item in run["again"].objects.values()} == {"unchanged"}
    assert versions(run["after again"].objects) == versions(run["after create"].objects)


def test_diff_shows_only_what_changes(ansible: Ansible, space: Space) -> None:
    """One cleaned entry for each object that changes; check mode shows the same and changes nothing."""
    space.apply(config_map("one", LEVEL="INFO"), config_map("two", LEVEL="INFO"))
    wanted = [config_map("one", LEVEL="DEBUG"), config_map("two", LEVEL="INFO"), config_map("three")]
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("apply", name="check", check=True, diff=True, definitions=wanted),
            look("after check"),
            task("apply", name="change", diff=True, definitions=wanted),
        ],
    )
    assert versions(run["before"].objects) == versions(run["after check"].objects)
    for name in ("check", "change"):
        assert run[name].changed
        changed, created = run[name].data["diff"]
        assert changed["before"]["data"] == {"LEVEL": "INFO"}
        assert changed["after"]["data"] == {"LEVEL": "DEBUG"}
        assert changed["before_header"] == f"ConfigMap one in namespace {space.name} (live)"
        assert not {"managedFields", "resourceVersion", "uid", "generation"} & changed["after"]["metadata"].keys()
        assert created["before"] == ""
        assert created["after"]["metadata"]["name"] == "three"
    shown = [line.strip() for line in run.console.splitlines() if line.startswith(("+", "-"))]
    assert shown.count("-        LEVEL: INFO") == 2, run.console
    assert shown.count("+        LEVEL: DEBUG") == 2, run.console


def test_takes_lists_mappings_texts_files_and_templates(ansible: Ansible, space: Space, tmp_path: Path) -> None:
    """Manifests may come as a mapping, a List, a text of documents, a file or a template, also all at once."""
    text = "\n---\n".join(json.dumps(config_map(name)) for name in ("text-1", "text-2"))
    file = tmp_path / "manifest.yml"
    file.write_text("---\n" + json.dumps(config_map("file")), encoding="utf-8")
    template = tmp_path / "manifest.yml.j2"
    manifest = json.dumps(config_map("template", SPACE="S")).replace('"S"', "{{ space | to_json }}")
    template.write_text(manifest, encoding="utf-8")
    listed: Obj = {"apiVersion": "v1", "kind": "List", "items": [config_map("item")]}
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="mapping", definition=config_map("mapping")),
            task("apply", name="rest", definitions=[text, listed], src=[str(file)], template=[str(template)]),
            look(),
        ],
    )
    made = {name.removeprefix("ConfigMap/") for name in run["look"].objects}
    assert made == {"mapping", "text-1", "text-2", "item", "file", "template"}
    assert run["look"].objects["ConfigMap/template"]["data"] == {"SPACE": space.name}


def test_custom_resource_may_stand_before_its_definition(ansible: Ansible, space: Space) -> None:
    """Kinds are sorted: namespace and definition first, then what needs them, whatever the order given."""
    group = f"{space.name}.example.test"
    definition: Obj = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                        }
                    },
                }
            ],
        },
    }
    inner = f"{space.name}-inner"
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": inner},
        "spec": {"size": 1},
    }
    wanted = [widget, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inner}}, definition]
    try:
        run = ansible.tasks(
            space.name,
            [
                task("apply", name="check", check=True, definitions=wanted),
                task("apply", name="create", definitions=wanted),
                task("apply", name="again", definitions=wanted),
            ],
        )
        for name in ("check", "create"):
            assert [item["action"] for item in run[name].data["objects"]] == ["created"] * 3
        assert [item["action"] for item in run["again"].data["objects"]] == ["unchanged"] * 3
        live = space.cluster.request("GET", f"apis/{group}/v1/namespaces/{inner}/widgets/w")
        assert live["spec"] == {"size": 1}
    finally:
        space.cluster.request("DELETE", f"apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}")
        space.cluster.space(inner).remove()


def test_changed_fields_are_told(ansible: Ansible, space: Space) -> None:
    """The result names what changed by path, with and without a diff, and of a Secret no value."""
    old = {**secret(), "stringData": None, "data": {"PASSWORD": "b25l", "PIN": "MQ=="}}
    space.apply(
        config_map("settings", LEVEL="INFO", OLD="1", KEPT="1"),
        canary("web", env={"A": "1"}),
        old,
    )
    wanted = [
        config_map("settings", LEVEL="DEBUG", KEPT="1"),
        canary("web", tag="v2", env={"A": "2"}),
        secret(PASSWORD="two"),
    ]
    run = ansible.tasks(
        space.name, [task("apply", name="check", check=True, definitions=wanted), task("apply", definitions=wanted)]
    )
    for name in ("check", "apply"):
        fields = {key: set(item["fields"]) for key, item in run[name].objects.items()}
        container = "spec.template.spec.containers[app]"
        assert fields["ConfigMap/settings"] == {"data.LEVEL", "data.OLD"}
        assert {f"{container}.image", f"{container}.env[A].value"} <= fields["Rollout/web"]
        assert fields["Secret/password"] == {"data.PASSWORD", "data.PIN"}
    assert "fields" not in ansible.tasks(space.name, [task("apply", definitions=wanted)])["apply"].data["objects"][0]


def test_keys_of_a_secret_come_and_go(ansible: Ansible, space: Space) -> None:
    """What was once given as text can be left out later, and what has not changed is not changed."""
    first = {**secret(A="one", B="two"), "data": {"C": "dGhyZWU="}}
    second = {**secret(A="one"), "data": {"C": "dGhyZWU="}}
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="first", definitions=[first]),
            task("apply", name="again", definitions=[first]),
            task("apply", name="second", definitions=[second]),
            task("apply", name="second again", definitions=[second]),
            look(),
        ],
    )
    assert [run[name].changed for name in ("first", "again", "second", "second again")] == [True, False, True, False]
    assert run["second"].data["objects"][0]["fields"] == ["data.B"]
    assert run["look"].objects["Secret/password"]["data"] == {"A": "b25l", "C": "dGhyZWU="}


def test_wait_for_all_at_once(ansible: Ansible, space: Space, cluster: Cluster) -> None:
    """Workloads of every kind, in two namespaces with the same names, are waited for together."""
    other = cluster.space(f"{space.name}-other").make()
    try:
        there = {**deployment("users"), "metadata": {"name": "users", "namespace": other.name}}
        wanted = [deployment("users"), there, canary("web"), stateful_set("store"), job("migrate")]
        run = ansible.tasks(space.name, [task("apply", definitions=wanted, wait=True, wait_timeout=60), look()])
        assert run["apply"].msg == "5 created."
        assert run["look"].objects["Deployment/users"]["status"]["availableReplicas"] == 2
        assert other.get("Deployment", "users")["status"]["availableReplicas"] == 2
        store = space.cluster.request("GET", f"apis/apps/v1/namespaces/{space.name}/statefulsets/store")
        assert store["status"]["availableReplicas"] == 2
        done = space.cluster.request("GET", f"apis/batch/v1/namespaces/{space.name}/jobs/migrate")
        assert done["status"]["succeeded"] == 1
    finally:
        other.remove()


def test_a_failed_job_ends_the_wait(ansible: Ansible, space: Space) -> None:
    """A Job that failed is told with its reason at once, beside what else is not ready."""
    never = job("migrate")
    never["spec"]["activeDeadlineSeconds"] = 1
    never["spec"]["template"]["spec"]["nodeSelector"] = {"there-is": "none"}
    wanted = [never, stateful_set("store", tag="v1-neverready")]
    run = ansible.tasks(space.name, [task("apply", fails=True, definitions=wanted, wait=True, wait_timeout=200)])
    assert run["apply"].data["reason"] == "Failed"
    assert f"not ready: Job migrate in namespace {space.name} failed: DeadlineExceeded: " in run["apply"].msg
    assert f"StatefulSet store in namespace {space.name} has 1 of 2 pods updated and 0 available" in run["apply"].msg


def test_wait_tells_what_is_not_ready(ansible: Ansible, space: Space) -> None:
    """A wait that ends too late names each workload and what it lacks."""
    wanted = [deployment("stuck", tag="v1-neverready"), canary("fine")]
    run = ansible.tasks(space.name, [task("apply", fails=True, definitions=wanted, wait=True, wait_timeout=2)])
    failed = run["apply"]
    assert failed.data["reason"] == "Timeout"
    assert f"not ready within 2 s: Deployment stuck in namespace {space.name} has 2 of 2 pods updated" in failed.msg
    assert "Rollout fine" not in failed.msg
    assert "\n" not in failed.msg
    assert {item["action"] for item in failed.objects.values()} == {"created"}
    reach(space, "fine", "Healthy")
