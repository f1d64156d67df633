# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about the verbs."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.bench import Bench
from tests.bench.report import Report
from tests.bench.verbs import many, marginal, seeing, traffic

# In the order they are measured; what fills the cluster comes last.
ITEMS: dict[str, Callable[[Bench], Report]] = {
    "marginal": marginal.measure,
    "seeing": seeing.measure,
    "traffic": traffic.measure,
    "many": many.measure,
}
# Parts of the sandbox that would only take time from what is measured.
NOT_NEEDED = ("simulator", "prometheus")
