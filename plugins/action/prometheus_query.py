# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module prometheus_query."""

from __future__ import annotations

from ..module_utils._analysis.operations import QUERY
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Run the query in Ansible's own worker."""

    operation = QUERY
