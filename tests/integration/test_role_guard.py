# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard that role guard installs: its pods' command, with nothing but the rights of its account."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.support.accounts import kubeconfig_of, kubeconfig_with, token_of
from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.environment import settings
from tests.integration.support.guard_account import GUARD, INGRESS, NAME, Installed, begin, holder, install
from tests.integration.support.objects import PAUSE, image, routed, weight
from tests.integration.support.plays import Ansible, Data, task
from tests.integration.support.proxy import misbehaving
from tests.integration.support.rights import EVERYBODY, Asking, named_rights, resources_of, rights
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, promote_fully, reach, start, status

# What it may do with any object, and what with some alone.
ANY = {
    "rollouts.argoproj.io": "list watch",
    "analysisruns.argoproj.io": "list watch",
    "replicasets.apps": "list watch",
    "pods": "list watch",
    "services": "list watch",
    "endpointslices.discovery.k8s.io": "list watch",
    "ingresses.networking.k8s.io": "list watch",
    "configmaps": "get",
    "resourcequotas": "list",
    "leases.coordination.k8s.io": "create",
}
NAMED = {
    "rollouts.argoproj.io": ("patch", [NAME]),
    "rollouts/status.argoproj.io": ("patch", [NAME]),
    "configmaps": ("create patch", [f"{NAME}-guard"]),
    "leases.coordination.k8s.io": ("get patch", [f"{NAME}-guard"]),
}
# Rights without which it does not begin; the others are of use only once it has found something.
AT_ONCE = {
    resource: verbs
    for resource, verbs in ANY.items()
    if resource.partition(".")[0] not in ("analysisruns", "leases", "resourcequotas")
}


@pytest.fixture
def installed(space: Space, sandbox: Sandbox, tmp_path: Path) -> Installed:
    """The guard in the cluster, for a service that is there from `begin` on."""
    return install(space, sandbox, tmp_path)


def test_takes_a_bad_canary_back_with_nothing_but_its_account(
    installed: Installed, space: Space, tmp_path: Path
) -> None:
    """A fifth of the canary's requests fail. Ended as a pod is, it gives its Lease back."""
    stable, canary = begin(space, "v2-errors20")
    kubeconfig = kubeconfig_with(token_of(space, GUARD), space.cluster, tmp_path / "account")
    seen = installed.run(kubeconfig, at=f"recovered: {stable} serves all users and is well")
    assert f"{NAME}: revision {canary} is watched, against {stable} (enforce)" in seen.text
    assert f"{NAME}: rolled back to {stable}: " in seen.text
    assert "Traceback" not in seen.text
    assert "orbidden" not in seen.text
    assert status(space, NAME)["stableRS"] == status(space, NAME)["currentPodHash"] == stable
    assert canary_weight(space, INGRESS) == 0
    assert time.time() - (tmp_path / "alive").stat().st_mtime < 60
    space.until(lambda: not holder(space), "the Lease given back", seconds=5)


def test_its_account_may_do_this_and_nothing_else(installed: Installed, space: Space) -> None:
    """Every verb on every resource of the API server, in its namespace and in the whole cluster."""
    asking = Asking(space.cluster, token_of(space, GUARD))
    everybody = rights(space.name, EVERYBODY) | rights("", EVERYBODY)
    assert asking.allowed([space.name, ""], resources_of(space.cluster)) == rights(space.name, ANY) | everybody
    assert asking.named(space.name) == named_rights(space.name, NAMED)


def without(resource: str, verb: str) -> Iterator[Obj]:
    """Yield the rules of the account, less one verb on one resource."""
    every: list[tuple[str, list[str], list[str]]] = [(name, verbs.split(), []) for name, verbs in ANY.items()]
    every += [(name, verbs.split(), names) for name, (verbs, names) in NAMED.items()]
    for name, verbs, names in every:
        plural, _, group = name.partition(".")
        kept = [each for each in verbs if (name, each) != (resource, verb)]
        if kept:
            rule: Obj = {"apiGroups": [group], "resources": [plural], "verbs": kept}
            yield {**rule, "resourceNames": names} if names else rule


def test_without_a_right_to_look_it_says_which_one_it_lacks(space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each of them alone."""
    begin(space, "v2")
    lacking = {
        f"lacks-{number}": pair
        for number, pair in enumerate((name, verb) for name, verbs in AT_ONCE.items() for verb in verbs.split())
    }
    options: Data = {"rollouts": [NAME], "prometheus_url": sandbox.prometheus, "timeout": 20}
    options["policy"] = settings("tradesense_guard_policy")
    tasks = []
    for name, (resource, verb) in lacking.items():
        kubeconfig = kubeconfig_of(space, name, list(without(resource, verb)), tmp_path)
        tasks.append(task("guard", name=name, check=True, fails=True, kubeconfig=str(kubeconfig), **options))
    run = Ansible(tmp_path).tasks(space.name, tasks)
    assert len(lacking) == 13
    for name, (resource, verb) in lacking.items():
        assert run[name].data["reason"] == "Forbidden", (resource, verb, run[name].msg)
        assert f'Grant verb "{verb}" on resource "{resource.partition(".")[0]}"' in run[name].msg, run[name].msg


def test_every_right_is_used_when_a_promoted_release_is_taken_back(
    space: Space, sandbox: Sandbox, cluster: Cluster, tmp_path: Path
) -> None:
    """A version that turns bad after promotion: the requests that it takes are the rights, all of them."""
    start(space, *routed(NAME, weight(25), PAUSE, weight(100)))
    stable = status(space, NAME)["stableRS"]
    # Who releases by the collection leaves a note of what was promoted, so that there is a way back after promotion too.
    images = {"app": image("v2-late20-20s")}
    Ansible(tmp_path).tasks(space.name, [task("rollout_set_image", rollouts=[NAME], images=images)])
    canary = reach(space, NAME, "Paused", step=1)["status"]["currentPodHash"]
    policy = {**settings("tradesense_guard_policy"), "bake": "2m"}
    options: Data = {"rollouts": [NAME], "prometheus_url": sandbox.prometheus, "policy": policy, "timeout": 90}
    record = f"{NAME}-guard"
    assert space.find("ConfigMap", record) is None
    with misbehaving(cluster, tmp_path) as (proxy, kubeconfig), ThreadPoolExecutor(1) as pool:
        guarding = pool.submit(
            Ansible(tmp_path).tasks, space.name, [task("guard", kubeconfig=str(kubeconfig), **options)]
        )
        space.until(lambda: space.find("ConfigMap", record), "the guard's record")
        promote_fully(space, NAME)
        result = guarding.result()["guard"]
    entry = result.data["rollouts"][NAME]
    assert (entry["stage"], entry["rollback"]["from"], entry["rollback"]["to"]) == ("recovered", canary, stable), (
        result.msg
    )
    asked = {found for label, _ in proxy.seen for found in [_right(label)] if found}
    # The first of its patches found no object, and created it.
    assert ("configmaps", "patch", record) in asked
    assert not [found for found in asked if found[0] == "configmaps" and found[1] == "create"]
    asked.add(("configmaps", "create", record))
    granted = {(resource, verb, "") for resource, verbs in ANY.items() for verb in verbs.split()}
    granted |= {(resource, verb, name) for resource, (verbs, [name]) in NAMED.items() for verb in verbs.split()}
    # Of ConfigMaps it may read all: what else it read is what the pods of the old revision need.
    assert {
        (resource, verb, "" if (resource, verb) == ("configmaps", "get") else name) for resource, verb, name in asked
    } == granted


def _right(label: str) -> tuple[str, str, str] | None:
    """Return the resource, verb and name of a request, as a rule has them; None for one that needs no rule."""
    method, _, address = label.partition(" ")
    found = re.fullmatch(
        r"/(?:api/v1|apis/([^/]+)/[^/]+)/namespaces/[^/]+/([^/]+)(?:/([^/]+))?(?:/([^/]+))?", urlsplit(address).path
    )
    if not found:
        return None
    group, plural, name, subresource = found.groups()
    resource = "/".join(part for part in (plural, subresource) if part) + (f".{group}" if group else "")
    verb = {"GET": "get" if name else "list", "WATCH": "watch", "POST": "create", "PATCH": "patch", "DELETE": "delete"}[
        method
    ]
    return resource, verb, name or ""
