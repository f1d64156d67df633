# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module guard_backtest."""

from __future__ import annotations

from ..module_utils._backtest.operation import BACKTEST
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Replay a release in Ansible's own worker."""

    operation = BACKTEST
