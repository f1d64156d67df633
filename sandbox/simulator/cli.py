# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line of the simulator: run it, or print the kwok stages that its behaviours need."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from kubernetes.config import ConfigException

from sandbox.simulator.aggregated import AggregatedServer
from sandbox.simulator.api import Server
from sandbox.simulator.cluster import Cluster
from sandbox.simulator.control import Control
from sandbox.simulator.engine import Engine
from sandbox.simulator.kubelet import Kubelet
from sandbox.simulator.log import say
from sandbox.simulator.metrics_apis import MetricsApis
from sandbox.simulator.settings import Load
from sandbox.simulator.stages import stages
from sandbox.simulator.world import World

_DESCRIPTION = "Simulates traffic to the pods of a cluster and serves their metrics."


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["stages"]:
        argparse.ArgumentParser(
            prog="python -m sandbox.simulator stages",
            description="Prints the kwok Stage documents to append to the configuration of kwokctl.",
        ).parse_args(given[1:])
        sys.stdout.write(stages())
        return 0
    parser = _parser()
    options = parser.parse_args(given)
    if (options.metrics_port is None) != (options.certificates is None):
        parser.error("--metrics-port and --certificates go together")
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Runs until SIGTERM or SIGINT; 2 when it cannot start."""
    try:
        cluster = Cluster(options.kubeconfig)
    except (OSError, ConfigException) as error:
        return _refuse(f"cannot use the kubeconfig {options.kubeconfig}: {error}")
    load = Load(options.ingress_rps, options.service_rps, options.header_share)
    world = World(load)
    engine = Engine(world, Random(options.seed), options.tick)
    watchers = cluster.watchers(world)
    control = Control(world, engine, lambda: all(watcher.synced.is_set() for watcher in watchers))
    try:
        server = Server((options.listen, options.port), control)
    except OSError as error:
        return _refuse(f"cannot listen on {options.listen}:{options.port}: {error}")
    servers: list[Server | AggregatedServer] = [server]
    if options.metrics_port is not None:
        address = (options.listen, options.metrics_port)
        try:
            servers.append(AggregatedServer(address, MetricsApis(world), options.certificates))
        except OSError as error:
            server.server_close()
            where = f"{options.listen}:{options.metrics_port} with the certificates in {options.certificates}"
            return _refuse(f"cannot serve metrics on {where}: {error}")
    # A scrape must not wait its default 5 ms turn behind a tick that draws for hundreds of pods.
    sys.setswitchinterval(0.0005)
    stop, defect = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for each in servers:
        each.serve_in_background()
    jobs: list[tuple[str, Callable[[threading.Event], None]]] = [
        *((watcher.name, watcher.run) for watcher in watchers),
        ("traffic", engine.run),
        ("kubelet", Kubelet(world, cluster.patch_status).run),
    ]
    for name, job in jobs:
        threading.Thread(target=_guard, args=(name, job, stop, defect), name=name, daemon=True).start()
    say(f"listening on {' and '.join(_address(each) for each in servers)}")
    stop.wait()
    for each in servers:
        each.shutdown()
        each.server_close()
    say("stopped")
    return 1 if defect.is_set() else 0


def _address(server: Server | AggregatedServer) -> str:
    scheme = "https" if isinstance(server, AggregatedServer) else "http"
    return f"{scheme}://{server.server_address[0]!s}:{server.server_address[1]}"


def _guard(name: str, job: Callable[[threading.Event], None], stop: threading.Event, defect: threading.Event) -> None:
    """Runs a thread's job. One that dies of a defect must not leave a simulator behind that looks alive."""
    try:
        job(stop)
    except Exception as error:
        say(f"{name}: stopped by a defect, so the simulator ends: {type(error).__name__}: {error}")
        defect.set()
        stop.set()
        raise


def _refuse(message: str) -> int:
    print(f"simulator: {message}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.simulator", description=_DESCRIPTION)
    parser.add_argument("--kubeconfig", required=True, help="kubeconfig file of the sandbox's cluster")
    parser.add_argument("--listen", default="127.0.0.1", help="address to serve on (default %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to serve on")
    parser.add_argument("--tick", type=_positive, default=0.25, help="seconds between draws (default %(default)s)")
    parser.add_argument("--ingress-rps", type=_rate, default=100.0, help="load of an Ingress (default %(default)s)")
    parser.add_argument("--service-rps", type=_rate, default=20.0, help="load of a Service (default %(default)s)")
    parser.add_argument(
        "--header-share",
        type=_share,
        default=0.02,
        help="share of an Ingress' requests with the canary's header (default %(default)s)",
    )
    parser.add_argument("--metrics-port", type=int, help="port for the API server to find the metrics APIs at (HTTPS)")
    parser.add_argument("--certificates", type=Path, help="folder with the certificates of the metrics APIs")
    parser.add_argument("--seed", type=int, default=None, help="seed of the random numbers")
    return parser


def _rate(given: str) -> float:
    value = float(given)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError("must be at least 0 and below a million")
    return value


def _positive(given: str) -> float:
    value = float(given)
    if not 0.01 <= value <= 10:
        raise argparse.ArgumentTypeError("must be between 0.01 and 10 seconds")
    return value


def _share(given: str) -> float:
    value = float(given)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return value
