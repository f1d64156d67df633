# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `paused`: whether a rollout is paused."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: paused
short_description: Whether a rollout is paused
version_added: 0.2.0
description:
  - By a step, by the controller before a promotion, by an analysis without a verdict, or by hand.
  - The field C(pause_reasons) says which.
  - Only P(tradesense.delivery.promotable#test) means that a promotion is all it waits for.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Say why it is paused
  ansible.builtin.debug:
    msg: "{{ rollout.pause_reasons | join(', ') }}"
  when: rollout is tradesense.delivery.paused
"""

RETURN = r"""
_value:
  description: Whether it is paused.
  type: boolean
  sample: true
"""


def paused(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("paused", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"paused": paused}
