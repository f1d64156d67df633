# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a guard alone in a process, as its module does, until a signal ends it; write down what it said, and when.

python -m tests.bench.watch.process OPTIONS RESULT NUMBER

OPTIONS is a JSON file with the options of the task. When the guard has begun to watch NUMBER releases, a line says so on
stdout. RESULT gets, as JSON: ``began`` (seconds since the epoch), ``lines`` (of each its time, the processor time that the
process had taken by then, and the text), ``watching`` (when the last of the releases was watched), ``bare_kib`` (memory before
the guard was run, with all libraries) and ``peak_kib`` (the most there ever was).
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
import time
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.ending import Ended
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.operation import GUARD
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Call

_BEGINS = " is watched"


def main() -> None:
    """Run the guard, and write down what it said."""
    options, result, number = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]), int(sys.argv[3])
    lines: list[tuple[float, float, str]] = []
    watching: list[float] = []

    def say(line: str) -> None:
        now = time.time()
        lines.append((now, time.process_time(), line))
        if _BEGINS in line:
            watching.append(now)
            if len(watching) == number:
                print("all are watched", flush=True)

    # The guard sends the signal that ended it once more, when it has tidied up: what it said is still to be written then.
    signal.signal(signal.SIGTERM, lambda *_: None)
    validated = ArgumentSpecValidator(GUARD.options, **GUARD.rules()).validate(options)
    call = Call(
        params=validated.validated_parameters,
        check_mode=False,
        diff_mode=False,
        say=say,
        show=lambda title, lines, over=False: None,
        warn=lambda text: None,
    )
    bare, began = memory("VmRSS"), time.time()
    with contextlib.suppress(Ended):
        GUARD.run(call)
    found = {"began": began, "lines": lines, "watching": max(watching), "bare_kib": bare, "peak_kib": memory("VmHWM")}
    result.write_text(json.dumps(found), encoding="utf-8")


def memory(what: str) -> int:
    """Return the memory of this process, as Linux calls it, in KiB.

    Not by getrusage: what that calls the peak begins with the memory of the process that started this one.
    """
    [line] = re.findall(rf"^{what}:\s+(\d+) kB$", Path("/proc/self/status").read_text("utf-8"), re.M)
    return int(line)


if __name__ == "__main__":
    main()
