# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `in_flight`: whether a release is under way."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: in_flight
short_description: Whether a rollout's current revision is another than the stable one
version_added: 0.2.0
description:
  - A revision is live that is not promoted, or not yet. That is also so after an abort, until a good one takes its place.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Refuse to touch anything while a release is under way
  ansible.builtin.assert:
    that: status.rollouts.values() | select('tradesense.delivery.in_flight') | list | length == 0
"""

RETURN = r"""
_value:
  description: Whether something is in flight.
  type: boolean
  sample: true
"""


def in_flight(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("in_flight", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"in_flight": in_flight}
