# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module analysis_run."""

from __future__ import annotations

from ..module_utils._analysis_runs.operations import RUN
from ..plugin_utils._action import DeliveryAction


class ActionModule(DeliveryAction):
    """Run the verb in Ansible's own worker."""

    operation = RUN
