# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A signal that ends the process waits until a line is out."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.plugin_utils._signals import whole


@pytest.fixture
def obeyed() -> Iterator[list[str]]:
    """What was done, in order; a signal adds its name."""
    done: list[str] = []

    def obey(number: int, _frame: Any) -> None:
        done.append(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, obey) for number in numbers}
    yield done
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end(obeyed: list[str], number: signal.Signals) -> None:
    with whole():
        os.kill(os.getpid(), number)
        obeyed.append("line")
    assert obeyed == ["line", number.name]
    os.kill(os.getpid(), number)
    assert obeyed == ["line", number.name, number.name], "afterwards it is obeyed at once again"


def test_a_signal_is_obeyed_also_when_the_line_fails(obeyed: list[str]) -> None:
    def show() -> None:
        with whole():
            os.kill(os.getpid(), signal.SIGINT)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        show()
    assert obeyed == ["SIGINT"]


def test_another_thread_may_show_lines_too(obeyed: list[str]) -> None:
    def show() -> None:
        with whole():
            obeyed.append("line")

    thread = threading.Thread(target=show)
    thread.start()
    thread.join()
    assert obeyed == ["line"]
