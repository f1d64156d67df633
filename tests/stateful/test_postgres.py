# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Real PostgreSQL servers with the configuration and scripts that role workloads renders for their pods."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.stateful.running import HOST, Pod, container, folder, free_ports, literals, own, rendered_files, uid, until
from tests.stateful.secrecy import Watch

PRIMARY, REPLICA = "tradesense-postgres-primary", "tradesense-postgres-replica"
USER, DATABASE = "tradesense_user", "tradesense_development"
KEYS = ("DB_PASSWORD", "DB_SUPERUSER_PASSWORD", "DB_REPLICATION_PASSWORD")


def passwords() -> dict[str, str]:
    """Return passwords with everything that has a meaning to a shell, to SQL or in a password file."""
    return {key: f"{secrets.token_hex(8)}:'\\ \"$HOME`x%s" for key in KEYS}


@dataclass
class Servers:
    """A primary and its replica, and what their clients know."""

    root: Path
    primary: Pod
    replica: Pod
    values: dict[str, str]

    def query(self, pod: Pod, sql: str, password: str, user: str = USER, database: str = DATABASE) -> str:
        """Ask a server as a client does, over the network; what is refused is answered with the refusal."""
        file = self.root / f"client-{secrets.token_hex(4)}"
        file.touch(mode=0o600)
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        argv = ["psql", "-X", "-w", "-At", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", pod.env["PGPORT"]]
        argv += ["-U", user, "-d", database, "-c", sql]
        env = {**pod.environment(), "PGPASSFILE": str(file)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30, check=False)
        return (done.stdout if done.returncode == 0 else done.stderr).strip()

    def ask(self, pod: Pod, sql: str) -> str:
        """Ask as the application."""
        return self.query(pod, sql, self.values["DB_PASSWORD"])

    def inside(self, pod: Pod, sql: str) -> str:
        """Ask as the superuser, which only the socket inside the pod lets in."""
        file = self.root / "superuser"
        file.touch(mode=0o600)
        escaped = self.values["DB_SUPERUSER_PASSWORD"].replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        argv = ["psql", "-X", "-w", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-c", sql]
        env = {**pod.environment(), "PGPASSFILE": str(file)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def up(self, pod: Pod) -> None:
        """Start a server and wait until its probe calls it ready."""
        pod.start("start.sh")
        until(lambda: pod.run("ready.sh").returncode == 0, pod.said)
        assert pod.run("alive.sh").returncode == 0

    def down(self, pod: Pod) -> None:
        """Stop a server as a pod's hook does: at once, and cleanly, while clients are connected."""
        done = pod.run("stop.sh")
        assert done.returncode == 0, done.stderr
        assert pod.running.pop("start.sh").wait(timeout=20) == 0

    def streams(self) -> bool:
        """Return whether the replica follows the primary."""
        return self.inside(self.primary, "select application_name, state from pg_stat_replication") == (
            f"{REPLICA}-0|streaming"
        )


def pod_of(root: Path, name: str, which: str, port: int, environment: dict[str, str], **more: str) -> Pod:
    """Return a pod with its files, and with the variables its container has in the manifest."""
    path = root / which
    env = {**literals(container(name, "postgres")), **environment, "POD_NAME": f"{name}-0", **more}
    # The folders that a pod has elsewhere.
    env |= {"PGDATA": str(path / "data"), "PGHOST": str(path / "run"), "PGPORT": str(port), "LISTEN_ADDRESSES": HOST}
    pod = Pod(path, env)
    pod.mount("config", rendered_files(name))
    return pod


@pytest.fixture(scope="module")
def servers(postgres_environment: dict[str, str]) -> Iterator[Servers]:
    """A primary and a replica of it, running; nobody saw a password meanwhile, nor while the tests ran."""
    values = passwords()
    first, second = free_ports(2)
    with folder() as root, Watch(uid(), values.values()) as watch:
        primary = pod_of(root, PRIMARY, "primary", first, postgres_environment)
        at_primary = {"PRIMARY_HOST": HOST, "PRIMARY_PORT": str(first)}
        replica = pod_of(root, REPLICA, "replica", second, postgres_environment, **at_primary)
        made = Servers(root, primary, replica, values)
        primary.mount("secrets", {"DB_USERNAME": USER, **values})
        replica.mount("secrets", {"DB_REPLICATION_PASSWORD": values["DB_REPLICATION_PASSWORD"]})
        try:
            done = primary.run("initialise.sh")
            assert done.returncode == 0, done.stderr
            made.up(primary)
            done = replica.run("clone.sh")
            assert done.returncode == 0, done.stderr
            made.up(replica)
            yield made
        finally:
            replica.clear()
            primary.clear()
        said = primary.said() + replica.said()
    assert watch.processes > 20
    assert not watch.seen
    assert not [key for key, value in values.items() if value[:16] in said]


def test_the_application_gets_in_with_its_password_only(servers: Servers) -> None:
    assert servers.ask(servers.primary, "select current_user, current_database()") == f"{USER}|{DATABASE}"
    assert "password authentication failed" in servers.query(servers.primary, "select 1", "wrong")
    assert "no password supplied" in servers.query(servers.primary, "select 1", "")


@pytest.mark.parametrize(
    ("user", "database", "key"),
    [
        ("postgres", DATABASE, "DB_SUPERUSER_PASSWORD"),
        ("tradesense_replication", DATABASE, "DB_REPLICATION_PASSWORD"),
        (USER, "postgres", "DB_PASSWORD"),
    ],
)
def test_nobody_gets_further_than_meant(servers: Servers, user: str, database: str, key: str) -> None:
    refusal = servers.query(servers.primary, "select 1", servers.values[key], user, database)
    assert "pg_hba.conf rejects connection" in refusal or "no pg_hba.conf entry" in refusal


def test_passwords_are_kept_as_scram_verifiers(servers: Servers) -> None:
    kept = servers.inside(
        servers.primary, "select rolname, left(rolpassword, 14) from pg_authid where rolcanlogin order by 1"
    )
    assert kept.splitlines() == [
        "postgres|SCRAM-SHA-256$",
        "tradesense_replication|SCRAM-SHA-256$",
        "tradesense_user|SCRAM-SHA-256$",
    ]
    assert servers.inside(servers.primary, "select rolsuper from pg_roles where rolname like 'tradesense%'") == "f\nf"


def test_the_replica_streams_and_refuses_writes(servers: Servers) -> None:
    until(servers.streams, "the replica does not stream")
    servers.ask(servers.primary, "create table orders (id int); insert into orders values (7)")
    until(lambda: servers.ask(servers.replica, "select id from orders") == "7", "the row does not arrive")
    assert "read-only transaction" in servers.ask(servers.replica, "insert into orders values (8)")
    slots = servers.inside(servers.primary, "select slot_name, active from pg_replication_slots")
    assert slots == "replica_0|t"


def test_a_restart_of_both_keeps_the_data(servers: Servers) -> None:
    servers.ask(servers.primary, "create table kept (id int); insert into kept values (1)")
    servers.down(servers.replica)
    servers.ask(servers.primary, "insert into kept values (2)")
    servers.down(servers.primary)
    for pod, script in ((servers.primary, "initialise.sh"), (servers.replica, "clone.sh")):
        done = pod.run(script)
        assert done.returncode == 0, done.stderr
        assert "there is a" in done.stderr
        servers.up(pod)
    until(servers.streams, "the replica does not stream again")
    until(lambda: servers.ask(servers.replica, "select count(*) from kept") == "2", "the rows do not arrive")


def test_scripts_that_run_again_beside_the_servers_do_no_harm(servers: Servers) -> None:
    assert servers.primary.run("initialise.sh").returncode != 0
    assert "there is a copy" in servers.replica.run("clone.sh").stderr
    assert servers.ask(servers.primary, "select 1") == "1"
    until(servers.streams, "the replica does not stream any more")


def test_a_new_password_counts_from_the_next_start(servers: Servers) -> None:
    old = servers.values["DB_PASSWORD"]
    servers.values["DB_PASSWORD"] = f"{secrets.token_hex(8)}-new"
    servers.primary.mount("secrets", {"DB_PASSWORD": servers.values["DB_PASSWORD"]})
    servers.down(servers.primary)
    assert servers.primary.run("initialise.sh").returncode == 0
    servers.up(servers.primary)
    assert servers.ask(servers.primary, "select 1") == "1"
    assert "password authentication failed" in servers.query(servers.primary, "select 1", old)
    until(servers.streams, "the replica does not stream again")


def test_the_settings_that_matter_are_in_force(servers: Servers) -> None:
    shown = "select name || '=' || current_setting(name) from pg_settings where name in ('wal_level', 'fsync',"
    shown += " 'max_slot_wal_keep_size', 'shared_buffers', 'password_encryption', 'data_checksums') order by 1"
    for pod in (servers.primary, servers.replica):
        assert servers.inside(pod, shown).splitlines() == [
            "data_checksums=on",
            "fsync=on",
            "max_slot_wal_keep_size=256MB",
            "password_encryption=scram-sha-256",
            "shared_buffers=256MB",
            "wal_level=replica",
        ]
        assert servers.inside(pod, "select count(*) from pg_file_settings where error is not null") == "0"


@pytest.fixture
def blank(postgres_environment: dict[str, str]) -> Iterator[Pod]:
    """A primary that was never started."""
    with folder() as root:
        pod = pod_of(root, PRIMARY, "primary", free_ports(1)[0], postgres_environment)
        pod.mount("secrets", {"DB_USERNAME": USER, **passwords()})
        yield pod
        pod.clear()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("DB_PASSWORD", "", "DB_PASSWORD is empty in the Secret"),
        ("DB_PASSWORD", "two\nlines", "DB_PASSWORD has more than one line in the Secret"),
        ("DB_USERNAME", 'x"; drop', 'DB_USERNAME is no name of a role: x"; drop'),
        ("DB_USERNAME", "postgres", "DB_USERNAME must not be postgres"),
    ],
)
def test_a_secret_that_cannot_be_meant_is_refused(blank: Pod, key: str, value: str, message: str) -> None:
    blank.mount("secrets", {key: value})
    done = blank.run("initialise.sh")
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    assert not (blank.path / "data").exists()


def test_a_missing_key_is_named(blank: Pod) -> None:
    (blank.path / "secrets" / "DB_SUPERUSER_PASSWORD").unlink()
    assert "the Secret has no key DB_SUPERUSER_PASSWORD" in blank.run("initialise.sh").stderr


def test_what_a_killed_pod_left_half_done_is_made_anew(blank: Pod) -> None:
    left = blank.path / "data.new"
    left.mkdir()
    (left / "PG_VERSION").write_text("15\n", encoding="utf-8")
    own(left)
    done = blank.run("initialise.sh")
    assert done.returncode == 0, done.stderr
    assert (blank.path / "data" / "PG_VERSION").exists()
    assert not left.exists()


def test_a_folder_with_something_else_in_it_is_left_alone(blank: Pod) -> None:
    (blank.path / "data").mkdir()
    (blank.path / "data" / "letter").write_text("dear", encoding="utf-8")
    done = blank.run("initialise.sh")
    assert done.returncode == 1
    assert "holds something that is no database; nothing was touched" in done.stderr
    assert (blank.path / "data" / "letter").exists()


def test_a_replica_with_a_wrong_password_gets_nothing(servers: Servers, postgres_environment: dict[str, str]) -> None:
    with folder() as root:
        at_primary = {"PRIMARY_HOST": HOST, "PRIMARY_PORT": servers.primary.env["PGPORT"]}
        pod = pod_of(root, REPLICA, "replica", free_ports(1)[0], postgres_environment, **at_primary)
        pod.mount("secrets", {"DB_REPLICATION_PASSWORD": "wrong"})
        done = pod.run("clone.sh")
        assert done.returncode != 0
        assert "password authentication failed" in done.stderr
        assert not (pod.path / "data").exists()
