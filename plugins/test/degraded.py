# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `degraded`: whether a rollout is degraded."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: degraded
short_description: Whether a rollout is degraded
version_added: 0.2.0
description:
  - >-
    The controller has given it up: it was aborted, its progress deadline passed, or its spec is not valid.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Take back what is degraded
  tradesense.delivery.rollout_undo:
    namespace: tradesense-production
    rollouts: [tradesense-trading-service]
  when: status.rollouts['tradesense-trading-service'] is tradesense.delivery.degraded
"""

RETURN = r"""
_value:
  description: Whether it is degraded.
  type: boolean
  sample: true
"""


def degraded(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("degraded", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"degraded": degraded}
