# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_name`: the name of a release, new or resumed."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._release.plan import release_name as name_of
from ..module_utils._release.plan import targets_of

DOCUMENTATION = r"""
name: release_name
author: TradeSense Delivery contributors (@tradesense)
short_description: Names a release
description:
  - Names the release that a run resumes, when one of its services is still in flight with the version it is to run; else returns the new name.
positional: targets, new
options:
  _input:
    description: The rollouts, as M(tradesense.delivery.rollout_info) returns them.
    type: dict
    required: true
  targets:
    description: The catalog with the versions of the release, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  new:
    description: The name of a new release. Names sort by time.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Name the release
  ansible.builtin.debug:
    msg: "{{ live.rollouts | tradesense.delivery.release_name(catalog, '20261123T101502Z') }}"
"""

RETURN = r"""
_value:
  description: The name.
  type: str
  sample: 20261123T101502Z
"""


def release_name(rollouts: Any, targets: Any, new: str) -> str:
    """Return the name; see DOCUMENTATION."""
    try:
        return name_of(rollouts, targets_of(targets), str(new))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"release_name needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_name": release_name}
