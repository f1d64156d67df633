# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One sandbox: bringing it up, repairing it, stopping and restarting a part of it."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from sandbox.launcher import contents, kwok, prometheus
from sandbox.launcher.api import ClusterApi
from sandbox.launcher.certificates import METRICS_CA, write_certificates
from sandbox.launcher.down import KWOKCTL, take_down
from sandbox.launcher.layout import Layout
from sandbox.launcher.parts import CONTROL_PLANE, CONTROLLER_MANAGER, TOP, Part, all_parts, api_checks
from sandbox.launcher.ports import HOST, pick_ports
from sandbox.launcher.processes import PidFiles, Record, record_of, spawn, stop
from sandbox.launcher.state import PORTS, State, load_state, save_state
from tools.binaries import Binaries, override_variable
from tools.errors import ToolError
from tools.report import Stopwatch, say
from tools.running import tail

# Seconds between asking a part to end and ending it.
PATIENCE = 5.0
# Seconds that a running part may be silent, because what it depends on has only just come back, before it is restarted.
GRACE = 5.0


class Sandbox:
    """The sandbox with this layout; ``timeout`` is how many seconds one part may take to start."""

    def __init__(self, layout: Layout, binaries: Binaries, *, timeout: float) -> None:
        self._layout = layout
        self._binaries = binaries
        self._timeout = timeout
        self._pids = PidFiles(layout.pids)
        self._started: list[str] = []

    # -- up -----------------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring everything up that is not; leave alone what works.

        Raises ToolError when a part does not start; then everything that this call started is stopped again.
        """
        watch = Stopwatch()
        state = load_state(self._layout.state_file)
        if state is not None and state.builds != self._binaries.key:
            say("the programs have changed since this sandbox was started: starting afresh")
            state = None
        fresh = state is None or not state.created
        try:
            if state is None or not state.created:
                take_down(self._layout)
                state = self._create()
            self._start_missing(state)
            self._write_env(state)
        except BaseException as error:
            self._undo(fresh)
            if isinstance(error, ToolError) and not error.hint:
                error.hint = f"Logs: {self._layout.logs}"
            raise
        verb = "up" if self._started else "was up already"
        say(f"sandbox {self._layout.name}: {verb} ({watch}), API server {HOST}:{state.ports['kube-apiserver']}, "
            f"Prometheus {HOST}:{state.ports['prometheus']}")  # fmt: skip
        if self._started:
            say(f"to use it: source {shlex.quote(str(self._layout.env_file))}")

    def _undo(self, fresh: bool) -> None:
        """Stop what was started in vain."""
        if fresh:
            take_down(self._layout)
            return
        self._stop_parts(self._started)

    def _create(self) -> State:
        watch = Stopwatch()
        self._check_programs()
        for old in self._layout.logs.glob("*.log"):
            old.unlink()
        state = State(pick_ports(PORTS), self._binaries.key)
        save_state(self._layout.state_file, state)
        write_certificates(self._layout.certificates)
        self._run_kwokctl(
            kwok.start_create(self._layout, state.ports, self._binaries), "creating the cluster", adopt=True
        )
        state = replace(state, created=True)
        save_state(self._layout.state_file, state)
        say(f"cluster: created in {watch}")
        return state

    def _check_programs(self) -> None:
        for name, path in self._binaries.programs.items():
            if not path.is_file():
                variable = override_variable(name)
                raise ToolError(f"the program for {name} is not there: {path}", hint=f"Unset or correct {variable}.")

    def _run_kwokctl(self, process: subprocess.Popen[bytes], what: str, *, adopt: bool) -> None:
        """Wait for kwokctl, taking over the processes it starts; give up at once when one of them ends."""

        def finished() -> bool:
            if adopt:
                self._adopt()
            return process.poll() is not None

        self._pids.save(KWOKCTL, record_of(process.pid) or Record(process.pid, "ended"))
        try:
            contents.wait_until(finished, what=what, timeout=self._timeout, alive=self._check_adopted)
        except BaseException:
            process.kill()
            process.wait()
            raise
        self._pids.forget(KWOKCTL)
        if process.returncode != 0:
            raise ToolError(f"{what} failed", detail=self._log_end(KWOKCTL))

    def _adopt(self) -> None:
        for name in CONTROL_PLANE:
            pid = kwok.pid_written(self._layout, name)
            if pid is None or name in self._started:
                continue
            self._pids.save(name, record_of(pid) or Record(pid, "ended"))
            self._started.append(name)

    def _check_adopted(self) -> None:
        for name in self._started:
            self._check_alive(name)

    def _check_alive(self, name: str) -> None:
        if self._pids.running(name) is None:
            raise ToolError(f"{name} ended while starting", detail=self._log_end(name))

    def _log_end(self, name: str) -> str:
        log = self._layout.log(name)
        return tail(log) or f"(nothing in {log})"

    # -- parts --------------------------------------------------------------------------------------------------------

    def _start_missing(self, state: State) -> None:
        parts = all_parts(self._layout, state.ports, self._binaries)
        api = ClusterApi(state.ports["kube-apiserver"], self._layout.pki)
        if missing := [name for name in CONTROL_PLANE if name not in parts]:
            raise ToolError(f"kwokctl has not set up {', '.join(missing)}", detail=self._log_end(KWOKCTL))
        for name in CONTROL_PLANE:
            self._bring_up([parts[name]], api)
        top: tuple[str, ...] = TOP
        if self._fill(api):
            # The controller manager looks twice a minute which kinds there are. Until then the autoscaler knows no Rollouts.
            self._kill(CONTROLLER_MANAGER)
            top = (CONTROLLER_MANAGER, *TOP)
        prometheus.write_config(self._layout, state.ports["simulator"])
        self._bring_up([parts[name] for name in top], api)
        self._serve_metrics(state, api)

    def _bring_up(self, parts: Iterable[Part], api: ClusterApi) -> None:
        """Start those of ``parts`` that do not answer, all at once, then wait for each."""
        waiting: list[tuple[Part, Stopwatch]] = []
        for part in parts:
            watch = Stopwatch()
            if part.name not in self._started:
                if self._works(part):
                    continue
                self._start(part, api)
            waiting.append((part, watch))
        for part, watch in waiting:
            self._wait_ready(part, api)
            say(f"{part.name}: ready in {watch}, port {part.port}")

    def _works(self, part: Part) -> bool:
        """Tell whether a part runs and answers, now or soon."""
        deadline = time.monotonic() + GRACE
        while self._pids.running(part.name):
            if part.check.answers():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(contents.POLL_SECONDS)
        return False

    def _start(self, part: Part, api: ClusterApi) -> None:
        self._stop_parts([part.name])
        if part.name == "rollouts-controller":
            contents.drop_lease(api)
        log = self._layout.log(part.name)
        record = spawn(part.argv, log=log, cwd=part.cwd, env=part.env, what=part.name)
        self._pids.save(part.name, record)
        self._started.append(part.name)

    def _wait_ready(self, part: Part, api: ClusterApi) -> None:
        alive = partial(self._check_alive, part.name)
        self._wait(part.check.answers, part.name, alive)
        if part.name == "rollouts-controller":
            # Its health endpoint answers long before it works.
            contents.apply_probe(api)
            self._wait(lambda: contents.probe_observed(api), part.name, alive)
            contents.remove_probe(api)

    def _wait(self, done: Callable[[], bool], name: str, alive: Callable[[], None]) -> None:
        try:
            contents.wait_until(done, what=f"starting {name}", timeout=self._timeout, alive=alive)
        except ToolError as error:
            error.detail = error.detail or self._log_end(name)
            raise

    def _fill(self, api: ClusterApi) -> bool:
        """Put definitions, namespace and nodes into the cluster unless they are there; return whether kinds are new."""
        watch = Stopwatch()
        alive = partial(self._check_alive, "kube-apiserver")
        new = not contents.rollouts_served(api)
        if new:
            names = contents.apply_crds(api, self._binaries.crds)
            contents.ensure_namespace(api)
            contents.ensure_storage(api)
            self._wait(lambda: contents.established(api, names), "the definitions", alive)
            say(f"Argo Rollouts definitions: established in {watch}")
        watch = Stopwatch()
        if contents.ready_nodes(api) < kwok.NODES:
            scaling = kwok.scale_nodes(self._layout, self._binaries)
            self._run_kwokctl(scaling, "making the nodes", adopt=False)
            self._wait(lambda: contents.ready_nodes(api) >= kwok.NODES, "the nodes", alive)
            say(f"nodes: {kwok.NODES} ready in {watch}")
        return new

    def _serve_metrics(self, state: State, api: ClusterApi) -> None:
        """Let the API server forward to the simulator's metrics APIs, unless it does."""
        asks = api_checks(self._layout, state.ports).values()
        if all(check.answers() for check in asks):
            return
        watch = Stopwatch()
        authority = (self._layout.certificates / METRICS_CA).read_bytes()
        contents.register_metrics(api, state.ports["simulator-metrics"], authority)
        alive = partial(self._check_alive, "simulator")
        self._wait(lambda: all(check.answers() for check in asks), "simulator", alive)
        say(f"metrics APIs: served in {watch}")

    def _stop_parts(self, names: Iterable[str]) -> None:
        names = list(names)
        stop([record for name in names if (record := self._pids.running(name))], patience=PATIENCE)
        for name in names:
            self._pids.forget(name)

    def _kill(self, name: str) -> None:
        """End a part at once, to be started again."""
        if record := self._pids.running(name):
            stop([record], patience=0)
        self._pids.forget(name)
        self._started = [started for started in self._started if started != name]

    # -- one part -----------------------------------------------------------------------------------------------------

    def stop_part(self, name: str) -> None:
        """Stop one part and leave the rest as it is."""
        self._stop_parts([name])
        say(f"{name}: stopped")

    def restart_part(self, name: str) -> None:
        """Stop one part, start it again with the same ports and data, and wait until it works."""
        state = load_state(self._layout.state_file)
        parts = all_parts(self._layout, state.ports, self._binaries) if state and state.created else {}
        if state is None or name not in parts:
            raise ToolError(f"sandbox {self._layout.name} is not up", hint="Start it first: make sandbox-up")
        api = ClusterApi(state.ports["kube-apiserver"], self._layout.pki)
        self._stop_parts([name])
        self._bring_up([parts[name]], api)
        if name == "simulator":
            self._serve_metrics(state, api)

    # -- files --------------------------------------------------------------------------------------------------------

    def _write_env(self, state: State) -> None:
        values = {
            "KUBECONFIG": self._layout.kubeconfig,
            "TRADESENSE_PROMETHEUS_URL": f"http://{HOST}:{state.ports['prometheus']}",
            "TRADESENSE_SIMULATOR_URL": f"http://{HOST}:{state.ports['simulator']}",
            "TRADESENSE_ARGO_PLUGIN": self._binaries["kubectl-argo-rollouts"],
            "TRADESENSE_KUBECTL": self._binaries["kubectl"],
            "TRADESENSE_KWOKCTL": self._binaries["kwokctl"],
            "TRADESENSE_SANDBOX": self._layout.name,
            "TRADESENSE_SANDBOX_DIR": self._layout.folder,
        }
        lines = [f"export {name}={shlex.quote(str(value))}\n" for name, value in values.items()]
        self._layout.env_file.write_text("".join(lines), encoding="utf-8")
