# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports, states, layouts and the records of processes."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.launcher.layout import existing_layouts, layout_for
from sandbox.launcher.ports import FIRST, HOST, LAST, is_free, pick_ports
from sandbox.launcher.processes import PidFiles, Record, parse_stat, record_of, spawn, start_time, stop
from sandbox.launcher.state import PORTS, State, load_state, save_state
from tools.errors import ToolError


def test_ports_are_different_free_and_in_range() -> None:
    ports = pick_ports(PORTS, rng=random.Random(1))
    assert list(ports) == list(PORTS)
    assert len(set(ports.values())) == len(PORTS)
    assert all(FIRST <= port < LAST for port in ports.values())


def test_ports_in_use_are_passed_over() -> None:
    first = pick_ports(["a"], free=lambda _: True, rng=random.Random(1))["a"]
    second = pick_ports(["a"], free=lambda port: port != first, rng=random.Random(1))["a"]
    assert first != second


def test_running_out_of_ports_is_an_error() -> None:
    with pytest.raises(ToolError, match="no free ports"):
        pick_ports(["a"], free=lambda _: False)


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((HOST, 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_state_survives(tmp_path: Path) -> None:
    state = State({name: 20000 + index for index, name in enumerate(PORTS)}, "builds", created=True)
    path = tmp_path / "deep" / "state.json"
    save_state(path, state)
    assert load_state(path) == state


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ports": {"etcd": 1}, "builds": "x", "created": true}'])
def test_an_unusable_state_is_no_state(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    assert load_state(path) is None
    assert load_state(tmp_path / "absent.json") is None


def test_the_default_sandbox_and_named_ones_have_folders_of_their_own(tmp_path: Path) -> None:
    assert layout_for(tmp_path, "default").kubeconfig == tmp_path / ".sandbox" / "kubeconfig"
    assert layout_for(tmp_path, "two").kubeconfig == tmp_path / ".sandbox" / "clusters" / "two" / "kubeconfig"


@pytest.mark.parametrize("name", ["", "Two", "../two", "a/b", "-a", "a-", "a" * 41, "two words"])
def test_names_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolError, match="cannot be the name of a sandbox"):
        layout_for(tmp_path, name)


def test_existing_layouts(tmp_path: Path) -> None:
    assert existing_layouts(tmp_path) == []
    layout_for(tmp_path, "two").folder.mkdir(parents=True)
    assert [layout.name for layout in existing_layouts(tmp_path)] == ["default", "two"]


def _stat(command: str, state: str = "S") -> str:
    rest = [state, *map(str, range(4, 22)), "98765", *map(str, range(23, 53))]
    return f"1234 ({command}) {' '.join(rest)}\n"


@pytest.mark.parametrize("command", ["etcd", "a b", "odd) S 1 2 (name", "(((", ""])
def test_the_start_time_is_found_whatever_the_command_is_called(command: str) -> None:
    assert parse_stat(_stat(command)) == "98765"


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_zombie_has_no_start_time(state: str) -> None:
    assert parse_stat(_stat("etcd", state)) is None


def test_this_process_is_recognised_and_a_recycled_id_is_not() -> None:
    mine = record_of(os.getpid())
    assert mine is not None
    assert mine.alive()
    assert not Record(mine.pid, "another time").alive()


def test_a_recycled_id_is_never_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    stop([Record(os.getpid(), "another time")], patience=1.0)
    assert sent == []


def test_an_absent_process_has_no_start_time() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert start_time(done.pid) is None


def test_records_survive_and_are_forgotten(tmp_path: Path) -> None:
    pids = PidFiles(tmp_path / "pids")
    record = record_of(os.getpid())
    assert record is not None
    pids.save("etcd", record)
    assert PidFiles(tmp_path / "pids").running("etcd") == record
    pids.save("etcd", Record(record.pid, "another time"))
    assert pids.load("etcd") is not None
    assert pids.running("etcd") is None
    pids.forget("etcd")
    pids.forget("etcd")
    assert pids.load("etcd") is None


def _spawn(tmp_path: Path, code: str) -> Record:
    log = tmp_path / "part.log"
    return spawn([sys.executable, "-c", code], log=log, cwd=tmp_path, env=os.environ, what="part")


def test_a_process_is_started_in_its_own_session_and_stopped(tmp_path: Path) -> None:
    record = _spawn(tmp_path, "import time; time.sleep(60)")
    assert record.alive()
    assert os.getsid(record.pid) == record.pid
    stop([record], patience=5.0)
    assert not record.alive()


def test_a_process_that_ignores_being_asked_is_ended(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    record = _spawn(tmp_path, code)
    while not ready.exists():
        assert record.alive()
    stop([record], patience=0.2)
    assert not record.alive()


def test_a_program_that_is_not_there_is_an_error_that_names_the_part(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="etcd cannot be started"):
        spawn([str(tmp_path / "absent")], log=tmp_path / "log", cwd=tmp_path, env={}, what="etcd")
