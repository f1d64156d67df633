# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `quota`: what a namespace may hold."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.normalise import complete
from ..module_utils._catalog.problems import Place, raise_if_any
from ..module_utils._catalog.quota import quota as limits
from ..module_utils._catalog.values import COUNT, SCOPE
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: quota
author: TradeSense Delivery contributors (@tradesense)
short_description: Sums up what a service catalog asks for
version_added: 0.2.0
description:
  - Returns the hard limits of a ResourceQuota. They are what the services of a catalog ask for at their most, so with as many pods
    as their autoscalers allow, times a factor.
positional: factor
options:
  _input:
    description: The catalog, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  factor:
    description: By what to multiply. V(2) leaves room for a release, during which there are old and new pods; V(0) is no quota.
    type: int
    default: 2
  scope:
    description: Whose services count, those of the environment or those for monitoring.
    type: str
    choices: [environment, monitoring]
    default: environment
"""

EXAMPLES = r"""
- name: Show what an environment takes at its most
  ansible.builtin.debug:
    msg: "{{ tradesense_services | tradesense.delivery.catalog | tradesense.delivery.quota(1) }}"
"""

RETURN = r"""
_value:
  description: Mapping of resources to quantities, empty when no service has a pod.
  type: dict
  sample:
    pods: "64"
    requests.cpu: "18"
    requests.memory: 36Gi
    limits.cpu: "36"
    limits.memory: 72Gi
    persistentvolumeclaims: "4"
    requests.storage: 40Gi
"""


def quota(entries: Any, factor: int = 2, scope: str = "environment") -> dict[str, str]:
    """Return the limits; see DOCUMENTATION."""
    found: list[str] = []
    COUNT.read(factor, Place("factor", found))
    SCOPE.read(scope, Place("scope", found))
    try:
        raise_if_any(found, "BadOption")
        return limits([entry for entry in complete(entries).values() if entry["scope"] == scope], factor)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"quota": quota}
