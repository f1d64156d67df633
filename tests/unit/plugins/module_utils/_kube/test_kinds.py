# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds, their addresses and the order of an apply."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import (
    KNOWN,
    NAMESPACE,
    ROLLOUT,
    STAGES,
    Kind,
    stage_of,
)


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "subresource", "expected"),
    [
        (ROLLOUT, "team", None, None, "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts"),
        (ROLLOUT, "team", "web", None, "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts/web"),
        (ROLLOUT, "team", "web", "status", "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts/web/status"),
        (ROLLOUT, None, None, None, "/apis/argoproj.io/v1alpha1/rollouts"),
        (KNOWN["v1", "Pod"], "team", "a", None, "/api/v1/namespaces/team/pods/a"),
        (NAMESPACE, None, "team", None, "/api/v1/namespaces/team"),
        (NAMESPACE, "team", "team", None, "/api/v1/namespaces/team"),
    ],
)
def test_addresses(kind: Kind, namespace: str | None, name: str | None, subresource: str | None, expected: str) -> None:
    assert kind.path(namespace, name, subresource) == expected


@pytest.mark.parametrize(
    ("key", "plural"),
    [
        (("networking.k8s.io/v1", "Ingress"), "ingresses"),
        (("networking.k8s.io/v1", "NetworkPolicy"), "networkpolicies"),
        (("networking.k8s.io/v1", "IngressClass"), "ingressclasses"),
        (("scheduling.k8s.io/v1", "PriorityClass"), "priorityclasses"),
        (("discovery.k8s.io/v1", "EndpointSlice"), "endpointslices"),
        (("autoscaling/v2", "HorizontalPodAutoscaler"), "horizontalpodautoscalers"),
        (("policy/v1", "PodDisruptionBudget"), "poddisruptionbudgets"),
        (("v1", "ResourceQuota"), "resourcequotas"),
    ],
)
def test_plurals(key: tuple[str, str], plural: str) -> None:
    assert KNOWN[key].plural == plural


def test_known_kinds_are_filed_under_their_own_name() -> None:
    assert all(key == (kind.api_version, kind.name) for key, kind in KNOWN.items())
    cluster_wide = {kind.name for kind in KNOWN.values() if not kind.namespaced}
    assert cluster_wide == {
        "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "ClusterAnalysisTemplate",
        "IngressClass", "PriorityClass",
    }  # fmt: skip


def test_groups() -> None:
    assert NAMESPACE.group == ""
    assert ROLLOUT.group == "argoproj.io"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("Namespace", "ServiceAccount"),
        ("CustomResourceDefinition", "AnalysisTemplate"),
        ("ConfigMap", "Deployment"),
        ("Secret", "Rollout"),
        ("AnalysisTemplate", "Rollout"),
        # A Rollout whose Services or Ingress are missing is born with an InvalidSpec condition.
        ("Service", "Rollout"),
        ("Ingress", "Rollout"),
        # A scaler without its workload would report an error at once.
        ("Rollout", "HorizontalPodAutoscaler"),
        ("Deployment", "SomethingUnknown"),
    ],
)
def test_what_others_need_goes_first(first: str, then: str) -> None:
    assert stage_of(first) < stage_of(then)


def test_no_kind_stands_in_two_stages() -> None:
    names = [name for stage in STAGES for name in stage]
    assert len(names) == len(set(names))
