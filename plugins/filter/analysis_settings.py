# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `analysis_settings`: checks the numbers of the analysis templates."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.analysis import settings
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: analysis_settings
author: TradeSense Delivery contributors (@tradesense)
short_description: Fills in and checks the settings of analysis runs
description:
  - Lays an environment's settings over the general ones and checks each number.
  - Argo Rollouts accepts some settings with which a run cannot fail, and refuses others only when a release needs them.
    Both are errors here.
positional: overrides
options:
  _input:
    description:
      - Mapping with C(success_rate), C(canary) and C(orders), each a mapping of settings.
      - The README of role C(analysis) lists the settings.
    type: dict
    required: true
  overrides:
    description: Mapping of the same shape with the settings that differ.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the settings of the canary analysis with a shorter interval
  ansible.builtin.debug:
    msg: "{{ (general | tradesense.delivery.analysis_settings({'canary': {'interval': '30s'}})).canary }}"
  vars:
    general:
      success_rate: "{{ analysis_success_rate }}"
      canary: "{{ analysis_canary }}"
      orders: "{{ analysis_orders }}"
"""

RETURN = r"""
_value:
  description: Mapping of the same shape as the input, complete.
  type: dict
"""


def analysis_settings(base: object, overrides: object = None) -> dict[str, Any]:
    """Return the complete settings; see DOCUMENTATION."""
    try:
        return dict(settings(base, overrides))
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"analysis_settings": analysis_settings}
