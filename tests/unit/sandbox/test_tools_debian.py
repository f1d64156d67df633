# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs from Debian packages: where they are looked for, what is kept, and that the system is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import debian
from tools.debian import Unpacked, apt_options, ensure_packages, folder_name
from tools.errors import ToolError


def put(root: Path, path: str, *, mode: int = 0o755) -> Path:
    """Write a file that is no real program."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n", encoding="utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize("path", ["usr/sbin/nginx", "usr/bin/nginx", "usr/lib/postgresql/15/bin/nginx"])
def test_a_program_is_found_where_debian_puts_programs(tmp_path: Path, path: str) -> None:
    file = put(tmp_path, path)
    assert Unpacked(tmp_path, ("nginx",)).program("nginx") == file


def test_a_file_that_cannot_be_run_is_no_program(tmp_path: Path) -> None:
    put(tmp_path, "usr/sbin/nginx", mode=0o644)
    with pytest.raises(ToolError, match="nginx-light have no program called nginx") as caught:
        Unpacked(tmp_path, ("nginx-light",)).program("nginx")
    assert "TRADESENSE_BINARY_NGINX=/path/to/nginx" in caught.value.hint


def test_a_program_of_ones_own_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "usr/bin/redis-cli")
    monkeypatch.setenv("TRADESENSE_BINARY_REDIS_CLI", "/opt/redis-cli")
    assert Unpacked(tmp_path, ("redis-tools",)).program("redis-cli") == Path("/opt/redis-cli")


def test_the_environment_names_the_folders_of_shared_libraries(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/x86_64-linux-gnu/libpq.so.5")
    put(tmp_path, "lib/x86_64-linux-gnu/libreadline.so.8")
    first, second = tmp_path / "lib/x86_64-linux-gnu", tmp_path / "usr/lib/x86_64-linux-gnu"
    assert Unpacked(tmp_path, ("postgresql-15",)).environment() == {"LD_LIBRARY_PATH": f"{first}:{second}"}


def test_without_libraries_the_environment_is_left_alone(tmp_path: Path) -> None:
    # An empty LD_LIBRARY_PATH would mean the current folder.
    assert Unpacked(tmp_path, ("nginx",)).environment() == {}


def test_each_set_of_packages_has_a_folder_for_each_release_and_machine() -> None:
    names = {
        folder_name(("nginx",), "debian-12", "x86_64"),
        folder_name(("nginx",), "debian-13", "x86_64"),
        folder_name(("nginx",), "debian-12", "aarch64"),
        folder_name(("nginx", "redis-server"), "debian-12", "x86_64"),
    }
    assert len(names) == 4
    assert all(name.startswith("nginx-") for name in names)


def test_apt_get_works_in_a_folder_of_ours_only(tmp_path: Path) -> None:
    options = apt_options(tmp_path)
    assert f"Dir::State::lists={tmp_path}/lists" in options
    assert f"Dir::Cache::archives={tmp_path}/archives" in options
    assert not [word for word in options if "AllowUnauthenticated" in word]


def test_a_machine_without_apt_get_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TRADESENSE_CACHE", str(tmp_path))
    with pytest.raises(ToolError, match="apt-get is not on this machine"):
        ensure_packages(("nginx",))


def test_root_keeps_them_where_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "home"
    hidden.mkdir(mode=0o700)
    monkeypatch.setenv("TRADESENSE_CACHE", str(hidden / "cache"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert debian._cache() == Path("/var/cache/tradesense-delivery")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert debian._cache() == hidden / "cache"
