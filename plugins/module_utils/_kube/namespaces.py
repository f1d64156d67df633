# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a namespace is there. Private: other collections must not import it."""

from __future__ import annotations

from .._errors import DeliveryError
from .client import Kube
from .failures import ApiFailure
from .kinds import NAMESPACE


def check_namespace(kube: Kube, namespace: str) -> None:
    """Raise DeliveryError when a namespace does not exist: lists of it are empty then, and say nothing.

    Whoever may not read namespaces is not told.
    """
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
