# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What to read around the chosen workloads, and no more of it than needed. Pure functions. Private to this collection."""

from __future__ import annotations

import dataclasses

from .._kube.kinds import ANALYSIS_RUN, ENDPOINT_SLICE, INGRESS, POD, REPLICA_SET, SERVICE
from .._kube.watch import Selection
from .._types import Obj
from .choice import EVERYTHING, Need
from .finding import Found
from .traffic import canary_ingresses, main_service

# A selector longer than this costs more than it saves.
_MOST_NAMES = 20


def around(found: Found, namespace: str, need: Need) -> list[Selection]:
    """Return the selections of everything a verb looks at beside the workloads themselves."""
    if Need.SWITCHES in need and any("blueGreen" in _strategy(item) for item in found.rollouts):
        need |= EVERYTHING
    labels = _pod_labels([*found.rollouts, *found.deployments])
    selections: list[Selection] = []
    if Need.REVISIONS in need:
        selections.append(Selection(REPLICA_SET, namespace, labels))
    if Need.PODS in need:
        selections.append(Selection(POD, namespace, labels))
    if found.rollouts and Need.ANALYSIS in need:
        selections.append(Selection(ANALYSIS_RUN, namespace))
    if found.rollouts and Need.TRAFFIC in need:
        selections += _traffic(found.rollouts, namespace)
    return [dataclasses.replace(selection, live=Need.FOLLOWED in need) for selection in selections]


def _pod_labels(workloads: list[Obj]) -> str | None:
    """Return the label selector of the only workload; those of several cannot be joined into one."""
    if len(workloads) != 1:
        return None
    selector = (workloads[0].get("spec") or {}).get("selector") or {}
    if selector.get("matchExpressions"):
        return None
    return ",".join(f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()) or None


def _traffic(rollouts: list[Obj], namespace: str) -> list[Selection]:
    services = sorted({main_service(item) for item in rollouts} - {""})
    ingresses = sorted({name for item in rollouts for name in canary_ingresses(item)})
    selections: list[Selection] = []
    if services:
        chosen = f"kubernetes.io/service-name in ({','.join(services)})" if len(services) <= _MOST_NAMES else None
        selections += [
            Selection(SERVICE, namespace, fields=_by_name(services)),
            Selection(ENDPOINT_SLICE, namespace, chosen),
        ]
    if ingresses:
        selections.append(Selection(INGRESS, namespace, fields=_by_name(ingresses)))
    return selections


def _by_name(names: list[str]) -> str | None:
    return f"metadata.name={names[0]}" if len(names) == 1 else None


def _strategy(rollout: Obj) -> Obj:
    return dict((rollout.get("spec") or {}).get("strategy") or {})
