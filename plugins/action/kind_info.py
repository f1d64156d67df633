# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module kind_info."""

from __future__ import annotations

from ..module_utils._kube.serving import KIND_INFO
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Run the verb in Ansible's own worker."""

    operation = KIND_INFO
