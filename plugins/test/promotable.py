# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Test `promotable`: whether a rollout waits for a promotion."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._rollouts.answers import holds

DOCUMENTATION = r"""
name: promotable
short_description: Whether a rollout waits for a promotion
version_added: 0.2.0
description:
  - It stands in a pause that only a promotion ends, and M(tradesense.delivery.rollout_promote) would take it.
  - A blue-green is so when its pre-promotion analysis succeeded.
  - A pause with a duration ends by itself, so a canary in one is not promotable, although it can be promoted too.
  - The same as state V(ready_for_promotion) of M(tradesense.delivery.rollout_wait).
extends_documentation_fragment:
  - tradesense.delivery.rollout_question
"""

EXAMPLES = r"""
- name: Promote what waits for it
  tradesense.delivery.rollout_promote:
    namespace: tradesense-production
    rollouts: "{{ waiting }}"
  when: waiting | length > 0
  vars:
    entries: "{{ status.rollouts | dict2items }}"
    waiting: "{{ entries | selectattr('value', 'tradesense.delivery.promotable') | map(attribute='key') | list }}"
"""

RETURN = r"""
_value:
  description: Whether it is promotable.
  type: boolean
  sample: true
"""


def promotable(rollouts: object) -> bool:
    """Return whether it is; see DOCUMENTATION."""
    try:
        return holds("promotable", rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class TestModule:
    """What Ansible looks for in a file of tests."""

    def tests(self) -> dict[str, Any]:
        """Return the tests by name."""
        return {"promotable": promotable}
