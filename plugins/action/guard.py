# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module guard."""

from __future__ import annotations

from ..module_utils._guarding.operation import GUARD
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Run the guard in Ansible's own worker."""

    operation = GUARD
