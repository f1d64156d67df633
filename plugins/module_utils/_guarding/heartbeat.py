# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A file whose time says when the guard looked last, for whoever restarts one that hangs. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .._errors import DeliveryError


def heartbeat(path: str | None) -> Callable[[], None]:
    """Return what is to be called after every look; without a path, it does nothing.

    Raises:
        DeliveryError: when called, the file cannot be written.
    """
    if not path:
        return lambda: None
    file = Path(path).expanduser()

    def beat() -> None:
        try:
            file.touch()
        except OSError as error:
            raise DeliveryError(
                f"the file of the heartbeat cannot be written: {error.strerror}",
                reason="BadOption",
                where=str(file),
                hint="set heartbeat to a file in a folder that is there and writable, or leave it out",
            ) from error

    return beat
