# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading the workloads of a namespace, once or live. Private to this collection."""

from __future__ import annotations

from .._kube.client import Kube
from .._kube.kinds import (
    ANALYSIS_RUN,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    POD,
    REPLICA_SET,
    ROLLOUT,
    SERVICE,
    Kind,
)
from .._kube.watch import Picture
from .._types import Obj
from .choice import Choice, Need
from .finding import Found, find
from .model import View
from .narrowing import around
from .view import Objects, views_of


class Estate:
    """The chosen workloads of one namespace and what belongs to them: read once, followed live when somebody waits.

    Use as a context manager; entering reads everything once.
    """

    def __init__(self, kube: Kube, namespace: str, choice: Choice, need: Need) -> None:
        """Find out which workloads are meant.

        Raises:
            DeliveryError: a name that is neither a Rollout nor a Deployment, labels that match nothing, a missing namespace
                or missing CRDs.
        """
        self.found: Found = find(kube, namespace, choice)
        selections = [*self.found.listings, *around(self.found, namespace, need)]
        self._picture = Picture(kube, selections, self.found.listings)
        # As last seen; None: something may have changed since. A guard looks every second, and mostly nothing has.
        self._views: dict[str, View] | None = None

    def __enter__(self) -> Estate:
        self._picture.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._picture.__exit__(*failure)

    @property
    def names(self) -> list[str]:
        """The names of the chosen workloads, in the order they were given."""
        return self.found.names

    def views(self) -> dict[str, View]:
        """Return the workloads as last seen."""
        if self._views is None:
            self._views = views_of(self._objects(), self.found.names)
        return dict(self._views)

    def _objects(self) -> Objects:
        return Objects(
            rollouts=self._of(ROLLOUT),
            deployments=self._of(DEPLOYMENT),
            replica_sets=self._of(REPLICA_SET),
            analysis_runs=self._of(ANALYSIS_RUN),
            services=self._of(SERVICE),
            ingresses=self._of(INGRESS),
            endpoint_slices=self._of(ENDPOINT_SLICE),
            pods=self._of(POD),
        )

    def follow(self) -> None:
        """Begin to follow what happens; without, the first wait does."""
        self._picture.follow()

    def wait(self, seconds: float) -> bool:
        """Wait until something changed, at most `seconds`; return whether it did."""
        known, self._views = self._views, None
        changed = self._picture.wait(seconds)
        if not changed:
            self._views = known
        return changed

    def learn(self, kind: Kind, item: Obj) -> None:
        """Take the server's answer to a write for seen."""
        self._views = None
        self._picture.learn(kind, item)

    def refresh(self) -> str:
        """Read everything anew, for a last look: a watch may have died in silence.

        Returns:
            Why something could not be read and stayed as it was seen last; empty when all could.
        """
        self._views = None
        return self._picture.refresh()

    def settle(self) -> None:
        """Read anew what was not followed, for the result."""
        self._views = None
        self._picture.settle()

    def _of(self, kind: Kind) -> list[Obj]:
        return self._picture.objects(kind)


def read(kube: Kube, namespace: str, choice: Choice, need: Need) -> dict[str, View]:
    """Return the workloads of a namespace once; see `Estate` for the errors."""
    with Estate(kube, namespace, choice, need) as estate:
        return estate.views()
