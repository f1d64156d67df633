# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module notify."""

from __future__ import annotations

from ..module_utils._notify.operations import NOTIFY
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Tell the event from Ansible's own worker."""

    operation = NOTIFY
