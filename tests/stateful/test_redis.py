# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A real Redis cluster of six nodes with the configuration and scripts that role workloads renders for its pods."""

from __future__ import annotations

import functools
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stateful.running import HOST, Pod, container, folder, free_ports, literals, own, rendered_files, uid, until
from tests.stateful.secrecy import Watch

NAME, NODES, BUS = "tradesense-redis-cluster", 6, 10000


@dataclass
class Cluster:
    """Six nodes, and what a client knows."""

    nodes: list[Pod]
    password: Path

    def ask(self, node: Pod, *command: str, client: tuple[str, ...] = (), password: bool = True) -> str:
        """Ask a node as a client does; what is refused is answered with the refusal."""
        argv = [
            "redis-cli",
            *(("--askpass",) if password else ()),
            *client,
            "-h",
            HOST,
            "-p",
            node.env["REDIS_PORT"],
            *command,
        ]
        with self.password.open("rb") as given:
            stdin = given if password else subprocess.DEVNULL
            done = subprocess.run(
                argv, env=node.environment(), stdin=stdin, capture_output=True, text=True, timeout=20, check=False
            )
        return (done.stdout + done.stderr).strip()

    def facts(self, node: Pod, *command: str) -> dict[str, str]:
        """Ask a node for facts, such as `INFO persistence`, and return them by name."""
        lines = self.ask(node, *command).splitlines()
        return dict(line.strip().split(":", 1) for line in lines if ":" in line)

    def info(self, node: Pod) -> dict[str, str]:
        """Return what a node says of the cluster."""
        return self.facts(node, "CLUSTER", "INFO")

    def table(self, node: Pod) -> list[list[str]]:
        """Return what a node knows of all nodes: id, address, flags, primary ... slots."""
        return [line.split() for line in self.ask(node, "CLUSTER", "NODES").splitlines()]

    def formed(self) -> bool:
        """Return whether every probe calls its node ready, and every script finds its node in its place."""
        return all(node.run("ready.sh").returncode == 0 for node in self.nodes) and all(
            node.run("form.sh").returncode == 0 for node in self.nodes
        )

    def keep(self, *nodes: Pod) -> None:
        """Start what keeps nodes in the cluster, as their pods' second containers do."""
        for node in nodes:
            node.start("keep.sh")

    def said(self) -> str:
        """Return the end of what each node said."""
        return "\n".join(node.said()[-500:] for node in self.nodes)

    def rest(self) -> None:
        """End it."""
        for node in self.nodes:
            if "keep.sh" in node.running:
                assert node.end("keep.sh") == 0


def _alive(node: Pod) -> bool:
    return node.run("alive.sh").returncode == 0


def node_of(root: Path, number: int, port: int, peers: str, environment: dict[str, str]) -> Pod:
    """Return a pod with its files, and with the variables its containers have in the manifest."""
    path = root / str(number)
    given = {**literals(container(NAME, "redis")), **literals(container(NAME, "keeper")), **environment}
    own_part = {"POD_NAME": f"{NAME}-{number}", "ANNOUNCE_HOSTNAME": f"node-{number}", "POD_IP": HOST}
    there = {
        "REDIS_PORT": str(port),
        "PEERS": peers,
        "DATA_DIR": str(path / "data"),
        "BIND_ADDRESSES": HOST,
        "PAUSE": "1",
    }
    pod = Pod(path, {**given, **own_part, **there})
    (path / "data").mkdir()
    own(path / "data")
    pod.mount("config", rendered_files(NAME))
    return pod


@pytest.fixture(scope="module")
def cluster(redis_environment: dict[str, str]) -> Iterator[Cluster]:
    """A formed cluster; nobody saw the password meanwhile, nor while the tests ran."""
    value = f"{secrets.token_hex(8)}\"'\\ $HOME`x%s#"
    ports = free_ports(NODES, above=(0, BUS))
    peers = " ".join(f"{HOST}:{port}" for port in ports)
    with folder() as root, Watch(uid(), [value[:16]]) as watch:
        nodes = [node_of(root, number, port, peers, redis_environment) for number, port in enumerate(ports)]
        for node in nodes:
            node.mount("secrets", {"REDIS_PASSWORD": value})
        made = Cluster(nodes, nodes[0].path / "secrets" / "REDIS_PASSWORD")
        try:
            for node in nodes:
                node.start("start.sh")
            for node in nodes:
                until(functools.partial(_alive, node), node.said)
            assert [node.run("ready.sh").returncode for node in nodes] == [1] * NODES
            made.keep(*nodes)
            until(made.formed, made.said)
            made.rest()
            yield made
        finally:
            for node in nodes:
                node.clear()
        said = "".join(node.said() for node in nodes)
    assert watch.processes > 20
    assert not watch.seen
    assert value[:16] not in said


def test_the_cluster_has_three_primaries_with_a_replica_each(cluster: Cluster) -> None:
    for node in cluster.nodes:
        info = cluster.info(node)
        assert (info["cluster_state"], info["cluster_slots_assigned"], info["cluster_slots_ok"]) == (
            "ok",
            "16384",
            "16384",
        )
        assert (info["cluster_known_nodes"], info["cluster_size"]) == ("6", "3")
        table = cluster.table(node)
        primaries = {row[0] for row in table if "master" in row[2]}
        assert len(primaries) == 3
        assert sorted(row[3] for row in table if "slave" in row[2]) == sorted(primaries)
    assert sorted(row[8] for row in cluster.table(cluster.nodes[0]) if "master" in row[2]) == [
        "0-5460",
        "10922-16383",
        "5461-10921",
    ]


def test_a_key_that_one_node_wrote_is_read_from_another(cluster: Cluster) -> None:
    for key in ("order", "position", "session", "user"):
        assert cluster.ask(cluster.nodes[0], "SET", key, f"of {key}", client=("-c",)) == "OK"
        assert cluster.ask(cluster.nodes[5], "GET", key, client=("-c",)) == f"of {key}"


def test_without_the_password_nothing_is_answered(cluster: Cluster) -> None:
    for node in cluster.nodes:
        assert "NOAUTH" in cluster.ask(node, "GET", "order", password=False)
    (wrong := cluster.nodes[0].path / "wrong").write_text("guessed", encoding="utf-8")
    assert "WRONGPASS" in Cluster(cluster.nodes, wrong).ask(cluster.nodes[0], "GET", "order")


def test_to_form_again_does_nothing(cluster: Cluster) -> None:
    before = [sorted(row[:4] for row in cluster.table(node)) for node in cluster.nodes]
    epochs = [cluster.info(node)["cluster_current_epoch"] for node in cluster.nodes]
    for node in cluster.nodes:
        done = node.run("form.sh")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [sorted(row[:4] for row in cluster.table(node)) for node in cluster.nodes] == before
    assert [cluster.info(node)["cluster_current_epoch"] for node in cluster.nodes] == epochs


def come_back(cluster: Cluster, node: Pod) -> None:
    """Start a node that ended; the cluster is whole again."""
    node.start("start.sh")
    until(functools.partial(_alive, node), node.said)
    until(cluster.formed, cluster.said)


def test_a_primary_that_stops_hands_over_first_and_comes_back_as_a_replica(cluster: Cluster) -> None:
    cluster.ask(cluster.nodes[0], "SET", "kept", "yes", client=("-c",))
    primary = next(node for node in cluster.nodes if cluster.ask(node, "ROLE").startswith("master"))
    assert primary.run("stop.sh").returncode == 0
    assert cluster.ask(primary, "ROLE").startswith("slave")
    others = [node for node in cluster.nodes if node is not primary]
    assert primary.end("start.sh") == 0
    # The others did not have to notice anything first.
    assert cluster.info(others[0])["cluster_state"] == "ok"
    assert cluster.ask(others[0], "GET", "kept", client=("-c",)) == "yes"
    come_back(cluster, primary)
    assert cluster.ask(primary, "GET", "kept", client=("-c",)) == "yes"


def slow_copy(cluster: Cluster, node: Pod, seconds: float) -> None:
    """Have a node write its first copy, as after a synchronization; each of its keys takes so long."""
    cluster.ask(node, "CONFIG", "SET", "rdb-key-save-delay", str(round(seconds * 1e6)))
    for value in ("no", "yes"):
        assert cluster.ask(node, "CONFIG", "SET", "appendonly", value) == "OK"
    assert cluster.facts(node, "INFO", "persistence")["aof_rewrite_in_progress"] == "1"


def a_replica_with_a_key(cluster: Cluster) -> Pod:
    """Return a replica that has something to write."""
    for number in range(20):
        cluster.ask(cluster.nodes[0], "SET", f"copied-{number}", "yes", client=("-c",))
    return next(node for node in cluster.nodes if cluster.ask(node, "ROLE").startswith("slave"))


def test_a_copy_that_is_being_written_is_finished_first(cluster: Cluster) -> None:
    node = a_replica_with_a_key(cluster)
    keys = int(cluster.ask(node, "DBSIZE"))
    slow_copy(cluster, node, 2 / keys)
    assert node.run("stop.sh").returncode == 0
    state = cluster.facts(node, "INFO", "persistence")
    assert (state["aof_rewrite_in_progress"], state["aof_last_bgrewrite_status"]) == ("0", "ok")
    assert node.end("start.sh") == 0
    come_back(cluster, node)


def test_a_node_ends_when_asked_though_its_copy_is_not_written(cluster: Cluster) -> None:
    node = a_replica_with_a_key(cluster)
    slow_copy(cluster, node, 60)
    assert node.end("start.sh") == 0
    come_back(cluster, node)


def test_nodes_that_all_come_back_with_other_addresses_find_each_other(
    cluster: Cluster, redis_environment: dict[str, str]
) -> None:
    cluster.ask(cluster.nodes[0], "SET", "moved", "too", client=("-c",))
    for node in cluster.nodes:
        node.end("start.sh")
    ports = free_ports(NODES, above=(0, BUS))
    for node, port in zip(cluster.nodes, ports, strict=True):
        node.env |= {"REDIS_PORT": str(port), "PEERS": " ".join(f"{HOST}:{each}" for each in ports)}
        node.start("start.sh")
    for node in cluster.nodes:
        until(functools.partial(_alive, node), node.said)
    cluster.keep(*cluster.nodes)
    until(cluster.formed, cluster.said)
    cluster.rest()
    for node in cluster.nodes:
        assert sorted(int(row[1].split("@")[0].split(":")[1]) for row in cluster.table(node)) == sorted(ports)
    assert cluster.ask(cluster.nodes[5], "GET", "moved", client=("-c",)) == "too"


def test_a_node_that_lost_its_volume_becomes_the_replica_that_is_missing(cluster: Cluster) -> None:
    lost = next(node for node in cluster.nodes if cluster.ask(node, "ROLE").startswith("slave"))
    lost.end("start.sh")
    for path in sorted((lost.path / "data").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    lost.start("start.sh")
    until(lambda: lost.run("alive.sh").returncode == 0, lost.said)
    cluster.keep(*cluster.nodes)
    until(lambda: cluster.formed() and cluster.ask(lost, "ROLE").startswith("slave"), lost.said)
    cluster.rest()
    table = [row for row in cluster.table(lost) if "fail" not in row[2] and "noaddr" not in row[2]]
    primaries = [row[0] for row in table if "master" in row[2]]
    assert sorted(row[3] for row in table if "slave" in row[2]) == sorted(primaries)


def test_an_empty_password_is_refused(redis_environment: dict[str, str]) -> None:
    with folder() as root:
        node = node_of(root, 0, free_ports(1, above=(0, BUS))[0], "", redis_environment)
        node.mount("secrets", {"REDIS_PASSWORD": ""})
        done = node.run("start.sh")
        assert done.returncode == 1
        assert "REDIS_PASSWORD is empty in the Secret" in done.stderr
