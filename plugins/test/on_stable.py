# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `on_stable`: whether the traffic goes to the stable revision."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: on_stable
short_description: Whether all production traffic goes to the stable revision
version_added: 0.2.0
description:
  - Read from Service selectors, the canary Ingress and ready endpoints, not from the phase. Enough stable pods have to be ready.
  - Where it is not known, because the module did not look at traffic, this is an error.
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Check that an abort is over
  ansible.builtin.assert:
    that: status is tradesense.delivery.on_stable
"""

RETURN = r"""
_value:
  description: Whether it is on the stable revision.
  type: boolean
  sample: true
"""


def on_stable(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("on_stable", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"on_stable": on_stable}
