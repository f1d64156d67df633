# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `network_policies`: who may talk to whom."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.normalise import complete
from ..module_utils._catalog.outside import read_settings
from ..module_utils._catalog.policies import policies
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: network_policies
author: TradeSense Delivery contributors (@tradesense)
short_description: Makes the NetworkPolicies of a service catalog
version_added: 0.2.0
description:
  - Returns the NetworkPolicies that close an environment's namespace and open what its catalog needs, and nothing else.
  - A service reaches those that C(after) and C(uses) of its entry name, on the ports of their containers, and the addresses
    that C(egress) lists.
  - Policies of the monitoring namespace, which environments share, are the same for each of them, or have the environment's
    namespace in their name. There are none when nothing of the catalog lives there.
positional: settings
options:
  _input:
    description: The catalog, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  settings:
    description:
      - What the catalog does not know, a mapping with C(namespace), C(monitoring_namespace), C(ingress_namespace),
        C(router_labels), C(routes), C(dns), C(prometheus_clients), C(api_server) and C(private_ranges).
      - The README of role C(network) describes them as its variables C(network_*).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which policies there are
  ansible.builtin.debug:
    msg: >-
      {{ tradesense_services | tradesense.delivery.catalog
         | tradesense.delivery.network_policies(settings) | map(attribute='name') }}
"""

RETURN = r"""
_value:
  description: A list of mappings with C(name), C(namespace), C(labels) and C(spec), as Kubernetes writes it.
  type: list
  elements: dict
"""


def network_policies(entries: Any, settings: object) -> list[dict[str, Any]]:
    """Return the policies; see DOCUMENTATION."""
    try:
        return [dict(policy) for policy in policies(complete(entries), read_settings(settings))]
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"network_policies": network_policies}
