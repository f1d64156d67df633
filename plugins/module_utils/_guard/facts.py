# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a release besides its counts. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PodFacts:
    """What Kubernetes says of the pods; it does not depend on Prometheus.

    Attributes:
        late: whether the new pods are not available although the progress deadline is over.
        crash_looping: names of the new pods that Kubernetes restarts at longer and longer intervals.
        restarts: those of the new pods since they were created.
        stable_restarts: those of the old pods in the same time.
        down: seconds for which users have had nobody to serve them: the new revision alone takes their requests, and none of
            its pods is ready.
    """

    late: bool = False
    crash_looping: tuple[str, ...] = ()
    restarts: int = 0
    stable_restarts: int = 0
    down: float = 0.0


WELL = PodFacts()


@dataclass(frozen=True)
class Facts:
    """Where a release stands at the time of a look.

    Attributes:
        serving: whether the new revision is meant to get requests of users. A preview is not: it may have no data.
        control: whether the old revision gets requests at the same time, so that the two can be compared. After a full
            promotion there is nothing to compare with.
        ready_at: since when the new pods are Ready, seconds since the epoch; None: they are not.
        ending: whether promotion, or the end of the bake time, would be next.
        pods: what Kubernetes says.
    """

    serving: bool = True
    control: bool = True
    ready_at: float | None = 0.0
    ending: bool = False
    pods: PodFacts = WELL
