# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The in-process twin of the module migrate; it also renders templates, which only the controller can."""

from __future__ import annotations

from typing import Any

from ..module_utils._migration.operation import MIGRATE
from ..plugin_utils._action import DeliveryAction, render_templates


class ActionModule(DeliveryAction):
    """Run the verb in Ansible's own worker."""

    operation = MIGRATE

    def _prepare(self, task_vars: dict[str, Any]) -> None:
        names = self._task.args.pop("template", None)
        if names:
            given = self._task.args.pop("definitions", None) or self._task.args.pop("definition", None)
            texts = render_templates(self, [names] if isinstance(names, str) else names, task_vars)
            self._task.args["definitions"] = [*texts, *([given] if given else [])]
