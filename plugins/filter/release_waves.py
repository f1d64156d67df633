# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_waves`: the order in which services are released."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.graph import waves
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: release_waves
author: TradeSense Delivery contributors (@tradesense)
short_description: Groups services into the waves of a release
description:
  - Puts services into waves by the key C(after) of their entries. The services of a wave are released at the same time.
  - The order also holds between two services when the one that connects them is not selected.
  - A circle and an unknown service are errors that name them.
positional: selected
options:
  _input:
    description: The catalog, as written in the inventory or as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  selected:
    description: The services to release. The default is all of them.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Show the waves of a release of everything
  ansible.builtin.debug:
    msg: "{{ tradesense_services | tradesense.delivery.release_waves }}"
"""

RETURN = r"""
_value:
  description: The waves, each a list of services. No wave is empty.
  type: list
  elements: list
  sample: [["user-service"], ["api-gateway", "trading-service"]]
"""


def release_waves(services: object, selected: object = None) -> list[list[str]]:
    """Return the waves; see DOCUMENTATION."""
    try:
        return waves(services, selected)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_waves": release_waves}
