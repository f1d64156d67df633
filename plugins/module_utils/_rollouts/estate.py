# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading the workloads of a namespace, once or live. Private to this collection."""

from __future__ import annotations

import difflib
import enum

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import (
    ANALYSIS_RUN,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    NAMESPACE,
    REPLICA_SET,
    ROLLOUT,
    SERVICE,
    Kind,
)
from .._kube.watch import Picture, Selection
from .._types import Obj
from .model import View
from .view import Objects, views_of


class Need(enum.Flag):
    """What a verb looks at beside the workloads; nothing else is read, so nothing else has to be permitted."""

    NOTHING = 0
    REVISIONS = enum.auto()
    TRAFFIC = enum.auto()
    ANALYSIS = enum.auto()


class Estate:
    """The workloads of one namespace, followed live.

    Use as a context manager; entering reads everything once.
    """

    def __init__(self, kube: Kube, namespace: str, names: list[str] | None, need: Need) -> None:
        """Find out which kinds the named workloads are.

        Raises:
            DeliveryError: a name that is neither a Rollout nor a Deployment, a missing namespace or missing CRDs.
        """
        self._namespace = namespace
        self._names = names
        kinds = _kinds(kube, namespace, names, need)
        self._picture = Picture(kube, [Selection(kind, namespace) for kind in kinds])
        self._followed = kinds

    def __enter__(self) -> Estate:
        self._picture.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        self._picture.__exit__(*failure)

    def views(self) -> dict[str, View]:
        """Return the workloads as last seen."""
        objects = Objects(
            rollouts=self._of(ROLLOUT),
            deployments=self._of(DEPLOYMENT),
            replica_sets=self._of(REPLICA_SET),
            analysis_runs=self._of(ANALYSIS_RUN),
            services=self._of(SERVICE),
            ingresses=self._of(INGRESS),
            endpoint_slices=self._of(ENDPOINT_SLICE),
        )
        return views_of(objects, self._names)

    def wait(self, seconds: float) -> bool:
        """Wait until something changed, at most `seconds`; return whether it did."""
        return self._picture.wait(seconds)

    def _of(self, kind: Kind) -> list[Obj]:
        return self._picture.objects(kind) if kind in self._followed else []


def read(kube: Kube, namespace: str, names: list[str] | None, need: Need) -> dict[str, View]:
    """Return the workloads of a namespace once; see `Estate` for the errors."""
    with Estate(kube, namespace, names, need) as estate:
        return estate.views()


def _kinds(kube: Kube, namespace: str, names: list[str] | None, need: Need) -> list[Kind]:
    rollouts, problem = _rollouts(kube, namespace)
    known = [item["metadata"]["name"] for item in rollouts]
    chosen = [item for item in rollouts if names is None or item["metadata"]["name"] in names]
    missing = [] if names is None else [name for name in names if name not in known]
    kinds = [ROLLOUT] if chosen or (names is None and problem is None) else []
    if missing or names is None or any((item.get("spec") or {}).get("workloadRef") for item in chosen):
        deployments = [item["metadata"]["name"] for item in kube.list(DEPLOYMENT, namespace).items]
        missing = [name for name in missing if name not in deployments]
        known += deployments
        kinds.append(DEPLOYMENT)
    if missing or (names is None and problem and not known):
        if problem is not None:
            raise problem
        _check_namespace(kube, namespace)
        raise _unknown(missing, known, namespace, kube.cluster)
    if names is None and not known:
        _check_namespace(kube, namespace)
    if Need.REVISIONS in need:
        kinds.append(REPLICA_SET)
    if ROLLOUT in kinds and Need.ANALYSIS in need:
        kinds.append(ANALYSIS_RUN)
    if ROLLOUT in kinds and Need.TRAFFIC in need:
        kinds += _traffic_kinds(chosen)
    return kinds


def _rollouts(kube: Kube, namespace: str) -> tuple[list[Obj], ApiFailure | None]:
    try:
        return kube.list(ROLLOUT, namespace).items, None
    except ApiFailure as failure:
        # Without Argo Rollouts there may still be Deployments, if only those are meant.
        if failure.reason == "MissingCRDs":
            return [], failure
        raise


def _traffic_kinds(rollouts: list[Obj]) -> list[Kind]:
    strategies = [(item.get("spec") or {}).get("strategy") or {} for item in rollouts]
    routed = any(((item.get("canary") or {}).get("trafficRouting") or {}).get("nginx") for item in strategies)
    serviced = any("blueGreen" in item or (item.get("canary") or {}).get("stableService") for item in strategies)
    return ([SERVICE, ENDPOINT_SLICE] if serviced else []) + ([INGRESS] if routed else [])


def _check_namespace(kube: Kube, namespace: str) -> None:
    try:
        found = kube.find(NAMESPACE, None, namespace)
    except ApiFailure as failure:
        if failure.code == 403:
            return
        raise
    if found is None:
        raise DeliveryError(
            f"the namespace {namespace} does not exist",
            reason="NamespaceNotFound",
            where=kube.cluster,
            hint="create it first, for instance with playbooks/provision.yml",
        )


def _unknown(missing: list[str], known: list[str], namespace: str, cluster: str) -> DeliveryError:
    near = difflib.get_close_matches(missing[0], known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are {', '.join(sorted(known))}" if known else "there is none at all; provision it first"
    return DeliveryError(
        f"there is no Rollout or Deployment {', '.join(missing)} in namespace {namespace}",
        reason="RolloutNotFound",
        hint=hint,
        where=cluster,
    )
