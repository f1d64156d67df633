# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The judges that are compared. All of them see the same streams."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.guard.judges.argo import Argo
from tests.bench.guard.judges.judge import Judge
from tests.bench.guard.judges.kayenta import Kayenta
from tests.bench.guard.judges.ours import Ours
from tests.bench.guard.judges.peeked import Peeked
from tests.bench.guard.judges.seed import WARNING, Seed

OURS, UNMEASURED = "ours", "ours 1.5"
LINEUP: Mapping[str, Judge] = {
    OURS: Ours(),
    UNMEASURED: Ours(measured=False),
    "seed": Seed(minutes=True),
    "seed x3": Seed(minutes=False),
    "seed 2 %": Seed(minutes=False, thresholds=WARNING),
    "Argo 5 %/3": Argo(failure_limit=3),
    "Argo 2 %/3": Argo(failure_limit=3, thresholds=WARNING),
    "Argo 2 %/0": Argo(failure_limit=0, thresholds=WARNING),
    "Kayenta": Kayenta(),
    "z peeked": Peeked(),
}
LEGEND = (
    "ours: the guard with its default policy, burstiness measured on stable before the release",
    "ours 1.5: the same without a measurement, burstiness 1.5 taken for granted",
    "seed: its rule as written (5 % errors, p99 5 s, 95 % orders, whole service), with violations counted under the minute",
    "seed x3: as it was meant, three looks in a row; seed 2 %: with its warning thresholds (2 % errors, p99 2 s)",
    "Argo 5 %/3: its own analysis of the canary over the last minute, with the seed's thresholds and failureLimit 3",
    "Argo 2 %/3 and 2 %/0: with the warning thresholds, and failureLimit 3 and 0 (the default)",
    "Kayenta: NetflixACAJudge, a run every 5 min over all data so far, scores 75 and 95",
    "z peeked: one-sided test of two proportions at 5 % for all metrics together, after every window",
)
