# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The tests and filters for rollouts, in a play, on what modules returned."""

from __future__ import annotations

from typing import Any

from tests.integration.support.cluster import Space
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, image, routed, weight
from tests.integration.support.plays import Ansible, Data, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import abort, promoted, reach, release, start

LATER: Data = {"pause": {"duration": "1h"}}


def is_so(question: str, of: str = "item.value") -> str:
    """Return a condition."""
    return f"{of} is tradesense.delivery.{question}"


def check(name: str, *conditions: str) -> Data:
    """Return a task that asserts conditions."""
    return {"name": name, "ansible.builtin.assert": {"that": list(conditions)}}


def say(name: str, **values: Any) -> Data:
    """Return a task whose result holds values."""
    return {"name": name, "ansible.builtin.set_fact": values}


def names_that_are(question: str) -> str:
    """Return a template with the names of the rollouts of which something is so."""
    picked = f"selectattr('value', 'tradesense.delivery.{question}') | map(attribute='key') | list"
    return "{{ info.rollouts | dict2items | " + picked + " }}"


def test_a_play_asks_and_acts(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Which rollouts are what; promote what may be promoted, and nothing of it is refused."""
    start(
        space,
        canary("calm"),
        *routed("gate", weight(25), PAUSE),
        *routed("timed", weight(25), LATER),
        *routed("held", weight(25), PAUSE),
        *routed("stopped", weight(25), PAUSE),
        *blue_green("preview"),
    )
    space.apply(deployment("plain"))
    for name in ("gate", "timed", "held", "stopped", "preview"):
        release(space, name, "v2")
        reach(space, name, "Paused")
    space.patch("Rollout", "held", {"spec": {"paused": True}})
    abort(space, "stopped")
    space.until(lambda: space.get("Deployment", "plain").get("status", {}).get("availableReplicas") == 2, "pods")
    questions = ("healthy", "paused", "promotable", "aborted", "degraded", "in_flight", "on_stable", "progressing")
    run = ansible.tasks(
        space.name,
        [
            {**task("rollout_info", name="read"), "register": "info"},
            say("answers", **{question: names_that_are(question) for question in questions}),
            say(
                "images",
                stable="{{ info.rollouts.gate | tradesense.delivery.rollout_images }}",
                coming="{{ info.rollouts.gate | tradesense.delivery.rollout_images('canary') }}",
                problems="{{ info | tradesense.delivery.rollout_problems }}",
            ),
            {**task("rollout_promote", name="promote", rollouts="{{ promotable }}"), "register": "done"},
            check("the result of a verb can be asked", f"not ({is_so('paused', 'done')})"),
            {**task("rollout_wait", name="wait", rollouts="{{ promotable }}"), "register": "waited"},
            check(
                "all of a result",
                is_so("healthy", "waited"),
                is_so("on_stable", "waited.rollouts"),
                f"not ({is_so('healthy', 'info')})",
            ),
            {
                "name": "a mistake",
                "ansible.builtin.debug": {"msg": "never"},
                "when": is_so("healthy", "'gate'"),
                "ignore_errors": True,
            },
        ],
    )
    answers = run["answers"].data["ansible_facts"]
    in_flight = ["gate", "held", "preview", "stopped", "timed"]
    assert answers["healthy"] == ["calm", "plain"]
    assert answers["paused"] == ["gate", "held", "preview", "timed"]
    assert answers["promotable"] == ["gate", "preview"]
    assert answers["aborted"] == answers["degraded"] == ["stopped"]
    assert answers["in_flight"] == in_flight
    assert answers["progressing"] == []
    assert set(answers["on_stable"]) >= {"calm", "plain", "preview", "stopped"}
    assert not set(answers["on_stable"]) & {"gate", "held", "timed"}
    told = run["images"].data["ansible_facts"]
    assert told["stable"] == {"app": image("v1")}
    assert told["coming"] == {"app": image("v2")}
    [problem] = told["problems"]
    assert problem.startswith("stopped: revision 2 was aborted: ")
    for name in ("gate", "preview"):
        promoted(space, name)
    assert "not a rollout of a result" in run["a mistake"].msg
    assert "Give result.rollouts['name'], or the whole result" in run["a mistake"].msg
