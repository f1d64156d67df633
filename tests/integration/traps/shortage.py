# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A namespace in which nothing starts any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.support.cluster import Space


@contextmanager
def no_more_pods(space: Space) -> Iterator[None]:
    """Let nothing start any more: what takes a while elsewhere would be over in a moment here."""
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"api/v1/namespaces/{space.name}/resourcequotas"
    space.cluster.request("POST", path, quota)
    space.until(
        lambda: space.cluster.request("GET", f"{path}/none").get("status", {}).get("hard"), "the quota in force"
    )
    try:
        yield
    finally:
        space.cluster.request("DELETE", f"{path}/none")
