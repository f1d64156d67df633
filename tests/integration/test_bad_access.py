# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user reads when a cluster cannot be reached or does not let them: one sentence with cause and advice."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.support.accounts import kubeconfig_of, rule
from tests.integration.support.cluster import Cluster, Space, versions, write_kubeconfig
from tests.integration.support.objects import canary, config_map, image
from tests.integration.support.plays import Ansible, Data, Result, look, task
from tests.integration.support.servers import HOST, api_server_without_argo, closed_port
from tests.integration.support.stage import start

ROLLOUTS: Data = {"rollouts": ["web"]}
# One task with each module that asks the cluster.
ALL_VERBS: dict[str, Data] = {
    "apply": {"definitions": [config_map("settings")]},
    "rollout_info": ROLLOUTS,
    "rollout_wait": ROLLOUTS,
    "rollout_set_image": {**ROLLOUTS, "images": {"app": image("v2")}},
    "rollout_promote": ROLLOUTS,
    "rollout_pause": ROLLOUTS,
    "rollout_resume": ROLLOUTS,
    "rollout_retry": ROLLOUTS,
    "rollout_restart": ROLLOUTS,
    "rollout_abort": ROLLOUTS,
    "rollout_undo": ROLLOUTS,
    "analysis_run": {"templates": ["success-rate"]},
    "analysis_info": {},
    "kind_info": {"kinds": [{"api_version": "route.openshift.io/v1", "kind": "Route"}]},
}


def every_verb(*verbs: str) -> list[Data]:
    """Return a task with each of the modules (default: all), which has to fail."""
    return [task(verb, fails=True, **ALL_VERBS[verb]) for verb in verbs or ALL_VERBS]


def assert_sentence(result: Result, reason: str, *texts: str) -> None:
    """Assert that a task failed with one line that says so, and changed nothing."""
    for text in texts:
        assert text in result.msg, result.msg
    assert result.data["reason"] == reason, result.data
    assert "\n" not in result.msg
    assert len(result.msg) < 500, result.msg
    assert not result.changed


@pytest.fixture
def reader(space: Space, tmp_path: Path) -> Path:
    """The kubeconfig of a service account that may read and nothing else, and not even Services."""
    rules = [
        rule("argoproj.io", ["rollouts", "analysisruns"], "get", "list", "watch"),
        rule("apps", ["replicasets", "deployments"], "get", "list", "watch"),
        rule("", ["pods"], "list"),
        rule("", ["configmaps"], "get"),
    ]
    return kubeconfig_of(space, "reader", rules, tmp_path)


def test_unreachable(ansible: Ansible, space: Space, tmp_path: Path) -> None:
    """An address on which nobody answers; every module says so."""
    address = f"https://{HOST}:{closed_port()}"
    kubeconfig = write_kubeconfig(tmp_path / "closed", address, "", {"token": "any"})
    verbs = tuple(ALL_VERBS) if ansible.door == "action" else ("apply", "rollout_info", "rollout_promote")
    run = ansible.tasks(space.name, every_verb(*verbs), kubeconfig=kubeconfig)
    for verb in verbs:
        refused = "the API server cannot be reached (Connection refused)"
        assert_sentence(run[verb], "Unreachable", address, refused, "Check the address")


def test_wrong_authority_and_token(ansible: Ansible, space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """A certificate that another authority signed, and a token that the cluster does not know."""
    key, other = tmp_path / "key.pem", tmp_path / "other.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*make, "-keyout", key, "-out", other, "-subj", "/CN=other"], check=True, capture_output=True)
    mistrusted = write_kubeconfig(tmp_path / "mistrusted", cluster.host, str(other), {"token": "any"})
    unknown = write_kubeconfig(tmp_path / "unknown", cluster.host, cluster.ca_cert, {"token": "not-one-of-yours"})
    tasks = [
        task("rollout_info", kubeconfig=str(mistrusted), fails=True),
        task("rollout_abort", kubeconfig=str(unknown), fails=True, **ROLLOUTS),
        task("apply", kubeconfig=str(unknown), definitions=[config_map("x")], fails=True),
    ]
    run = ansible.tasks(space.name, tasks)
    mistrust = "the certificate of the API server is not trusted"
    assert_sentence(run["rollout_info"], "CertificateNotTrusted", cluster.host, mistrust, "ca_cert")
    for name in ("rollout_abort", "apply"):
        assert_sentence(
            run[name], "Unauthorized", cluster.host, "does not accept these credentials (401)", "Get a new token"
        )
    assert "not-one-of-yours" not in run.console
    assert space.everything() == {}


def test_cluster_without_argo_rollouts(ansible: Ansible, space: Space, tmp_path: Path) -> None:
    """A cluster without the custom resource definitions: here a FAKE API server, which answers 404 for argoproj.io."""
    with api_server_without_argo() as address:
        kubeconfig = write_kubeconfig(tmp_path / "fake", address, "", {"token": "any"})
        verbs = ("rollout_info", "rollout_undo")
        tasks = [*every_verb(*verbs), task("apply", definitions=[canary("web")], fails=True)]
        run = ansible.tasks(space.name, tasks, kubeconfig=kubeconfig)
    for verb in (*verbs, "apply"):
        assert_sentence(
            run[verb], "MissingCRDs", address, "the cluster does not know Argo Rollouts", "Install Argo Rollouts"
        )


def test_not_permitted(ansible: Ansible, space: Space, reader: Path) -> None:
    """A role that lacks a right: verb and resource are named, and what the role allows still works."""
    start(space, canary("web"))
    token = json.loads(reader.read_text(encoding="utf-8"))["users"][0]["user"]["token"]
    set_image = ALL_VERBS["rollout_set_image"]
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_info"),
            task("rollout_set_image", fails=True, **set_image),
            task("rollout_set_image", name="check", check=True, fails=True, **set_image),
            task("apply", fails=True, definitions=[config_map("settings")]),
            look("after"),
        ],
        kubeconfig=reader,
    )
    user = f"system:serviceaccount:{space.name}:reader"
    assert run["rollout_info"].rollouts["web"]["phase"] == "Healthy"
    for name in ("rollout_set_image", "check"):
        assert_sentence(
            run[name], "Forbidden", f"{user} may not patch rollouts", 'Grant verb "patch" on resource "rollouts"'
        )
    assert_sentence(run["apply"], "Forbidden", f"{user} may not patch configmaps", f"namespace {space.name}")
    assert token not in run.console
    assert versions(run["before"].objects) == versions(run["after"].objects)


def test_unknown_namespace_and_rollout(ansible: Ansible, space: Space) -> None:
    """A namespace that does not exist, and a name that is nearly right: the right one is suggested."""
    start(space, canary("tradesense-web"))
    nowhere = f"{space.name}-nowhere"
    misspelt = {**ALL_VERBS["rollout_set_image"], "rollouts": ["tradesense-wbe"]}
    # Kinds are the cluster's.
    verbs = [verb for verb in ALL_VERBS if verb != "kind_info"]
    absent = [{**ALL_VERBS[verb], "namespace": nowhere} for verb in verbs]
    # A module takes a second each; all of them find a namespace in the same way.
    asked = verbs if ansible.door == "action" else verbs[:2]
    tasks = [task(verb, name=f"{verb} nowhere", fails=True, **options) for verb, options in zip(verbs, absent)]
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            *tasks[: len(asked)],
            task("rollout_set_image", fails=True, **misspelt),
            task("rollout_undo", fails=True, rollouts=["tradesense-web", "users"]),
            task("rollout_wait", fails=True, rollouts=[]),
            look("after"),
        ],
    )
    for verb in asked:
        assert_sentence(
            run[f"{verb} nowhere"], "NamespaceNotFound", f"the namespace {nowhere} does not exist", "Create it first"
        )
    assert_sentence(
        run["rollout_set_image"],
        "RolloutNotFound",
        f"there is no Rollout or Deployment tradesense-wbe in namespace {space.name}",
        "Did you mean tradesense-web?",
    )
    assert_sentence(
        run["rollout_undo"], "RolloutNotFound", "there is no Rollout or Deployment users", "There are tradesense-web"
    )
    assert_sentence(run["rollout_wait"], "BadOption", "no rollout is named")
    assert versions(run["before"].objects) == versions(run["after"].objects)


def test_bad_kubeconfigs(ansible: Ansible, space: Space, tmp_path: Path) -> None:
    """A kubeconfig that is not there, is none, or lacks the context."""
    broken, empty = tmp_path / "broken", tmp_path / "empty"
    broken.write_text("- this\n- is: [no kubeconfig", encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    paths = {"missing": tmp_path / "missing", "broken": broken, "empty": empty}
    named: dict[str, tuple[Data, str]] = {name: ({"kubeconfig": str(path)}, str(path)) for name, path in paths.items()}
    cases = ansible.some({**named, "context": ({"context": "nowhere"}, "nowhere")})
    tasks = [task("rollout_info", name=name, fails=True, **options) for name, (options, _) in cases.items()]
    run = ansible.tasks(space.name, tasks)
    for name, (_, text) in cases.items():
        assert_sentence(run[name], "BadKubeconfig", text)
