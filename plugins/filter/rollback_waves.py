# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `rollback_waves`: what a rollback takes back, in which order."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.graph import waves
from ..module_utils._errors import DeliveryError
from ..module_utils._release.plan import rollback_waves as waves_of

DOCUMENTATION = r"""
name: rollback_waves
author: TradeSense Delivery contributors (@tradesense)
short_description: Says what a rollback takes back
description:
  - Names every rollout that the newest release changed, and any other that is in flight or aborted, in the reverse order of a release.
  - Names none when the newest release was taken back already, so that a second rollback does not go further back.
positional: catalog
options:
  _input:
    description: The rollouts, as M(tradesense.delivery.rollout_info) returns them.
    type: dict
    required: true
  catalog:
    description: The service catalog, as filter P(tradesense.delivery.catalog#filter) returns it; it gives order and names.
    type: dict
    required: true
  release:
    description: Take back exactly what this release changed.
    type: str
    default: ""
  services:
    description: Take back exactly these services.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Say what a rollback would take back
  ansible.builtin.debug:
    msg: "{{ live.rollouts | tradesense.delivery.rollback_waves(tradesense_services | tradesense.delivery.catalog) }}"
"""

RETURN = r"""
_value:
  description: Names of rollouts, wave by wave; what is to be taken back first stands first.
  type: list
  elements: list
  sample: [[tradesense-api-gateway], [tradesense-user-service]]
"""


def rollback_waves(rollouts: Any, catalog: Any, release: str = "", services: Any = ()) -> list[list[str]]:
    """Return the waves; see DOCUMENTATION."""
    try:
        ordered = [[str(catalog[service]["name"]) for service in wave] for wave in waves(catalog)]
        names = [str(catalog[name]["name"]) for wave in waves(catalog, services) for name in wave] if services else []
        return waves_of(rollouts, ordered, release=str(release), names=names)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"rollback_waves needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"rollback_waves": rollback_waves}
