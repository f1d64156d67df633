# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `secret_users`: whom the value of a placeholder reaches."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._configuration.rotation import touched
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: secret_users
author: TradeSense Delivery contributors (@tradesense)
short_description: Tells which Secrets and services a value reaches
version_added: 0.2.0
description:
  - Finds the keys of Secrets that hold a placeholder, and the services whose pods get one of these keys.
  - A placeholder that no Secret has is an error.
positional: secrets, placeholder
options:
  _input:
    description: The catalog, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  secrets:
    description: Mapping of Secrets to keys to texts with placeholders.
    type: dict
    required: true
  placeholder:
    description: Name of the placeholder, such as V(DB_PASSWORD).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show who would notice another database password
  ansible.builtin.debug:
    msg: >-
      {{ (tradesense_services | tradesense.delivery.catalog
          | tradesense.delivery.secret_users(tradesense_secrets, 'DB_PASSWORD')).released }}
"""

RETURN = r"""
_value:
  description:
    - C(keys), a mapping of Secrets to their keys with the placeholder.
    - C(released), the services that get one of them with a release, and C(stateful), those that a release leaves alone.
  type: dict
  sample:
    keys: {tradesense-auth-secrets: [JWT_SECRET_KEY]}
    released: [api-gateway, trading-service]
    stateful: []
"""


def secret_users(entries: Any, secrets: object, placeholder: object) -> dict[str, Any]:
    """Return whom it reaches; see DOCUMENTATION."""
    try:
        return dataclasses.asdict(touched(entries, secrets, str(placeholder)))
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"secret_users": secret_users}
