# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `resolved_secrets`: Secrets with their placeholders filled in."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._configuration.service import resolved
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: resolved_secrets
author: TradeSense Delivery contributors (@tradesense)
short_description: Fills in the placeholders of Secrets
version_added: 0.2.0
description:
  - Puts values in the place of placeholders such as C(${DB_PASSWORD}), for every key of every Secret.
  - A placeholder without a value, an empty value and an example such as V(changeme) are errors, which name Secret and key
    and never show a value.
  - The result holds the secrets. Use it in a template of M(tradesense.delivery.apply), and never show or keep it.
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
- name: Tell the keys of a Secret, without the values
  ansible.builtin.debug:
    msg: "{{ (tradesense_secrets | tradesense.delivery.resolved_secrets(tradesense_secret_values))['tradesense-auth-secrets'].keys() }}"
"""

RETURN = r"""
_value:
  description: Mapping of Secrets to keys to values.
  type: dict
"""


def resolved_secrets(definitions: object, values: object) -> dict[str, Any]:
    """Return the Secrets; see DOCUMENTATION."""
    try:
        return dict(resolved(definitions, values))
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"resolved_secrets": resolved_secrets}
