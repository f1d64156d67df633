# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where requests really go. Pure functions. Private to this collection.

Read from what a router reads: Service selectors, the canary Ingress' weight, ready endpoints. The phase of a Rollout
was seen to be wrong in both directions.
"""

from __future__ import annotations

from .._types import Obj
from .model import Traffic
from .weights import percent

_HASH = "rollouts-pod-template-hash"
# The API server cuts a generated pod name's prefix to this length.
_PREFIX_LENGTH = 58


def traffic_of(
    rollout: Obj, services: list[Obj], ingresses: list[Obj], slices: list[Obj], hashes: list[str]
) -> Traffic:
    """Return where the requests for a Rollout go; unknown when it names no Service or the Services were not read."""
    strategy = (rollout.get("spec") or {}).get("strategy") or {}
    name = main_service(rollout)
    service = next((item for item in services if item["metadata"]["name"] == name), None)
    if service is None:
        return Traffic()
    main = str(((service.get("spec") or {}).get("selector") or {}).get(_HASH) or "")
    return Traffic(
        known=True,
        main=main,
        ready=_ready(rollout["metadata"]["name"], name, slices, hashes, main),
        weight=_weight(rollout, strategy.get("canary") or {}, ingresses),
    )


def main_service(rollout: Obj) -> str:
    """Return the name of the Service that carries production traffic, empty when the Rollout names none."""
    strategy = (rollout.get("spec") or {}).get("strategy") or {}
    name = (strategy.get("blueGreen") or {}).get("activeService") or (strategy.get("canary") or {}).get("stableService")
    return str(name or "")


def canary_ingress(rollout_name: str, stable_ingress: str) -> str:
    """Return the name of the canary Ingress that the controller makes; it cuts all but the ending to 253 characters."""
    ending = "-canary"
    return f"{rollout_name}-{stable_ingress}"[: 253 - len(ending)] + ending


def canary_ingresses(rollout: Obj) -> set[str]:
    """Return the names of the Ingresses that the controller makes for a Rollout's canary."""
    canary = ((rollout.get("spec") or {}).get("strategy") or {}).get("canary") or {}
    nginx = (canary.get("trafficRouting") or {}).get("nginx") or {}
    stable = [str(nginx["stableIngress"])] if nginx.get("stableIngress") else []
    stable += [str(item) for item in nginx.get("stableIngresses") or []]
    return {canary_ingress(rollout["metadata"]["name"], item) for item in stable}


def _weight(rollout: Obj, canary: Obj, ingresses: list[Obj]) -> float | None:
    nginx = (canary.get("trafficRouting") or {}).get("nginx") or {}
    if not nginx:
        return None
    prefix = str(nginx.get("annotationPrefix") or "nginx.ingress.kubernetes.io")
    wanted = canary_ingresses(rollout)
    told = [item["metadata"].get("annotations") or {} for item in ingresses if item["metadata"]["name"] in wanted]
    weights = [
        percent(int(notes.get(f"{prefix}/canary-weight") or 0), int(notes.get(f"{prefix}/canary-weight-total") or 100))
        for notes in told
    ]
    return max(weights, default=0)


def _ready(rollout: str, service: str, slices: list[Obj], hashes: list[str], main: str) -> dict[str, int]:
    found: dict[str, int] = {}
    if len({f"{rollout}-{name}-"[:_PREFIX_LENGTH] for name in hashes}) < len(hashes) and main:
        # The name is so long that its pods' names do not tell their revision: only the Service's selector does.
        hashes = [main]
    for item in slices:
        if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != service:
            continue
        for endpoint in item.get("endpoints") or []:
            # An absent condition counts as ready, says the API.
            if (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            pod = str((endpoint.get("targetRef") or {}).get("name") or "")
            for name in hashes:
                if pod.startswith(f"{rollout}-{name}-"[:_PREFIX_LENGTH]):
                    found[name] = found.get(name, 0) + 1
    return found
