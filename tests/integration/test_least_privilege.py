# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Each verb with an account that has exactly the rights its documentation lists, and with one of them missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts import rights
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.rights import RIGHTS, Right

from tests.integration.support.accounts import kubeconfig_of
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, deployment, image, routed, weight
from tests.integration.support.plays import Ansible, Data, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import abort, reach, release, start

# Verb -> its options beside the rollouts, in the state that `stand` makes for it.
VERBS: dict[str, dict[str, Any]] = {
    "rollout_info": {},
    "rollout_wait": {"state": ["healthy"]},
    "rollout_pause": {},
    "rollout_resume": {},
    "rollout_restart": {"at": "2020-01-01T00:00:00Z"},
    "rollout_set_image": {"images": {"app": image("v3")}},
    "rollout_retry": {},
    "rollout_promote": {"full": True},
    "rollout_abort": {},
    "rollout_undo": {"full": True},
}
# Rights whose case is there in every state below.
USED = (rights.ALWAYS, rights.SERVICED, rights.ROUTED, rights.DEPLOYMENTS)


def stand(space: Space, verb: str) -> None:
    """Bring a routed canary and a Deployment to where the verb has something to do."""
    start(space, *routed("web", weight(20), PAUSE))
    space.apply(deployment("users"))
    if verb in ("rollout_info", "rollout_wait", "rollout_restart"):
        return
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    if verb == "rollout_retry":
        abort(space, "web")
    if verb in ("rollout_resume", "rollout_promote"):
        space.patch("Rollout", "web", {"spec": {"paused": True}})
        reach(space, "web", "Paused")


def without(dropped: Right, verb: str, given: tuple[Right, ...]) -> list[Obj]:
    """Return the rules of a role that lacks one verb of one right."""
    kept = []
    for right in given:
        same = (right.group, right.resource) == (dropped.group, dropped.resource)
        verbs = tuple(item for item in right.verbs if not same or item != verb)
        kept.append(Right(right.group, right.resource, verbs).rule())
    return [rule for rule in kept if rule["verbs"]]


@pytest.mark.parametrize("verb", list(VERBS))
def test_exactly_the_documented_rights(verb: str, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """With the documented rights the verb works; with any one less it says which one it lacks."""
    stand(space, verb)
    given = RIGHTS[verb]
    names = (
        ["web"] if verb in ("rollout_retry", "rollout_promote", "rollout_abort", "rollout_undo") else ["web", "users"]
    )
    options: Data = {"rollouts": names, **VERBS[verb]}
    exact = kubeconfig_of(space, "exact", [right.rule() for right in given], tmp_path)
    lacking: dict[str, tuple[Right, str]] = {}
    tasks = []
    for right in given:
        # A right that only a watch uses is missed after the write, which check mode does not make.
        for action in [item for item in right.verbs if item != "watch" and right.when in USED]:
            if right.when == rights.DEPLOYMENTS and "users" not in names:
                continue
            name = f"lacks-{len(lacking)}"
            lacking[name] = right, action
            kubeconfig = kubeconfig_of(space, name, without(right, action, given), tmp_path)
            tasks.append(task(verb, name=name, check=True, fails=True, kubeconfig=str(kubeconfig), **options))
    run = Ansible(tmp_path).tasks(space.name, [*tasks, task(verb, kubeconfig=str(exact), **options)])
    assert not run[verb].failed
    assert len(lacking) >= 3
    for name, (right, action) in lacking.items():
        assert run[name].data["reason"] == "Forbidden", (name, right, run[name].msg)
        assert f'Grant verb "{action}" on resource "{right.resource}"' in run[name].msg, run[name].msg


def test_one_named_rollout(space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """A role may name the only rollout it is for: nothing else of that kind is asked for."""
    start(space, *routed("web", weight(20), PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    named = [
        {**right.rule(), "resourceNames": ["web"]} for right in RIGHTS["rollout_pause"] if right.group == "argoproj.io"
    ]
    others = [right.rule() for right in RIGHTS["rollout_pause"] if right.resource == "replicasets"]
    kubeconfig = str(kubeconfig_of(space, "named", [*others, *named], tmp_path))
    tasks = [
        task("rollout_pause", rollouts=["web"], kubeconfig=kubeconfig),
        task("rollout_pause", name="other", rollouts=["api"], kubeconfig=kubeconfig, fails=True),
    ]
    run = Ansible(tmp_path).tasks(space.name, tasks)
    assert run["rollout_pause"].changed
    assert run["other"].data["reason"] == "Forbidden"
