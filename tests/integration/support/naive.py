# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The requests that fall into the traps: the real kubectl plugin of Argo Rollouts, plain kubectl, and nothing added."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import image
from tests.integration.support.sandbox import Sandbox

# A plugin that waits for what never comes would wait for ever.
_LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Naive:
    """What people type today, in one namespace. Each verb returns what was printed; all but `fails` have to return 0."""

    sandbox: Sandbox
    space: Space

    def promote(self, name: str, *, full: bool = False) -> str:
        """Type `kubectl argo rollouts promote [--full] NAME`: a merge patch of the status, without a resourceVersion."""
        return self.plugin("promote", name, *(["--full"] if full else []))

    def pause(self, name: str) -> str:
        """Type `kubectl argo rollouts pause NAME`: `spec.paused`; there is no verb to take it back but `promote`."""
        return self.plugin("pause", name)

    def abort(self, name: str) -> str:
        """Type `kubectl argo rollouts abort NAME`: `status.abort`, and it is over with the answer of the API server."""
        return self.plugin("abort", name)

    def retry(self, name: str) -> str:
        """Type `kubectl argo rollouts retry rollout NAME`: `status.abort` goes."""
        return self.plugin("retry", "rollout", name)

    def undo(self, name: str) -> str:
        """Type `kubectl argo rollouts undo NAME`: the template of the second highest revision, as its ReplicaSet has it."""
        return self.plugin("undo", name)

    def terminate(self, run: str) -> str:
        """Type `kubectl argo rollouts terminate analysisrun RUN`: `spec.terminate`."""
        return self.plugin("terminate", "analysisrun", run)

    def status(self, name: str) -> str:
        """Type `kubectl argo rollouts status --watch=false NAME`, whatever it returns."""
        return _run(self._plugin("status", name, "--watch=false")).stdout.strip()

    def fails(self, *arguments: str) -> str:
        """Type `kubectl argo rollouts ...`, which has to fail; return its error."""
        done = _run(self._plugin(*arguments))
        assert done.returncode, done.stdout
        return done.stderr.strip()

    def plugin(self, *arguments: str) -> str:
        """Type `kubectl argo rollouts ...`."""
        return _checked(_run(self._plugin(*arguments)))

    def set_image(self, name: str, tag: str, *, kind: str = "Rollout") -> None:
        """Write another image into the template, as `kubectl argo rollouts set image` does, and look at nothing."""
        change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image(tag)}]
        self.space.patch(kind, name, change, how="json", fieldManager="somebody-else")

    def apply(self, *manifests: Obj) -> str:
        """Type `kubectl apply --server-side --force-conflicts`, as the manifests say on how to solve a conflict."""
        return self._kubectl(["apply", "--server-side", "--force-conflicts", "--filename", "-"], manifests)

    def scale(self, kind: str, name: str, replicas: int) -> str:
        """Type `kubectl scale`."""
        return self._kubectl(["scale", f"{kind.lower()}/{name}", f"--replicas={replicas}"])

    def _plugin(self, *arguments: str) -> list[str]:
        return [str(self.sandbox.argo_plugin), "--namespace", self.space.name, *arguments]

    def _kubectl(self, arguments: Sequence[str], manifests: Sequence[Obj] = ()) -> str:
        command: list[str | Path] = [self.sandbox.kubectl, "--namespace", self.space.name, *arguments]
        return _checked(_run(command, json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})))


def _run(command: Sequence[str | Path], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), input=text, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
    )


def _checked(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args} returned {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout.strip()
