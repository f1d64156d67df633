# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Action `bench_bare`: reads one Rollout with the Kubernetes library, and does nothing else. For the benchmark only."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.action import ActionBase
from kubernetes import client, config


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """The least that a task in a worker can do which needs the cluster: nothing checked, looked up or awaited."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Read the Rollout `name` in `namespace`."""
        super().run(tmp, task_vars)
        api = client.CustomObjectsApi(config.new_client_from_config(config_file=os.environ["KUBECONFIG"]))
        where = str(self._task.args["namespace"])
        found = api.get_namespaced_custom_object("argoproj.io", "v1alpha1", where, "rollouts", self._task.args["name"])
        return {"changed": False, "phase": found["status"]["phase"]}
