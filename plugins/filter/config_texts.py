# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `config_texts`: the values of a configuration as a ConfigMap holds them."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.problems import raise_if_any
from ..module_utils._configuration.service import read_config
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: config_texts
author: TradeSense Delivery contributors (@tradesense)
short_description: Turns the values of a configuration into texts
version_added: 0.2.0
description:
  - A ConfigMap holds texts only. Numbers become texts, and true and false become V(true) and V(false).
  - A key that no environment variable can have, a list, a mapping and a missing value are errors that name the key.
options:
  _input:
    description: Mapping of keys to values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show a configuration as pods see it
  ansible.builtin.debug:
    msg: "{{ {'DEBUG': false, 'DB_POOL_SIZE': 20} | tradesense.delivery.config_texts }}"
"""

RETURN = r"""
_value:
  description: Mapping of keys to texts.
  type: dict
  sample: {DEBUG: "false", DB_POOL_SIZE: "20"}
"""


def config_texts(data: object) -> dict[str, str]:
    """Return the texts; see DOCUMENTATION."""
    found: list[str] = []
    texts = read_config(data, found)
    try:
        raise_if_any(found, "BadConfiguration")
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    return texts


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"config_texts": config_texts}
