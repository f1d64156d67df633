# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lets ``python -m sandbox.simulator`` run the simulator."""

from __future__ import annotations

import sys

from sandbox.simulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
