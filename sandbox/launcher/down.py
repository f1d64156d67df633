# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Taking a sandbox down."""

from __future__ import annotations

import shutil
import subprocess

from sandbox.launcher import kwok
from sandbox.launcher.layout import Layout
from sandbox.launcher.parts import ALL, CONTROL_PLANE
from sandbox.launcher.processes import PidFiles, Record, record_of, stop

# Not a part, but its process and its log are kept like those of one.
KWOKCTL = "kwokctl"
# Seconds between asking a process to end and ending it: a sandbox that is thrown away has nothing to put in order.
PATIENCE = 2.0


def take_down(layout: Layout) -> int:
    """Stop every process of the sandbox and remove its state except the logs; return how many were stopped.

    Needs no programs and no answers from anything, so it also clears away what an interrupted start left.
    """
    pids = PidFiles(layout.pids)
    # kwokctl runs for a moment only, but if it still does it would go on starting components.
    if creating := pids.running(KWOKCTL):
        stop([creating], patience=PATIENCE)
    records = {record for name in ALL if (record := pids.running(name))}
    records |= _unrecorded(layout)
    stop(records, patience=PATIENCE)
    for file in (layout.kubeconfig, layout.env_file, layout.state_file):
        file.unlink(missing_ok=True)
    for folder in (layout.pids, layout.kwok_workdir, layout.certificates, layout.prometheus):
        shutil.rmtree(folder, ignore_errors=True)
    return len(records)


def _unrecorded(layout: Layout) -> set[Record]:
    """Return components that kwokctl started for a launcher which was killed before it could record them."""
    found = set()
    for name in CONTROL_PLANE:
        pid = kwok.pid_written(layout, name)
        record = record_of(pid) if pid is not None else None
        # The id alone may have been given to another process since.
        if record and _command_of(record.pid).startswith(str(layout.cluster / "bin")):
            found.add(record)
    return found


def _command_of(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "args=", "-ww", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout
