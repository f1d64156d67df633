# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_obstacles`: why a release must not start now."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._release.plan import obstacles, targets_of

DOCUMENTATION = r"""
name: release_obstacles
author: TradeSense Delivery contributors (@tradesense)
short_description: Says why a release must not start now
description:
  - Compares what is live with what is to be released.
  - A service in flight with another version is an obstacle, and so is one that does not exist. One in flight with the same version is not, because
    the release is resumed then.
  - A version that the guard took back is an obstacle too, unless it is to be released again on purpose.
positional: targets, again
options:
  _input:
    description: The rollouts, as M(tradesense.delivery.rollout_info) returns them.
    type: dict
    required: true
  targets:
    description: The catalog with the versions of the release, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  again:
    description: Whether what the guard took back may be released again.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse to start over another release
  ansible.builtin.assert:
    that: (live.rollouts | tradesense.delivery.release_obstacles(catalog)) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each obstacle; none when the release may start.
  type: list
  elements: str
  sample: ["api-gateway: another release is in flight"]
"""


def release_obstacles(rollouts: Any, targets: Any, again: Any = False) -> list[str]:
    """Return the obstacles; see DOCUMENTATION."""
    try:
        return obstacles(rollouts, targets_of(targets), again=bool(again))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"release_obstacles needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_obstacles": release_obstacles}
