# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Free ports for a sandbox."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable

from tools.errors import ToolError

HOST = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections: nobody grabs one between our choice and the
# moment the part listens.
FIRST, LAST = 20000, 32000


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick_ports(
    names: Iterable[str], *, free: Callable[[int], bool] = is_free, rng: random.Random | None = None
) -> dict[str, int]:
    """Return a free port for each name, all different.

    Raises ToolError when a thousand tries do not find enough.
    """
    # A random start keeps two sandboxes that start in the same moment apart.
    source = rng or random.Random()
    ports: dict[str, int] = {}
    wanted = list(names)
    for _ in range(1000):
        if len(ports) == len(wanted):
            break
        port = source.randrange(FIRST, LAST)
        if port not in ports.values() and free(port):
            ports[wanted[len(ports)]] = port
    if len(ports) < len(wanted):
        raise ToolError(f"no free ports between {FIRST} and {LAST} on {HOST}", hint="Stop other sandboxes first.")
    return ports
