# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How many requests there are, and which pods get them, asked of the sandbox's simulator."""

from __future__ import annotations

from collections import Counter

import requests


def set_load(simulator: str, namespace: str, rps: int | None, *, ingress: str = "") -> None:
    """Set the requests a second that every Ingress of a namespace (or one) gets; None goes back to what is there without."""
    rule = {"kind": "Ingress", "namespace": namespace, "rps": rps, **({"name": ingress} if ingress else {})}
    _session().put(f"{simulator}/load", json=rule, timeout=10).raise_for_status()


def requests_by_image(simulator: str, namespace: str, app: str) -> Counter[str]:
    """Return the requests that pods of an app got so far, by image."""
    answer = _session().get(f"{simulator}/counts", params={"namespace": namespace, "app": app}, timeout=10)
    answer.raise_for_status()
    found: Counter[str] = Counter()
    for row in answer.json():
        found[str(row["image"])] += int(row["requests"])
    return found


def unserved(simulator: str, namespace: str) -> int:
    """Return how many requests to the Ingresses of a namespace found no pod so far."""
    answer = _session().get(f"{simulator}/entrypoints", timeout=10)
    answer.raise_for_status()
    rows = [row for row in answer.json() if row["namespace"] == namespace and row["kind"] == "Ingress"]
    return sum(int(row["unserved"]) for row in rows)


def _session() -> requests.Session:
    session = requests.Session()
    # No proxy of this machine's environment.
    session.trust_env = False
    return session
