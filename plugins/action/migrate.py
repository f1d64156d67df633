# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module migrate; it also renders templates, which only the controller can."""

from __future__ import annotations

from ..module_utils._migration.operation import MIGRATE
from ..plugin_utils._templates import TemplatingAction


class ActionModule(TemplatingAction):
    """Run the verb in Ansible's own worker."""

    operation = MIGRATE
