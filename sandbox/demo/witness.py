# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Look at the cluster and the traffic without the collection: a witness of its own for what the demo claims."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from typing import Any, cast

from tools.errors import ToolError

NAMESPACE = "tradesense-development"
_HASH = "rollouts-pod-template-hash"


@dataclass(frozen=True)
class Witness:
    """Where to look: kubectl, the sandbox's kubeconfig and the simulator."""

    kubectl: str
    kubeconfig: str
    simulator: str

    def image(self, rollout: str) -> str:
        """Return the image of a Rollout's pod template, empty when it does not exist."""
        found = self._objects("rollouts.argoproj.io", rollout)
        return str(found[0]["spec"]["template"]["spec"]["containers"][0]["image"]) if found else ""

    def stable_serves_all(
        self, rollout: str, ingress: str, service: str, image: str, seconds: float = 3.0
    ) -> list[str]:
        """Return the evidence that only pods of ``image`` serve, read from three places.

        The canary Ingress' weight, the ReplicaSet that the stable Service selects, and the requests the simulator counts
        during ``seconds``.

        Raises ToolError when one of them says otherwise.
        """
        weight = self._weight(f"{rollout}-{ingress}-canary")
        if weight != 0:
            raise ToolError(f"{rollout}: the canary Ingress still has weight {weight}")
        serving = str(self._objects("services", service)[0]["spec"]["selector"].get(_HASH, ""))
        sets = {str(item["metadata"]["labels"][_HASH]): item for item in self._replica_sets(rollout)}
        if serving not in sets or _image(sets[serving]) != image:
            raise ToolError(f"{rollout}: Service {service} selects {serving}, which does not run {image}")
        ready, wanted = int(sets[serving]["status"].get("readyReplicas", 0)), int(sets[serving]["spec"]["replicas"])
        if not ready or ready != wanted:
            raise ToolError(f"{rollout}: only {ready} of {wanted} pods of {serving} are ready")
        counts = self._requests_during(ingress, seconds)
        others = {name: count for name, count in counts.items() if name != serving and count}
        if others or not counts.get(serving):
            raise ToolError(f"{rollout}: requests went to {counts or 'nobody'} instead of only to {serving}")
        return [
            f"Ingress {rollout}-{ingress}-canary: weight 0",
            f"ReplicaSet {rollout}-{serving} ({image}): {ready} of {wanted} pods ready, selected by Service {service}",
            f"simulator: {counts[serving]} requests in {seconds:g} s, all of them to {serving}",
        ]

    def _weight(self, name: str) -> int:
        found = self._objects("ingresses", name)
        return int(found[0]["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"]) if found else 0

    def _requests_during(self, ingress: str, seconds: float) -> dict[str, int]:
        before = self._served(ingress)
        time.sleep(seconds)
        after = self._served(ingress)
        return {name: count - before.get(name, 0) for name, count in after.items()}

    def _served(self, ingress: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.simulator}/entrypoints", timeout=10) as answer:  # noqa: S310 - loopback
            points = json.load(answer)
        for point in points:
            if point["namespace"] == NAMESPACE and point["name"] == ingress:
                return cast("dict[str, int]", point["by_hash"])
        raise ToolError(f"the simulator knows no entry point {ingress}")

    def _replica_sets(self, rollout: str) -> list[dict[str, Any]]:
        return [
            item
            for item in self._objects("replicasets")
            if any(owner["name"] == rollout for owner in item["metadata"].get("ownerReferences", []))
        ]

    def _objects(self, resource: str, *names: str) -> list[dict[str, Any]]:
        command = [self.kubectl, "--kubeconfig", self.kubeconfig, "-n", NAMESPACE, "get", resource, *names]
        ran = subprocess.run(
            [*command, "--ignore-not-found", "-o", "json"], capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise ToolError(f"kubectl get {resource} failed: {ran.stderr.strip()}")
        found = json.loads(ran.stdout or "{}")
        return cast("list[dict[str, Any]]", found.get("items", [found] if found else []))


def _image(replica_set: dict[str, Any]) -> str:
    return str(replica_set["spec"]["template"]["spec"]["containers"][0]["image"])
