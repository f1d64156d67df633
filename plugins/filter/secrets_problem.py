# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `secrets_problem`: what is wrong with the secrets, as one sentence."""

from __future__ import annotations

from typing import Any

from ..module_utils._configuration.service import resolved
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: secrets_problem
author: TradeSense Delivery contributors (@tradesense)
short_description: Says what is wrong with Secrets or their values
version_added: 0.2.0
description:
  - Checks what filter P(tradesense.delivery.resolved_secrets#filter) would refuse, and returns the reason instead of
    failing. It names Secret and key, and never shows a value.
  - A role can so stop with one sentence before anything is sent.
positional: values
options:
  _input:
    description: Mapping of Secrets to keys to texts with placeholders.
    type: dict
    required: true
  values:
    description: Mapping of placeholders to values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Check the secrets
  vars:
    problem: "{{ tradesense_secrets | tradesense.delivery.secrets_problem(tradesense_secret_values) }}"
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
"""

RETURN = r"""
_value:
  description: The sentence, empty when nothing is wrong.
  type: str
  sample: ""
"""


def secrets_problem(definitions: object, values: object) -> str:
    """Return the problem; see DOCUMENTATION."""
    try:
        resolved(definitions, values)
    except DeliveryError as error:
        return error.sentence()
    return ""


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"secrets_problem": secrets_problem}
