# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `unexpected_secret_changes`: what would change besides the key that is rotated."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._configuration.rotation import unexpected

DOCUMENTATION = r"""
name: unexpected_secret_changes
author: TradeSense Delivery contributors (@tradesense)
short_description: Tells which keys of Secrets would change besides the expected ones
version_added: 0.2.0
description:
  - Compares what an apply in check mode says it would change with the keys that are meant to change.
positional: expected
options:
  _input:
    description: RV(tradesense.delivery.apply#module:objects) of an apply of Secrets.
    type: list
    elements: dict
    required: true
  expected:
    description: Mapping of Secrets to keys that may change, as C(keys) of filter P(tradesense.delivery.secret_users#filter).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Change nothing else by the way
  ansible.builtin.assert:
    that: (check.objects | tradesense.delivery.unexpected_secret_changes(users.keys)) | length == 0
"""

RETURN = r"""
_value:
  description: The other keys, each with its Secret.
  type: list
  elements: str
  sample: [tradesense-db-credentials.DB_USERNAME]
"""


def unexpected_secret_changes(objects: Any, expected: Any) -> list[str]:
    """Return the keys; see DOCUMENTATION."""
    try:
        return unexpected(list(objects), expected)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"unexpected_secret_changes needs the objects of an apply: {error!r}") from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"unexpected_secret_changes": unexpected_secret_changes}
