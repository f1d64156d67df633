# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `healthy`: whether a rollout is promoted and serves."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: healthy
short_description: Whether a rollout is promoted and serves
version_added: 0.2.0
description:
  - The revision is the stable one, the controller calls it V(Healthy), and all production traffic goes to its ready pods.
  - The same as state V(healthy) of M(tradesense.delivery.rollout_wait).
  - A module that does not look at traffic leaves that part out.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Go on only when everything is at rest
  ansible.builtin.assert:
    that: status is tradesense.delivery.healthy
"""

RETURN = r"""
_value:
  description: Whether it is healthy.
  type: boolean
  sample: true
"""


def healthy(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("healthy", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"healthy": healthy}
