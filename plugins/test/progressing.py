# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `progressing`: whether a rollout is on its way."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: progressing
short_description: Whether a rollout is on its way
version_added: 0.2.0
description:
  - The controller works on it, or has not yet taken notice of what it was told.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Name the rollouts that are on their way
  ansible.builtin.debug:
    msg: "{{ status.rollouts | dict2items | selectattr('value', 'tradesense.delivery.progressing') | map(attribute='key') }}"
"""

RETURN = r"""
_value:
  description: Whether it is progressing.
  type: boolean
  sample: true
"""


def progressing(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("progressing", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"progressing": progressing}
