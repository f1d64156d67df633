# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `aborted`: whether a revision was aborted."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: aborted
short_description: Whether a rollout's current revision was aborted
version_added: 0.2.0
description:
  - By somebody or by the controller.
  - P(tradesense.delivery.on_stable#test) tells whether its traffic is back on the stable revision.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Say that a release was stopped
  ansible.builtin.debug:
    msg: "{{ rollout.message }}"
  when: rollout is tradesense.delivery.aborted
"""

RETURN = r"""
_value:
  description: Whether it was aborted.
  type: boolean
  sample: true
"""


def aborted(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("aborted", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"aborted": aborted}
