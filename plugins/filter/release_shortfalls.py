# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_shortfalls`: which services are not where a release was to bring them."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._release.plan import shortfalls, targets_of

DOCUMENTATION = r"""
name: release_shortfalls
author: TradeSense Delivery contributors (@tradesense)
short_description: Says which services are not where a release was to bring them
description:
  - Compares what is live with what was to be released. A service is there when it is healthy, promoted and runs the image of its version.
positional: targets
options:
  _input:
    description: The rollouts, as M(tradesense.delivery.rollout_info) returns them.
    type: dict
    required: true
  targets:
    description: The catalog with the versions of the release, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Check that everything got there
  ansible.builtin.assert:
    that: (live.rollouts | tradesense.delivery.release_shortfalls(catalog)) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each service that is not there; none when all are.
  type: list
  elements: str
  sample: ["api-gateway is Degraded"]
"""


def release_shortfalls(rollouts: Any, targets: Any) -> list[str]:
    """Return the shortfalls; see DOCUMENTATION."""
    try:
        return shortfalls(rollouts, targets_of(targets))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"release_shortfalls needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_shortfalls": release_shortfalls}
