# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/status.yml: the tree, following it, and JSON."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.cluster import Space, versions
from tests.integration.support.environment import API, TRADING, USERS, Environment
from tests.integration.support.objects import PAUSE, deployment, image, routed, weight
from tests.integration.support.plays import ROOT, Ansible, Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import reach, release, start, status
from tests.integration.support.terminal import ROWS, press_control_c, shown

pytestmark = pytest.mark.every_pair

STATUS = ROOT / "playbooks" / "status.yml"


class Watched:
    """A namespace as the clusters of an inventory, and runs of status.yml on them."""

    def __init__(self, space: Space, folder: Path) -> None:
        self.space = space
        self.folder = folder
        self._ansible = Ansible(folder)

    def arguments(self, hosts: dict[str, dict[str, str]] | None = None, **variables: Any) -> list[str]:
        """Return what comes behind the playbook's name."""
        inventory = self.folder / "clusters.yml"
        connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        given = {**connection, "tradesense_namespace": self.space.name}
        clusters = {"hosts": hosts or {"one": {}}, "vars": given}
        inventory.write_text(json.dumps({"all": {"children": {"clusters": clusters}}}), encoding="utf-8")
        extra = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        return ["-i", str(inventory), *extra]

    def run(
        self, *more: str, code: int | None = 0, hosts: dict[str, dict[str, str]] | None = None, **variables: Any
    ) -> Run:
        """Run the playbook."""
        return self._ansible.playbook(STATUS, *self.arguments(hosts, **variables), *more, code=code)


@pytest.fixture
def watched(space: Space, sandbox: Sandbox, tmp_path: Path) -> Watched:
    """A namespace with a paused canary and a Deployment."""
    start(space, *routed("tradesense-web", weight(25), PAUSE))
    space.apply(deployment("tradesense-users"))
    release(space, "tradesense-web", "v2")
    reach(space, "tradesense-web", "Paused", step=1)
    space.until(
        lambda: (space.get("Deployment", "tradesense-users").get("status") or {}).get("availableReplicas"), "pods"
    )
    return Watched(space, tmp_path)


def text_between(run: Run, first: str, last: str) -> str:
    """Return the lines of the console from one to another one, both included."""
    lines = [line for _, line in run.lines]
    return "\n".join(lines[lines.index(first) : lines.index(last) + 1])


def test_prints_a_tree_and_writes_the_same_as_json(environment: Environment, tmp_path: Path) -> None:
    """status.yml shows every service with its revisions, pods and where its traffic goes, and changes nothing."""
    environment.provision()
    before = versions(environment.with_namespaces())
    file = tmp_path / "status.json"
    tree = environment.run("status", status_output=str(file))
    stable = status(environment.space, TRADING)["stableRS"]
    assert f"✔ {API}  blue_green  Healthy" in tree.console
    assert f"✔ {USERS}  rolling  Healthy" in tree.console
    assert "│  images   tradesense/trading-service:v2.7.0 (stable)" in tree.console
    assert f"│  traffic  100 % to {stable} (stable), 4 ready endpoints" in tree.console
    assert f"└─ ✔ revision 1  {stable}  stable  4/4 ready" in tree.console
    names = [pod["metadata"]["name"] for pod in environment.space.list("Pod")]
    assert all(any(f"✔ {name}  Running  1/1" in line for _, line in tree.lines) for name in names)
    assert "\x1b" not in tree.console, "a pipe gets no colours"
    [cluster] = json.loads(file.read_text(encoding="utf-8"))["clusters"].values()
    assert cluster["namespace"] == environment.space.name
    assert cluster["rollouts"] == tree["Show the status"].rollouts
    assert set(cluster["rollouts"]) == {API, TRADING, USERS}
    one = environment.run("status", status_services=["trading-service"], status_show="table")
    row = next(line for _, line in one.lines if line.startswith(f"{TRADING} "))
    assert row.split()[1:5] == ["canary", "Healthy", "1", "v2.7.0"]
    assert API not in one.console
    assert tree.changed == one.changed == 0
    assert versions(environment.with_namespaces()) == before


def test_json_holds_every_cluster_also_one_that_cannot_be_read(watched: Watched) -> None:
    """One document for jq, readable by its owner only; check mode writes none."""
    file = watched.folder / "all.json"
    hosts = {"one": {}, "two": {"tradesense_kubeconfig": str(watched.folder / "absent")}}
    watched.run("--check", hosts=hosts, code=None, status_output=file)
    assert not file.exists()
    run = watched.run(hosts=hosts, code=None, status_output=file, status_show="nothing")
    assert "revision" not in run.console
    document = json.loads(file.read_text(encoding="utf-8"))
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert set(document) == {"clusters"}
    one, two = document["clusters"]["one"], document["clusters"]["two"]
    assert set(one["rollouts"]) == {"tradesense-web", "tradesense-users"}
    assert one["rollouts"]["tradesense-web"]["phase"] == "Paused"
    assert one["failed"] is False
    assert one["read_at"].endswith("Z")
    assert two["failed"] is True
    assert two["reason"] == "BadKubeconfig"
    assert "rollouts" not in two


def test_json_on_the_screen_can_be_cut_out(watched: Watched) -> None:
    """Between Ansible's own lines stands one document, from the first brace to the last."""
    run = watched.run(status_show="json", status_services="web", status_pods="false")
    document = json.loads(text_between(run, "{", "}"))
    assert document["namespace"] == watched.space.name
    assert document["rollouts"] == run["Show the status"].rollouts
    [revision] = [item for item in document["rollouts"]["tradesense-web"]["revisions"] if item["roles"] == ["canary"]]
    assert (revision["ready"], revision["pods"]) == (1, [])


def test_follows_with_lines_where_there_is_no_terminal(watched: Watched) -> None:
    """In AWX and in a pipe: the whole at the beginning and at the end, and a line for what happens, as it happens."""
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image("v2-imagepull")}]
    seen = shown(
        STATUS,
        *watched.arguments(status_watch="true", status_watch_seconds=10),
        folder=watched.folder,
        terminal=False,
        at="tradesense-web",
        act=lambda _: watched.space.patch("Deployment", "tradesense-users", change, how="json"),
    )
    assert seen.code == 0, seen.text
    assert "changed=0" in seen.text
    lines = [line.split("] ", 1)[-1] for line in seen.text.splitlines()]
    heads = [index for index, line in enumerate(lines) if line.startswith("2 rollouts and deployments in namespace ")]
    news = [index for index, line in enumerate(lines) if line.startswith("tradesense-users: ")]
    assert len(heads) == 2
    assert heads[0] < news[0] <= news[-1] < heads[1]
    assert "tradesense-users: revision 2 (v2-imagepull), rolling" in lines
    assert any(
        line.startswith("tradesense-users: pod tradesense-users-") and " is ImagePullBackOff: back-off pulling" in line
        for line in lines
    )
    assert "✔ tradesense-users  rolling  Healthy" in lines[heads[0] : news[0]]
    assert "◌ tradesense-users  rolling  Progressing" in lines[heads[1] :]


def test_follows_on_a_terminal_by_drawing_over(watched: Watched) -> None:
    """The picture is drawn again in its place, never higher than the screen, with colours."""
    seen = shown(
        STATUS,
        *watched.arguments(status_watch="true", status_watch_seconds=10),
        folder=watched.folder,
        at="\x1b[J",
        act=lambda _: release(watched.space, "tradesense-web", "v3"),
    )
    assert seen.code == 0, seen.text
    assert "Traceback" not in seen.text
    assert "\x1b[33m‖\x1b[0m \x1b[1mtradesense-web\x1b[0m" in seen.text
    pictures = seen.pictures
    assert len(pictures) > 5
    assert "tradesense/web:v2 (canary)" in pictures[0]
    assert "tradesense/web:v3 (canary)" in pictures[-1]
    assert max(picture.count("\n") for picture in pictures[1:-1]) < ROWS
    assert "✔ tradesense-users  rolling  Healthy" in pictures[1], "what is at rest has a line"


def test_colours_can_be_turned_off_on_a_terminal(watched: Watched) -> None:
    """NO_COLOR, as Ansible understands it."""
    seen = shown(STATUS, *watched.arguments(), folder=watched.folder, NO_COLOR="1")
    assert seen.code == 0
    assert "‖ tradesense-web  canary  Paused" in seen.text
    assert "\x1b[" not in seen.text


def test_control_c_ends_it_without_a_traceback(watched: Watched) -> None:
    """Following for an hour, and somebody has seen enough."""
    started = time.monotonic()
    arguments = watched.arguments(status_watch="true")
    seen = shown(STATUS, *arguments, folder=watched.folder, at="\x1b[J", act=press_control_c)
    assert time.monotonic() - started < 60
    assert seen.code != 0
    assert "interrupted" in seen.text
    assert "Traceback" not in seen.text


def test_without_unicode_the_tree_is_ascii(watched: Watched) -> None:
    """A console that has no more gets marks and branches that it can show."""
    seen = shown(STATUS, *watched.arguments(), folder=watched.folder, PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert seen.code == 0
    assert "= tradesense-web  canary  Paused" in seen.text
    assert "|- + revision 2  " in seen.text
    assert seen.text.isascii()
