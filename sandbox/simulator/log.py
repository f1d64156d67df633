# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines on standard output: the start, the end and what goes wrong, nothing for each request."""

from __future__ import annotations

from datetime import UTC, datetime


def say(message: str) -> None:
    """Writes one line with the time of day."""
    stamp = datetime.now(UTC).strftime("%H:%M:%S")
    print(f"{stamp} simulator: {message}", flush=True)
