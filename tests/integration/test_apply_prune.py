# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply: what it removes of a set, and what it never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support.accounts import kubeconfig_of, rule
from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.objects import (
    blue_green,
    canary,
    config_map,
    deployment,
    ingress,
    measuring,
    pod_template,
    service,
)
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.proxy import Exchange, Fault, lost, misbehaving, relay, status
from tests.integration.support.stage import promoted, reach, release

LABEL = "delivery.tradesense.io/set"
CHECKED = "(check mode: nothing was sent for good)."
SECRET = "correct-horse-battery"


def secret(name: str) -> Obj:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"PASSWORD": SECRET}}


def marked(item: Obj, name: str = "web", **metadata: object) -> Obj:
    """Return a manifest with the label of a set."""
    return {**item, "metadata": {**item["metadata"], "labels": {LABEL: name}, **metadata}}


def named(run_objects: dict[str, Obj], action: str) -> set[str]:
    """Return the objects of a result that something happened to."""
    return {name for name, item in run_objects.items() if item["action"] == action}


def test_what_is_left_over_goes(ansible: Ansible, space: Space) -> None:
    """Check mode and the diff list what would go; the real run removes exactly that, and the second run nothing."""
    stay = [config_map("a"), config_map("b"), service("web", "web"), *blue_green("shop"), secret("password")]
    go = [config_map("old"), secret("old"), ingress("old", "web"), canary("old")]
    space.apply(config_map("loose"))
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="all", definitions=[*stay, *go], prune="web", wait=True),
            look("before"),
            task("apply", name="check", check=True, diff=True, definitions=stay, prune="web"),
            look("checked"),
            task("apply", name="prune", diff=True, definitions=stay, prune="web", wait=True),
            look("after"),
            task("apply", name="again", definitions=stay, prune="web"),
        ],
    )
    gone = {f"{item['kind']}/{item['metadata']['name']}" for item in go}
    for name in ("check", "prune"):
        assert run[name].changed
        assert named(run[name].objects, "pruned") == gone
        assert named(run[name].objects, "unchanged") == {f"{i['kind']}/{i['metadata']['name']}" for i in stay}
        entries = {entry["before_header"]: entry for entry in run[name].data["diff"]}
        assert len(entries) == len(go)
        entry = entries[f"Secret old in namespace {space.name} (live)"]
        assert entry["after"] == ""
        assert entry["after_header"] == f"Secret old in namespace {space.name} (pruned)"
        assert entry["before"]["kind"] == "Secret"
        assert "data" not in entry["before"]
    assert run["check"].msg == f"7 unchanged, 4 pruned {CHECKED}"
    assert run["prune"].msg == "7 unchanged, 4 pruned."
    order = [item["kind"] for item in run["prune"].data["objects"] if item["action"] == "pruned"]
    assert (order[0], order[1], set(order[2:])) == ("Rollout", "Ingress", {"ConfigMap", "Secret"})
    assert set(run["checked"].objects) == set(run["before"].objects)
    assert gone & set(run["after"].objects) == set()
    assert {"ConfigMap/loose", "ConfigMap/a", "Secret/password", "Rollout/shop"} <= set(run["after"].objects)
    assert not run["again"].changed
    assert run["again"].msg == "7 unchanged."


def test_what_is_not_ours_stays(ansible: Ansible, space: Space, cluster: Cluster) -> None:
    """A copied label, an owner, another set, another namespace, a kind that is no business of prune: all stay."""
    wanted = [config_map("a"), config_map("b")]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}
    claim: Obj = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim", "labels": {LABEL: "web"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    other = cluster.space(f"{space.name}-other").make()
    try:
        space.apply(*map(marked, wanted), marked(config_map("other-set"), "shop"))
        uid = space.get("ConfigMap", "a")["metadata"]["uid"]
        space.apply(marked(config_map("owned"), ownerReferences=[{**owner, "uid": uid}]))
        space.create(marked(config_map("copied")))
        path = f"api/v1/namespaces/{space.name}/persistentvolumeclaims/claim"
        cluster.request(
            "PATCH", path, claim, content_type="application/apply-patch+yaml", fieldManager="tradesense-delivery"
        )
        other.apply(marked(config_map("elsewhere")))
        run = ansible.tasks(
            space.name,
            [
                task("apply", definitions=wanted, prune="web", prune_limit=100),
                task(
                    "apply",
                    name="there",
                    definitions=wanted,
                    prune="web",
                    prune_limit=100,
                    prune_namespaces=[space.name, other.name],
                    prune_kinds=["ConfigMap"],
                ),
                look(),
            ],
        )
        assert run["apply"].msg == "2 unchanged."
        assert not run["apply"].changed
        assert run["there"].msg == "2 unchanged, 1 pruned."
        assert {f"ConfigMap/{name}" for name in ("a", "b", "other-set", "owned", "copied")} <= set(run["look"].objects)
        assert cluster.request("GET", path)["metadata"].get("deletionTimestamp") is None
        assert other.find("ConfigMap", "elsewhere") is None
    finally:
        other.remove()


def test_too_much_is_refused_before_anything_is_applied(ansible: Ansible, space: Space) -> None:
    """Most of a set, all of it, or a task without manifests: an error that names what would go, and nothing is sent."""
    names = ["a", "b", "c", "d", "e"]
    space.apply(*(marked(config_map(name, LEVEL="INFO")) for name in names))
    less = [config_map("a", LEVEL="DEBUG"), config_map("b", LEVEL="INFO")]
    new = [config_map("new")]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="most", fails=True, definitions=less, prune="web"),
            task("apply", name="checked", fails=True, check=True, definitions=less, prune="web"),
            task("apply", name="all", fails=True, definitions=new, prune="web", prune_limit=99),
            task(
                "apply",
                name="none",
                fails=True,
                definitions=[less[0], *map(config_map, "bcd")],
                prune="web",
                prune_limit=0,
            ),
            task("apply", name="empty", fails=True, definitions=[], prune="web", prune_limit=100),
            task("apply", name="share", fails=True, definitions=less, prune="web", prune_limit=101),
            task("apply", name="name", fails=True, definitions=less, prune="not a label"),
            task("apply", name="other", fails=True, definitions=[marked(config_map("a"), "shop")], prune="web"),
            task("apply", name="lonely", fails=True, definitions=less, prune_namespaces=["x"]),
            task("apply", name="kind", fails=True, definitions=less, prune="web", prune_kinds=["Namespace"]),
            look(),
            task("apply", name="allowed", definitions=new, prune="web", prune_limit=100),
            look("allowed look"),
        ],
    )
    for name in ("most", "checked"):
        assert run[name].data["reason"] == "PruneRefused"
        assert (
            f"prune would remove 3 of the 5 objects of set web: ConfigMap c in namespace {space.name}, "
            in run[name].msg
        )
        assert "nothing was applied" in run[name].msg
        assert "prune_limit (it is 50)" in run[name].msg
        assert {item["action"] for item in run[name].data["objects"]} == {"skipped"}
        assert set(run[name].objects) == {f"ConfigMap/{item}" for item in names}
    assert "prune would remove all of the 5 objects of set web" in run["all"].msg
    assert "prune would remove 1 of the 5 objects" in run["none"].msg
    assert "no manifest was given, so that prune would remove all of set web" in run["empty"].msg
    assert "prune_limit: 101 is no share" in run["share"].msg
    assert "prune: 'not a label' cannot be the name of a set" in run["name"].msg
    assert f"ConfigMap a has the label {LABEL} of another set: shop" in run["other"].msg
    assert "prune" in run["lonely"].msg
    assert "Namespace" in run["kind"].msg
    assert {name: item["data"] for name, item in run["look"].objects.items()} == {
        f"ConfigMap/{name}": {"LEVEL": "INFO"} for name in names
    }
    assert run["allowed"].msg == "1 created, 5 pruned."
    assert set(run["allowed look"].objects) == {"ConfigMap/new"}


def test_what_the_history_uses_is_kept(ansible: Ansible, space: Space) -> None:
    """A configuration stays as long as any revision mounts it, and goes when the last one is gone."""
    web = canary("web", env={"LEVEL": "INFO"})
    web["spec"]["revisionHistoryLimit"] = 1
    web["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "config-1"}}]
    web["spec"]["template"]["spec"]["volumes"] = [{"name": "keys", "secret": {"secretName": "keys-1"}}]
    new = canary("web", tag="v2")
    new["spec"]["revisionHistoryLimit"] = 1
    first = [config_map("base"), config_map("config-1"), secret("keys-1"), web]
    second = [config_map("base"), config_map("config-2"), new]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="first", definitions=first, prune="web", wait=True),
            task("apply", name="second", definitions=second, prune="web", wait=True),
            task("apply", name="again", definitions=second, prune="web"),
        ],
    )
    for name in ("second", "again"):
        assert named(run[name].objects, "kept") == {"ConfigMap/config-1", "Secret/keys-1"}
        assert "2 kept" in run[name].msg
        for item in ("ConfigMap/config-1", "Secret/keys-1"):
            [note] = run[name].objects[item]["notes"]
            assert note.startswith("still used by ")
            assert "ReplicaSet web-" in note
    assert not run["again"].changed
    for tag in ("v3", "v4"):
        release(space, "web", tag)
        promoted(space, "web")
    old = {item["metadata"]["name"] for item in space.list("ReplicaSet")}
    space.until(lambda: len(space.list("ReplicaSet")) == 2, f"the end of the history of {old}")
    space.until(
        lambda: not [pod for pod in space.list("Pod") if "volumes" in str(pod) and "keys-1" in str(pod)], "old pods"
    )
    last = ansible.tasks(
        space.name, [task("apply", definitions=second, prune="web", pod_templates="keep", prune_limit=50)]
    )
    assert named(last["apply"].objects, "pruned") == {"ConfigMap/config-1", "Secret/keys-1"}


def test_what_only_goes_itself_uses_nothing(ansible: Ansible, space: Space) -> None:
    """A workload and its configuration leave a set together, although the workload's pods still stand."""
    job: Obj = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate"},
        "spec": {
            "suspend": True,
            "template": {"spec": {**pod_template("migrate")["spec"], "restartPolicy": "Never"}},
        },
    }
    users = deployment("users")
    for item in (users, job):
        item["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "password"}}]
    stay = [config_map(name) for name in "abc"]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="all", definitions=[*stay, users, job, secret("password")], prune="web", wait=True),
            task("apply", name="prune", definitions=stay, prune="web", wait=True),
            look(),
        ],
    )
    assert named(run["prune"].objects, "pruned") == {"Deployment/users", "Job/migrate", "Secret/password"}
    assert {"Deployment/users", "Secret/password"} & set(run["look"].objects) == set()


def test_an_apply_without_a_set_leaves_objects_in_theirs(ansible: Ansible, space: Space) -> None:
    """A release applies its workloads alone: that says nothing about what belongs together."""
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="set", definitions=[config_map("a"), config_map("b")], prune="web"),
            task("apply", name="alone", definitions=[config_map("a", LEVEL="INFO")]),
            look(),
            task("apply", name="moved", definitions=[config_map("a"), config_map("c")], prune="shop"),
            task("apply", name="left", definitions=[config_map("b")], prune="web"),
            look("after"),
        ],
    )
    assert run["alone"].objects["ConfigMap/a"]["fields"] == ["data"]
    assert run["look"].objects["ConfigMap/a"]["metadata"]["labels"] == {LABEL: "web"}
    assert run["moved"].objects["ConfigMap/a"]["notes"] == ["moves from set web to set shop"]
    assert f"metadata.labels[{LABEL}]" in run["moved"].objects["ConfigMap/a"]["fields"]
    assert run["left"].msg == "1 unchanged."
    assert set(run["after"].objects) == {"ConfigMap/a", "ConfigMap/b", "ConfigMap/c"}


def test_a_new_environment_has_nothing_to_prune(ansible: Ansible, space: Space) -> None:
    """In check mode the namespace may not exist yet."""
    inner = f"{space.name}-new"
    wanted = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inner}},
        {**config_map("a"), "metadata": {"name": "a", "namespace": inner}},
    ]
    run = ansible.tasks(space.name, [task("apply", check=True, definitions=wanted, prune="web", namespace=inner)])
    assert run["apply"].msg == f"2 created {CHECKED}"


def test_nothing_is_removed_when_the_new_is_not_ready(ansible: Ansible, space: Space) -> None:
    """What takes the place of something has to stand first."""
    start = [config_map("a"), config_map("b"), deployment("old")]
    new = [config_map("a"), config_map("b"), deployment("new", tag="v1-neverready")]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="start", definitions=start, prune="web", wait=True),
            task("apply", name="swap", fails=True, definitions=new, prune="web", wait=True, wait_timeout=2),
            look(),
        ],
    )
    assert run["swap"].data["reason"] == "Timeout"
    assert run["swap"].objects["Deployment/old"]["action"] == "skipped"
    assert "Deployment/old" in run["look"].objects


def test_removing_survives_lost_answers_and_moving_versions(
    ansible: Ansible, space: Space, cluster: Cluster, tmp_path: Path
) -> None:
    """A deletion is repeated with what it was decided on; whoever changed hands meanwhile stays."""
    names = ["lost", "stale", "busy", "taken"]
    stay = [config_map(name) for name in "abcde"]
    space.apply(*map(marked, stay), *(marked(config_map(name)) for name in names))

    def touched(name: str, label: str) -> Fault:
        def act(exchange: Exchange) -> None:
            change = {"metadata": {"labels": {LABEL: label}, "annotations": {"touched": "1"}}}
            space.patch("ConfigMap", name, change, fieldManager="somebody-else")
            relay(exchange)

        return Fault(rf"^DELETE .*/configmaps/{name}$", act)

    faults = [
        Fault(r"^DELETE .*/configmaps/lost$", lost()),
        touched("stale", "web"),
        Fault(r"^DELETE .*/configmaps/busy$", status(429, retry_after=1)),
        touched("taken", "shop"),
    ]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        run = ansible.tasks(
            space.name, [task("apply", definitions=stay, prune="web", wait=True), look()], kubeconfig=kubeconfig
        )
    assert named(run["apply"].objects, "pruned") == {f"ConfigMap/{name}" for name in ("lost", "stale", "busy")}
    assert run["apply"].objects["ConfigMap/taken"]["notes"] == ["it changed hands while the set was applied"]
    assert set(run["look"].objects) == {f"ConfigMap/{name}" for name in [*"abcde", "taken"]}
    for name in ("lost", "stale", "busy"):
        assert len(proxy.asked(rf"^DELETE .*/configmaps/{name}$")) == 2, name
    assert len(proxy.asked(r"^DELETE .*/configmaps/taken$")) == 1


def test_a_finalizer_is_waited_for(ansible: Ansible, space: Space) -> None:
    """With wait, an object that is held is told when the time is over; without, it is deleted and not waited for."""
    stay = [config_map("a"), config_map("b")]
    held = marked(config_map("held"), finalizers=["example.test/hold"])
    space.apply(*map(marked, stay), held)
    run = ansible.tasks(
        space.name,
        [
            task("apply", fails=True, definitions=stay, prune="web", wait=True, wait_timeout=1),
            task("apply", name="again", definitions=stay, prune="web"),
        ],
    )
    assert f"not gone within the time: ConfigMap held in namespace {space.name}" in run["apply"].msg
    assert run["apply"].objects["ConfigMap/held"]["action"] == "pruned"
    assert not run["again"].changed
    space.patch("ConfigMap", "held", {"metadata": {"finalizers": None}})


@pytest.mark.parametrize("lacking", ["list", "delete", "users"])
def test_rights_that_are_missing_are_named(lacking: str, space: Space, tmp_path: Path) -> None:
    """Without the right to look or to delete nothing is removed, and the error says which one it is."""
    stay = [config_map("a"), config_map("b")]
    space.apply(*map(marked, stay), marked(config_map("old")))
    verbs = ["get", "patch", "create", *(verb for verb in ("list", "delete") if verb != lacking)]
    rules = [rule("", ["configmaps"], *verbs)]
    if lacking == "delete":
        rules += [rule("*", ["*"], "list")]
    kubeconfig = kubeconfig_of(space, "limited", rules, tmp_path)
    options: Obj = {"definitions": stay, "prune": "web", "prune_kinds": ["ConfigMap"]}
    run = Ansible(tmp_path).tasks(space.name, [task("apply", fails=True, **options), look()], kubeconfig=kubeconfig)
    assert run["apply"].data["reason"] == "Forbidden"
    words = {"list": "may not list configmaps", "delete": "may not delete configmaps", "users": "may not list "}
    assert words[lacking] in run["apply"].msg
    if lacking == "list":
        assert "or leave ConfigMap out of prune_kinds" in run["apply"].msg
    if lacking == "delete":
        assert run["apply"].objects["ConfigMap/old"]["action"] == "failed"
    assert "ConfigMap/old" in run["look"].objects


def test_an_analysis_that_a_rollout_names_stays(ansible: Ansible, space: Space) -> None:
    """A Rollout whose analysis template is missing does nothing any more."""
    web = blue_green("web", gate="errors")
    template = measuring("errors", "http://127.0.0.1:1", "1")
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="all", definitions=[*web, template], prune="web", wait=True),
            task("apply", name="less", definitions=web, prune="web"),
        ],
    )
    assert run["less"].objects["AnalysisTemplate/errors"]["notes"] == ["still used by Rollout web"]
    reach(space, "web", "Healthy")
