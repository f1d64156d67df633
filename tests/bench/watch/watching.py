# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A guard at work, looked at from outside: Prometheus' count of its queries, and the system's of its processor time."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.bench import Bench
from tests.bench.watch.cycles import Grid, heard_in
from tests.bench.watch.figures import Sample, Watch
from tests.bench.watch.prometheus import queries_asked
from tests.integration.support.cluster import Obj, Space
from tools.errors import ToolError
from tools.paths import ROOT
from tools.report import say
from tools.setup import NEWEST

# Those of the default policy. Held at most: whoever is rolled back is not watched any more.
WINDOW, DELAY = 30, 15
POLICY: Obj = {"mode": "hold_only", "window": f"{WINDOW}s", "delay": f"{DELAY}s"}
# Seconds before windows are due at which is counted what the guard has asked and worked until then: it has long been at rest.
_AHEAD = 0.5
# Longest first look at all of them, and longest end.
_FIRST_SECONDS, _LAST_SECONDS = 300.0, 60.0
_FOREVER = 3600
_TAIL_LINES = 30


def watch(bench: Bench, space: Space, names: Sequence[str], windows: int) -> Watch:
    """Let a guard watch Rollouts for so many windows, after a first one that only warms up.

    Raises:
        ToolError: the guard fails, or does not do its work.
    """
    prometheus = bench.environment["TRADESENSE_PROMETHEUS_URL"]
    options = {
        "namespace": space.name,
        "kubeconfig": bench.environment["KUBECONFIG"],
        "prometheus_url": prometheus,
        "policy": POLICY,
        "trading": list(names),
        "until": "stopped",
        "timeout": _FOREVER,
    }
    before = queries_asked(prometheus)
    with tempfile.TemporaryDirectory(prefix="bench-watch-") as folder:
        with _guard(bench, Path(folder), options, len(names)) as process:
            _await_first_look(process)
            first = queries_asked(prometheus) - before
            say(f"  {len(names)} services: all of them are watched")
            samples = [_sample(process, prometheus) for _ in range(windows + 2)]
        found = json.loads((Path(folder) / "result").read_text(encoding="utf-8"))
    return Watch(
        services=len(names),
        grid=Grid(WINDOW, DELAY, _origins(space, names)),
        heard=heard_in((float(at), float(cpu), str(text)) for at, cpu, text in found["lines"]),
        samples=samples,
        first_seconds=found["watching"] - found["began"],
        first_queries=first,
        bare_kib=found["bare_kib"],
        peak_kib=found["peak_kib"],
    )


@contextmanager
def _guard(bench: Bench, folder: Path, options: dict[str, Any], number: int) -> Iterator[subprocess.Popen[str]]:
    """Run a guard in a process of its own; in the end it is told to end, as whoever stops a pod does it.

    Raises:
        ToolError: it failed, or did not end.
    """
    (folder / "options").write_text(json.dumps(options), encoding="utf-8")
    python = str(NEWEST.path / "bin" / "python")
    argv = [python, "-m", "tests.bench.watch.process", str(folder / "options"), str(folder / "result"), str(number)]
    where = f"{ROOT}:{ROOT / '.dev' / 'collections'}"
    log = folder / "log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            argv,
            env={**bench.environment, "PYTHONPATH": where},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield process
        process.terminate()
        process.wait(_LAST_SECONDS)
        if process.returncode:
            raise ToolError("the measured guard failed")
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"the guard did not end within {_LAST_SECONDS:g} s", detail=_end_of(log)) from error
    except ToolError as error:
        error.detail = _end_of(log)
        raise
    finally:
        process.kill()
        process.communicate()


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-_TAIL_LINES:])


def _await_first_look(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], _FIRST_SECONDS)[0]:
        raise ToolError(f"the guard did not watch all services within {_FIRST_SECONDS:g} s")
    if not process.stdout.readline():
        raise ToolError("the measured guard ended before it watched all services")


def _sample(process: subprocess.Popen[str], prometheus: str) -> Sample:
    """Wait until right before windows are due next, and return what the guard has asked and worked until then."""
    now = time.time()
    due = Grid(WINDOW, DELAY, {}).next(now + _AHEAD)
    time.sleep(max(due - _AHEAD - now, 0))
    if process.poll() is not None:
        raise ToolError("the measured guard ended before it was told to")
    return Sample(due, queries_asked(prometheus), _processor_seconds(process.pid))


def _processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken, that of its children not included."""
    # What counts begins after the command's name, which may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _origins(space: Space, names: Sequence[str]) -> dict[str, float]:
    """Return when window 0 of each service began, by what the guard keeps."""
    kept = {item["metadata"]["name"]: item.get("data") or {} for item in space.list("ConfigMap")}
    return {name: float(json.loads(kept[f"{name}-guard"]["state"])["origin"]) for name in names}
