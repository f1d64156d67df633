# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard on releases of the sandbox: how it is run, what it keeps, and what the simulator counted without Prometheus."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.operation import GUARD
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Call, Operation
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.operations.verbs import SET_IMAGE

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, image, routed, weight
from tests.integration.support.plays import Ansible, Data, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import reach, release, start, status, taken

NAME = "tradesense-trading"
INGRESS = f"{NAME}-{NAME}-canary"
# The sandbox is scraped every second. In production a window has 30 seconds.
POLICY: Obj = {
    "window": "3s",
    "delay": "2s",
    "staleness": "10s",
    "warm_up": "3s",
    "bake": "9s",
    "min_requests": 100,
    "verify": {"windows": 2, "requests": 20},
    "no_data": {"hold_after_windows": 3},
    # Half an hour of the past would be there in production.
    "evidence": {"burstiness": 1},
}
# The same with all times of production, where a window has 30 seconds, divided by fifteen.
BRISK: Obj = {
    **POLICY,
    "window": "2s",
    "warm_up": "4s",
    "bake": "8s",
    "evidence": {"burstiness": 1, "planned": "2m", "resume_windows": 2},
    "no_data": {"hold_after_windows": 3, "page_after": "40s"},
}
LOAD = 200
# New pods that are there before they have users: so nothing of what they do escapes Prometheus, which has found them by then.
STEPS = ({"setCanaryScale": {"replicas": 2}}, PAUSE, weight(25), PAUSE, weight(100))
_LONGEST_SECONDS = 20


def guard(ansible: Ansible, space: Space, sandbox: Sandbox, **options: Any) -> Any:
    """Run the guard as a task until the release is over."""
    given = {"prometheus_url": sandbox.prometheus, "trading": [NAME], "policy": POLICY, "timeout": 120, **options}
    return ansible.tasks(space.name, [task("guard", **given)])["guard"]


def begin(space: Space, image: str, name: str = NAME) -> tuple[str, str]:
    """Bring a canary service up and release a version; return the hashes of stable and of the new revision."""
    start(space, *routed(name, weight(25), PAUSE, weight(100)))
    stable = str(status(space, name)["stableRS"])
    canary = release(space, name, image)
    reach(space, name, "Paused", step=1)
    return stable, canary


class Stopped(Exception):
    """The test is over, and its guard has to be too."""


class Guarding:
    """A guard in a thread of the test, with all it says and when. Use as a context manager."""

    def __init__(
        self, space: Space, prometheus: str, *, hears: Callable[[str], None] = lambda line: None, **options: Any
    ) -> None:
        """Prepare; `hears` is called with each line, by the guard's thread, before the guard goes on."""
        given = {"namespace": space.name, "prometheus_url": prometheus, "policy": BRISK, "timeout": 100, **options}
        self._hears = hears
        self.lines: list[tuple[float, str]] = []
        self._space = space
        self._call = call_of(GUARD, given, self._say)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._over = threading.Event()
        self._result: Data = {}
        self._error: BaseException | None = None

    def __enter__(self) -> Guarding:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_LONGEST_SECONDS)

    @property
    def text(self) -> str:
        """All it has said, one line each with the time."""
        return "\n".join(f"{time.strftime('%H:%M:%S', time.gmtime(at))} {line}" for at, line in list(self.lines))

    @property
    def running(self) -> bool:
        """Whether it still watches."""
        return self._thread.is_alive()

    def said(self, *parts: str) -> float:
        """Return when it first said a line with all of these parts, 0 if it never did."""
        return next((at for at, line in list(self.lines) if all(part in line for part in parts)), 0.0)

    def until(self, *parts: str, seconds: float = 40) -> float:
        """Wait until it has said a line with all of these parts; return when."""
        return float(self.wait_for(lambda: self.said(*parts), f"the guard says {' ... '.join(parts)}", seconds))

    def wait_for(self, done: Callable[[], Any], what: str, seconds: float = 40) -> Any:
        """Wait until something is so while the guard watches.

        Raises:
            AssertionError: it does not come, or the guard ended before; with all that the guard has said.
        """
        try:
            return self._space.until(lambda: done() or self._ended(done), what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text}") from self._error

    def result(self, seconds: float = 60) -> Data:
        """Wait until it ends by itself, and return its result.

        Raises:
            DeliveryError: it failed.
        """
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"the guard does not end within {seconds:g} s\n{self.text}"
        if self._error:
            raise AssertionError(f"the guard failed: {self._error}\n{self.text}") from self._error
        return self._result

    def _ended(self, done: Callable[[], Any]) -> Any:
        if self.running:
            return None
        found = done()
        assert found, "the guard has ended before that"
        return found

    def _say(self, line: str) -> None:
        self.lines.append((time.time(), line))
        self._hears(line)
        if self._over.is_set():
            raise Stopped

    def _run(self) -> None:
        try:
            self._result = GUARD.run(self._call)
        except BaseException as error:  # for the test's thread to tell
            self._error = error


def glance(space: Space, prometheus: str, name: str) -> Data:
    """Return what a guard in check mode says of a Rollout: what is kept is read, and nothing done."""
    options = {"namespace": space.name, "rollouts": [name], "prometheus_url": prometheus, "policy": BRISK, "timeout": 1}
    call = replace(call_of(GUARD, options, lambda line: None), check_mode=True)
    entry: Data = GUARD.run(call)["rollouts"][name]
    return entry


class GuardProcess:
    """A guard in a process of its own, that can be killed. Use as a context manager."""

    def __init__(self, space: Space, prometheus: str, kubeconfig: Path, **options: Any) -> None:
        given = {
            "namespace": space.name,
            "prometheus_url": prometheus,
            "kubeconfig": str(kubeconfig),
            "policy": BRISK,
            "timeout": 100,
            **options,
        }
        # What the guard needs is read once for all of them: an interpreter of its own for each would cost a second or two.
        servers = multiprocessing.get_context("forkserver")
        servers.set_forkserver_preload([__name__])
        self._process = servers.Process(target=_alone, args=(given,), daemon=True)

    def __enter__(self) -> GuardProcess:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Let it die at once, without a word to anybody."""
        self._process.kill()
        self._process.join(_LONGEST_SECONDS)


def _alone(options: Data) -> None:
    """Run a guard that nobody hears."""
    GUARD.run(call_of(GUARD, options, lambda line: None))


def call_of(operation: Operation, options: Data, say: Callable[[str], None]) -> Call:
    """Return what a door hands to an operation for these options of a task."""
    checked = ArgumentSpecValidator(operation.options, **operation.rules()).validate(options)
    assert not checked.error_messages, checked.error_messages
    return Call(
        params=checked.validated_parameters,
        check_mode=False,
        diff_mode=False,
        say=say,
        warn=say,
        show=lambda title, lines, over=False: None,
    )


def release_recorded(space: Space, tags: dict[str, str]) -> dict[str, str]:
    """Release an image tag of each Rollout as the collection does, which writes down what was promoted before.

    Returns:
        The new hashes.
    """
    before = {name: str(status(space, name)["currentPodHash"]) for name in tags}
    for name, tag in tags.items():
        options = {"namespace": space.name, "rollouts": [name], "images": {"app": image(tag)}}
        SET_IMAGE.run(call_of(SET_IMAGE, options, lambda line: None))
    return {name: taken(space, name, before[name]) for name in tags}


def service_of(name: str) -> list[Obj]:
    """Return a canary in `STEPS`, whose bad pods stay for so long that Prometheus sees what their last requests came to."""
    *around, rollout = routed(name, *STEPS)
    rollout["spec"]["strategy"]["canary"].update(scaleDownDelaySeconds=3, abortScaleDownDelaySeconds=3)
    return [*around, rollout]


def go_on(space: Space, *names: str) -> None:
    """End the pause that each Rollout stands in."""
    for name in names:
        space.patch("Rollout", name, {"status": {"pauseConditions": None}}, subresource="status")


def kept(space: Space, name: str) -> tuple[Data, Data]:
    """Return what the guard keeps of a Rollout: its state of the release and its history, both empty when there is none."""
    data = (space.find("ConfigMap", f"{name}-guard") or {}).get("data") or {}
    return json.loads(data.get("state") or "{}"), json.loads(data.get("history") or "{}")


def scraped(prometheus: str, space: Space, revision: str) -> bool:
    """Return whether Prometheus has two samples of the pods of a revision."""
    series = f'http_requests_total{{namespace="{space.name}",rollouts_pod_template_hash="{revision}"}}'
    asked = {"query": f"min(count_over_time({series}[20s])) > 1"}
    answer = requests.get(f"{prometheus}/api/v1/query", params=asked, timeout=10)
    return bool(answer.json()["data"]["result"])


@dataclass(frozen=True)
class Counted:
    """What the simulator's own ledger says of the pods of a revision, the gone ones included. No Prometheus is asked.

    `first_bad` and `last_request` are in seconds since the epoch.
    """

    requests: int
    errors: int
    slow: int
    orders: int
    orders_failed: int
    first_bad: float
    last_request: float


def counted(simulator: str, space: Space, revision: str) -> Counted:
    """Return the simulator's counts of a revision."""
    answer = requests.get(f"{simulator}/counts", params={"namespace": space.name}, timeout=10)
    answer.raise_for_status()
    rows = [row for row in answer.json() if row["hash"] == revision]
    sums = {
        key: sum(int(row[key]) for row in rows) for key in ("requests", "errors", "slow", "orders", "orders_failed")
    }
    return Counted(
        **sums,
        first_bad=min((row["first_bad"] for row in rows if row["first_bad"]), default=0.0),
        last_request=max((row["last_request"] for row in rows), default=0.0),
    )


@contextmanager
def behaving(simulator: str, space: Space, behaviour: str, **where: str) -> Iterator[float]:
    """Let the pods of an app or hash behave otherwise until the end of the block; gives the time at which that began."""
    place = {"namespace": space.name, **where}
    began = time.time()
    requests.put(f"{simulator}/behaviour", json={**place, "behaviour": behaviour}, timeout=10).raise_for_status()
    try:
        yield began
    finally:
        requests.delete(f"{simulator}/behaviour", json=place, timeout=10).raise_for_status()
