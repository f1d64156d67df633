# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Action `look`: reads the objects of a namespace between two tasks of a play, past everything that is tested."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from tests.integration.support.cluster import Cluster


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Return the objects as they are now, by `Kind/name`."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        return {"changed": False, "objects": Cluster().space(str(self._task.args["namespace"])).everything()}
