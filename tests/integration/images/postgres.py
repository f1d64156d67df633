# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of Debian on a free port of the loopback, with a database and a user of its own, and a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.debian import POSTGRES, ensure_packages

PASSWORD = "a-s3cret"
# PostgreSQL refuses to run as root.
NOBODY = 65534


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server; gives its address, without a driver."""
    # Not pytest's folder: nobody else may enter that.
    root = Path(tempfile.mkdtemp(prefix="tradesense-postgres-"))
    if os.geteuid() == 0:
        os.chown(root, NOBODY, NOBODY)
    (root / "password").write_text(PASSWORD, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(root / "data")
    try:
        _run(
            "initdb",
            "-D",
            data,
            "-E",
            "UTF8",
            "-U",
            "owner",
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(root / "password"),
            "-N",
        )
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={root} -c fsync=off"
        _run("pg_ctl", "-D", data, "-l", str(root / "log"), "-o", options, "-w", "start")
        yield f"postgresql://owner:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(root)


def _run(name: str, *words: str, check: bool = True) -> None:
    packages = ensure_packages(POSTGRES)
    is_root = os.geteuid() == 0
    done = subprocess.run(
        [str(packages.program(name)), *words],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **packages.environment()},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # No pipe: the server that pg_ctl leaves behind would hold it open.
        stderr=subprocess.DEVNULL,
        user=NOBODY if is_root else None,
        group=NOBODY if is_root else None,
        extra_groups=[] if is_root else None,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{name} failed"
