# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A process that is told to end tidies up, and then ends as it would have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.ending import Ended, tidily

ROOT = Path(__file__).resolve().parents[5]
# The handler of Ansible's worker does the same: it ends the process without any `finally`.
PROGRAM = """
import os, signal, sys, time
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.ending import tidily

# A shell starts what runs in the background with Ctrl-C ignored, and that would be passed on to here.
signal.signal(signal.SIGINT, signal.default_int_handler)
if "worker" in sys.argv:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: os._exit(7))
try:
    with tidily():
        try:
            print("at work", flush=True)
            time.sleep(30)
        except Exception:
            print("taken for an error", flush=True)
        finally:
            print("tidying up", flush=True)
            time.sleep(0.5)
            print("tidy", flush=True)
finally:
    print("behind it", flush=True)
"""


@pytest.mark.parametrize(
    ("worker", "number", "code"),
    [
        ("worker", signal.SIGTERM, 7),
        ("worker", signal.SIGINT, 7),
        ("", signal.SIGTERM, -signal.SIGTERM),
        ("", signal.SIGINT, -signal.SIGINT),
    ],
)
def test_it_tidies_up_and_ends_as_it_would_have(worker: str, number: signal.Signals, code: int) -> None:
    path = os.pathsep.join([str(ROOT / ".dev" / "collections"), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, worker],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "at work\n"
    process.send_signal(number)
    assert process.stdout.readline() == "tidying up\n"
    # The second one, which Ansible sends when its worker has not ended yet.
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    assert process.wait(10) == code
    # Python's own Ctrl-C is an exception that goes on through what is around.
    assert rest == ("tidy\nbehind it\n" if code == -signal.SIGINT else "tidy\n")


def test_without_a_signal_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with tidily():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_is_left_alone() -> None:
    seen: list[object] = []

    def work() -> None:
        with tidily():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_it_is_no_error_that_somebody_could_deal_with() -> None:
    assert not issubclass(Ended, Exception)
