# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_migrations`: which services of a release have migrations to run first."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._release.plan import to_migrate

DOCUMENTATION = r"""
name: release_migrations
author: TradeSense Delivery contributors (@tradesense)
short_description: Names the services of a release that have migrations to run first
description:
  - Those are the services with C(migrations) in their entry whose workload does not have the image of the release yet.
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
- name: Say whose database will be migrated
  ansible.builtin.debug:
    msg: "{{ live.rollouts | tradesense.delivery.release_migrations(catalog) | join(', ') }}"
"""

RETURN = r"""
_value:
  description: Names of services, in the order of the catalog.
  type: list
  elements: str
  sample: ["user-service"]
"""


def release_migrations(rollouts: Any, targets: Any) -> list[str]:
    """Return the services; see DOCUMENTATION."""
    try:
        return to_migrate(rollouts, targets)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"release_migrations needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_migrations": release_migrations}
