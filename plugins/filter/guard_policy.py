# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `guard_policy`: the policy of an environment, checked before a guard runs by it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: guard_policy
author: TradeSense Delivery contributors (@tradesense)
short_description: Checks the policy of the guard
version_added: 0.2.0
description:
  - Lays what an environment changes over the policy of the guard, checks every key of it and returns the two as one.
  - Defaults are not filled in, so the result is as short as what people wrote.
positional: overrides, mode
options:
  _input:
    description: The policy, as docs/guard-policy.md of the collection describes it.
    type: dict
    required: true
  overrides:
    description: What an environment lays over it, key by key. Null takes a key away, so that its default applies.
    type: dict
    default: {}
  mode:
    description: The mode for all services, whatever the policy says. The empty one leaves it as it is.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Guard what is on its way, and touch nothing
  tradesense.delivery.guard:
    namespace: tradesense-production
    policy: "{{ tradesense_guard_policy | tradesense.delivery.guard_policy(mode='dry_run') }}"
"""

RETURN = r"""
_value:
  description: The policy, to be given to M(tradesense.delivery.guard).
  type: dict
"""


def guard_policy(written: object, overrides: object = None, mode: str = "") -> dict[str, Any]:
    """Return the policy; see DOCUMENTATION."""
    # Every task that uses any filter loads this file, and the guard is the largest part of the collection.
    from ..module_utils._guard.policy_reading import one_policy

    try:
        return one_policy(written, overrides, mode)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"guard_policy": guard_policy}
