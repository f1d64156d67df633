# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds of objects and their addresses in the API. Private: other collections must not import it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A resource type of the API.

    Args:
        api_version: group and version as manifests write it, e.g. ``apps/v1`` or ``v1``.
        name: the kind, e.g. ``Deployment``.
        plural: the resource's name in addresses, e.g. ``deployments``.
        namespaced: whether its objects live in a namespace.
    """

    api_version: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the address of the collection, of one object or of an object's subresource."""
        parts = ["apis" if self.group else "api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(parts)


def _kinds() -> dict[tuple[str, str], Kind]:
    table = {
        "v1": ("Pod Service ConfigMap Secret ServiceAccount PersistentVolumeClaim LimitRange Event", "Namespace"),
        "apps/v1": ("Deployment StatefulSet DaemonSet ReplicaSet ControllerRevision", ""),
        "batch/v1": ("Job CronJob", ""),
        "autoscaling/v2": ("HorizontalPodAutoscaler", ""),
        "coordination.k8s.io/v1": ("Lease", ""),
        "discovery.k8s.io/v1": ("EndpointSlice", ""),
        "policy/v1": ("PodDisruptionBudget", ""),
        "rbac.authorization.k8s.io/v1": ("Role RoleBinding", "ClusterRole ClusterRoleBinding"),
        "apiextensions.k8s.io/v1": ("", "CustomResourceDefinition"),
        "argoproj.io/v1alpha1": ("Rollout AnalysisTemplate AnalysisRun Experiment", "ClusterAnalysisTemplate"),
    }
    found = [
        Kind(version, name, name.lower() + "s", namespaced)
        for version, kinds in table.items()
        for names, namespaced in zip(kinds, (True, False))
        for name in names.split()
    ]
    found += [
        Kind("v1", "ResourceQuota", "resourcequotas"),
        Kind("networking.k8s.io/v1", "Ingress", "ingresses"),
        Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
        Kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False),
        Kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", namespaced=False),
    ]
    return {(kind.api_version, kind.name): kind for kind in found}


# Known beforehand, so that the usual task asks the cluster for nothing before its first real request.
KNOWN = _kinds()

DEPLOYMENT = KNOWN["apps/v1", "Deployment"]
REPLICA_SET = KNOWN["apps/v1", "ReplicaSet"]
POD = KNOWN["v1", "Pod"]
SERVICE = KNOWN["v1", "Service"]
NAMESPACE = KNOWN["v1", "Namespace"]
INGRESS = KNOWN["networking.k8s.io/v1", "Ingress"]
ENDPOINT_SLICE = KNOWN["discovery.k8s.io/v1", "EndpointSlice"]
RESOURCE_QUOTA = KNOWN["v1", "ResourceQuota"]
HPA = KNOWN["autoscaling/v2", "HorizontalPodAutoscaler"]
ROLLOUT = KNOWN["argoproj.io/v1alpha1", "Rollout"]
ANALYSIS_RUN = KNOWN["argoproj.io/v1alpha1", "AnalysisRun"]
ANALYSIS_TEMPLATE = KNOWN["argoproj.io/v1alpha1", "AnalysisTemplate"]
CLUSTER_ANALYSIS_TEMPLATE = KNOWN["argoproj.io/v1alpha1", "ClusterAnalysisTemplate"]

# The order of an apply: what others need comes first. Everything inside one stage goes at the same time.
STAGES: tuple[frozenset[str], ...] = (
    frozenset({"Namespace", "CustomResourceDefinition", "PriorityClass"}),
    frozenset(
        {
            "ServiceAccount", "Role", "ClusterRole", "ConfigMap", "Secret", "ResourceQuota", "LimitRange",
            "PersistentVolumeClaim", "NetworkPolicy", "AnalysisTemplate", "ClusterAnalysisTemplate",
        }
    ),
    # Before the workloads: a Rollout whose Services or Ingress are missing is born with an InvalidSpec condition.
    # After the roles: who may not bind any role has to hold what this one grants, so it must be there.
    frozenset({"Service", "Ingress", "RoleBinding", "ClusterRoleBinding"}),
    frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job", "CronJob"}),
)  # fmt: skip


def stage_of(kind: str) -> int:
    """Return the stage of an apply in which objects of this kind go; unknown kinds go last."""
    for index, names in enumerate(STAGES):
        if kind in names:
            return index
    return len(STAGES)
