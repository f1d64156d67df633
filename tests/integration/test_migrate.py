# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module migrate, through both doors: small services, one play each. The playbook's tests watch what users see."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest

from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, image, routed, service, weight
from tests.integration.support.plays import Ansible, Data, task
from tests.integration.support.stage import selected, serving, status

LEFT_ALONE = ("Service/web", "Ingress/web")


def definitions(kind: str) -> list[Obj]:
    """Return the manifests of the service as it is to be; the pods' version is an older one, which does not count."""
    return copy.deepcopy(
        blue_green("web", tag="v0") if kind == "blue_green" else routed("web", weight(50), PAUSE, tag="v0")
    )


def migrate(kind: str, state: str = "migrated", **options: object) -> Data:
    """Return the task."""
    name = str(options.pop("name", state))
    return task("migrate", name=name, definitions=definitions(kind), state=state, **options)  # type: ignore[arg-type]  # flags and options


def live(space: Space, *more: Obj) -> None:
    """Bring the service up as somebody's Deployment."""
    space.create(service("web", "web"), deployment("web"), *more)
    space.until(lambda: serving(space, "web") == 2, "the pods of the Deployment")


@pytest.mark.parametrize("kind", ["blue_green", "canary"])
def test_there_back_and_there_for_good(ansible: Ansible, space: Space, kind: str) -> None:
    """Each state twice: the second time changes nothing. The pods keep their image, and no second revision begins."""
    live(space)
    before = versions(space.everything())
    main = definitions(kind)[0]["metadata"]["name"]
    run = ansible.tasks(
        space.name,
        [
            migrate(kind, "finished", name="check", check=True, diff=True),
            migrate(kind, "unneeded", name="needed", fails=True),
            migrate(kind, "migrated"),
            migrate(kind, "migrated", name="migrated again"),
            migrate(kind, "unneeded", name="unfinished", fails=True),
            migrate(kind, "undone"),
            migrate(kind, "undone", name="undone again"),
            migrate(kind, "finished", scale_down="onsuccess"),
            migrate(kind, "finished", name="finished again"),
            migrate(kind, "migrated", name="migrated for good"),
            migrate(kind, "undone", name="no way back", fails=True),
            migrate(kind, "unneeded"),
        ],
    )
    check = run["check"]
    assert check.changed
    assert check.data["steps"][-1] == "apply Services, Ingresses and Rollout as provisioning does"
    assert len(check.data["diff"]) >= 3
    reasons = {"needed": "DeploymentInTheWay", "unfinished": "MigrationUnfinished", "no way back": "Finished"}
    assert {name: run[name].data["reason"] for name in reasons} == reasons
    for name in ("migrated", "undone", "finished"):
        assert run[name].changed, name
        assert not run[f"{name} again"].changed, name
        assert run[f"{name} again"].data["steps"] == []
    assert not run["migrated for good"].changed
    assert "the Deployment is gone" in run["migrated for good"].msg
    assert not run["unneeded"].changed
    [container] = space.get("Rollout", "web")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == image("v1")
    state = status(space, "web")
    assert state["currentPodHash"] == state["stableRS"] == selected(space, main)
    assert space.get("Rollout", "web")["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    assert serving(space, main) == 2
    after = versions(space.everything())
    assert all(after[name] == before[name] for name in LEFT_ALONE if name in before)


def test_pods_that_never_get_ready_leave_users_where_they_are(ansible: Ansible, space: Space) -> None:
    """The quota lets no second pod be: the migration waits, says for what, and can be taken back."""
    live(space)
    hard = {"count/replicasets.apps": "1"}
    space.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "one"}, "spec": {"hard": hard}})
    space.until(lambda: (space.get("ResourceQuota", "one").get("status") or {}).get("used"), "the quota")
    run = ansible.tasks(
        space.name,
        [
            migrate("blue_green", timeout=4, fails=True),
            migrate("blue_green", "undone"),
        ],
    )
    assert run["migrated"].data["reason"] in ("Timeout", "Degraded")
    assert run["migrated"].data["steps"][-1].startswith("create Rollout web")
    assert serving(space, "web") == 2
    assert space.find("Rollout", "web") is None
    assert space.get("Deployment", "web")["spec"]["replicas"] == 2


def bad_options(kind: str) -> Sequence[tuple[str, Data, str]]:
    """Return tasks that cannot work, with what they say."""
    small = definitions(kind)
    lonely = canary("web")
    return (
        (
            "no service",
            task("migrate", name="no service", fails=True, definitions=small[1:]),
            "is not among the definitions",
        ),
        (
            "no users",
            task("migrate", name="no users", fails=True, definitions=[lonely]),
            "is not among the definitions",
        ),
        (
            "template",
            task("migrate", name="template", fails=True, definitions=[{**lonely, "spec": {"replicas": 1}}]),
            "has no spec.template",
        ),
        ("nothing", migrate(kind, name="nothing", fails=True), "neither a Deployment nor a Rollout of that name"),
        ("nothing back", migrate(kind, "undone", name="nothing back", fails=True), "cannot be taken back"),
    )


def test_what_cannot_work_is_one_sentence(ansible: Ansible, space: Space) -> None:
    cases = bad_options("blue_green")
    run = ansible.tasks(space.name, [made for _, made, _ in cases])
    for name, _, expected in cases:
        assert expected in run[name].msg, name
        assert "\n" not in run[name].msg
    assert not space.list("Service")
