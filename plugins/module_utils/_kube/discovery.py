# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds that are not known beforehand: one request per group version, when first needed.

Private: other collections must not import it.
"""

from __future__ import annotations

from collections.abc import Callable

from .._types import Obj
from .failures import ApiFailure
from .kinds import Kind


def discover(read: Callable[[str], Obj], api_version: str) -> dict[tuple[str, str], Kind]:
    """Return the kinds of one group version, empty when the cluster does not serve it.

    Args:
        read: reads an address and returns the decoded answer.
        api_version: e.g. ``route.openshift.io/v1``.
    """
    if not api_version:
        return {}
    try:
        answer = read(f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}")
    except ApiFailure as failure:
        if failure.code == 404:
            return {}
        raise
    return {
        (api_version, str(entry["kind"])): Kind(
            api_version, str(entry["kind"]), str(entry["name"]), bool(entry["namespaced"])
        )
        for entry in answer.get("resources") or []
        # Subresources are listed too, as "pods/log".
        if "/" not in str(entry["name"])
    }
