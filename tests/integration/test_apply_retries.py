# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply through a proxy that answers badly: what passes is waited for, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

from tests.integration.support.cluster import Cluster, Obj, Space, versions
from tests.integration.support.objects import canary, config_map, service
from tests.integration.support.plays import Ansible, look, seconds_of, task
from tests.integration.support.proxy import Behaviour, Exchange, Fault, cut, lost, misbehaving, relay, status, torn


def patches(name: str) -> str:
    """Return the expression for the applies of a ConfigMap or Service."""
    return rf"^PATCH .*/(configmaps|services)/{name}\?"


def reads(name: str) -> str:
    """Return the expression for reading a ConfigMap."""
    return rf"^GET .*/configmaps/{name}$"


# What happens to whose requests; each passes by itself.
TROUBLES = {
    "busy": status(429, retry_after=1),
    "restarting": status(503),
    "gateway": status(504, carried_out=True),
    "hung-up": cut,
    "lost": lost(),
    "torn": torn,
}


def test_what_passes_is_waited_for(ansible: Ansible, space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Reads and applies of each object are repeated until they are answered, and done once."""
    # So few that each is read by itself, and not all with one list.
    cases = list(TROUBLES.items())
    for group in (cases[:3], cases[3:]):
        wanted = [config_map(name, LEVEL="INFO") for name, _ in group]
        faults = [Fault(patches(name), act, 2) for name, act in group]
        faults += [Fault(reads(name), act) for name, act in group if name != "gateway"]
        with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
            run = ansible.tasks(
                space.name,
                [
                    look("before"),
                    task("apply", definitions=wanted),
                    look(),
                    task("apply", name="again", definitions=wanted),
                    look("after"),
                ],
                kubeconfig=kubeconfig,
            )
        assert run["apply"].msg == "3 created."
        assert not run["again"].changed
        assert versions(run["look"].objects) == versions(run["after"].objects)
        for name, _ in group:
            assert proxy.asked(patches(name))[:3] == [True, True, False], name
            assert space.get("ConfigMap", name)["data"] == {"LEVEL": "INFO"}
    assert set(space.everything()) == {f"ConfigMap/{name}" for name in TROUBLES}


def test_what_does_not_pass_is_told(ansible: Ansible, space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """The message says how often was asked; a server that wants to be left alone for an hour is not asked again."""
    faults = [
        Fault(patches("down"), status(503), None),
        Fault(patches("hour"), status(429, retry_after=3600), None),
        Fault(reads("gone"), cut, None),
    ]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        names = ("hour", "down", "gone")
        tasks = [task("apply", name=name, fails=True, definitions=[config_map(name)]) for name in names]
        run = ansible.tasks(space.name, tasks, kubeconfig=kubeconfig)
    for name, reason, expression in (
        ("down", "HTTP503", patches("down")),
        ("gone", "Unreachable", reads("gone")),
    ):
        assert run[name].data["reason"] == reason
        assert 3 < len(proxy.asked(expression)) < 10
        assert f"t was asked {len(proxy.asked(expression))} times." in run[name].msg
        assert "\n" not in run[name].msg
        assert seconds_of(run)[name] < 30
    assert len(proxy.asked(patches("hour"))) == 1
    assert "too busy to answer (429)" in run["hour"].msg
    assert space.everything() == {}


def test_our_own_patches_are_no_conflict_when_an_answer_is_lost(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """What a verb patched is ours: the apply takes it over, also when its answer is lost and its version old by then."""
    wanted: Obj = canary("web", env={"LEVEL": "INFO"})
    space.apply(wanted)
    change = {"metadata": {"labels": {"tier": "api"}}}
    space.patch("Rollout", "web", change, fieldManager="tradesense-delivery")
    wanted["metadata"]["labels"] = {"tier": "web"}
    faults = [Fault(r"^PATCH .*/rollouts/web\?.*force=", lost())]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        run = Ansible(tmp_path).tasks(space.name, [task("apply", definitions=[wanted]), look()], kubeconfig=kubeconfig)
    assert proxy.asked(r"^PATCH .*/rollouts/web\?.*force=")[:1] == [True]
    assert run["apply"].changed
    assert run["look"].objects["Rollout/web"]["metadata"]["labels"] == {"tier": "web"}


def test_a_controller_that_comes_in_between_is_no_conflict(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Argo's controller puts a hash into the selector of a Service between our look at it and our apply; others conflict."""
    web = service("web", "web")
    space.apply(web)

    def writes(change: Obj, manager: str) -> Behaviour:
        def act(exchange: Exchange) -> None:
            space.patch("Service", "web", change, fieldManager=manager)
            relay(exchange)

        return act

    marked = {"rollouts-pod-template-hash": "abc"}
    labelled = {**web, "metadata": {**web["metadata"], "labels": {"tier": "api"}}}
    controller = Fault(patches("web"), writes({"spec": {"selector": marked}}, "rollouts-controller"))
    with misbehaving(cluster, tmp_path, controller) as (proxy, kubeconfig):
        run = Ansible(tmp_path).tasks(space.name, [task("apply", definitions=[labelled])], kubeconfig=kubeconfig)
    assert proxy.asked(patches("web")) == [True, False]
    assert run["apply"].changed
    assert space.get("Service", "web")["spec"]["selector"] == {"app": "web", **marked}

    wanted = {**web, "metadata": {**web["metadata"], "labels": {"tier": "web"}}}
    somebody = Fault(patches("web"), writes({"metadata": {"labels": {"tier": "db"}}}, "somebody-else"))
    with misbehaving(cluster, tmp_path, somebody) as (_, kubeconfig):
        failing = [task("apply", fails=True, definitions=[wanted])]
        run = Ansible(tmp_path).tasks(space.name, failing, kubeconfig=kubeconfig)
    assert "metadata.labels.tier belongs to somebody-else" in run["apply"].msg
