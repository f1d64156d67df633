# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The examples of every module's documentation, run as they stand in a namespace that has what they name."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.integration.support.cluster import Obj, Refused, Space
from tests.integration.support.objects import PAUSE, blue_green, deployment, measuring, routed, service, weight
from tests.integration.support.plays import DELIVERY, ROOT, Ansible, Data
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import abort, reach, release, serving, start, status

pytestmark = pytest.mark.every_pair

TRADING, API = "tradesense-trading-service", "tradesense-api-gateway"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
SHARED_TEMPLATE = "order-flow"
# What of an example belongs to the reader's own estate, or would take a test too long: option -> value here.
FITTED: dict[str, Any] = {"expected_revision": 2, "watch": 2}
DROPPED = ("prometheus_token", "prometheus_ca_cert")
# A release of the past is one of a moment ago, in windows that fit into it.
REPLAYED_SECONDS = 12
QUICK = {"window": "2s", "delay": "2s", "staleness": "10s", "warm_up": "1s"}


def in_flight(space: Space) -> None:
    """Release a second version of both services; both wait for a promotion."""
    for name in (TRADING, API):
        release(space, name, "v2")
        reach(space, name, "Paused")


def aborted(space: Space) -> None:
    """Abort the second version."""
    in_flight(space)
    abort(space, TRADING)


def held(space: Space) -> None:
    """Pause the second version by hand."""
    in_flight(space)
    space.patch("Rollout", TRADING, {"spec": {"paused": True}})
    reach(space, TRADING, "Paused")


def deployed(space: Space) -> None:
    """Run a service as a Deployment behind a Service, both made by somebody else."""
    name = "tradesense-web"
    space.create(service(name, name), deployment(name))
    space.until(lambda: serving(space, name) == 2, "the pods of the Deployment")


def gone_wrong(space: Space) -> None:
    """Release a version that fails, and let users have it for as long as is looked back at."""
    release(space, TRADING, "v2-errors30")
    reach(space, TRADING, "Paused")
    time.sleep(REPLAYED_SECONDS + 3)


def at_rest(space: Space) -> None:
    """Leave both services with their first version."""


# In which state a module's examples make sense.
STAGES: dict[str, Callable[[Space], None]] = {
    "guard_backtest": gone_wrong,
    "migrate": deployed,
    "rollout_abort": in_flight,
    "rollout_pause": in_flight,
    "rollout_promote": in_flight,
    "rollout_undo": in_flight,
    "rollout_retry": aborted,
    "rollout_resume": held,
}


def examples(module: str) -> list[Data]:
    """Return the tasks of a module's examples."""
    source = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.modules.{module}")
    found: list[Data] = yaml.safe_load(source.EXAMPLES)
    return found


def replayed(given: Data, space: Space, folder: Path) -> Data:
    """Return the options of a backtest for the release of this namespace, and for a file of the test's own."""
    found = {**given, "policy": {**given.get("policy", {}), **QUICK}}
    found.update({key: str(folder / Path(given[key]).name) for key in ("src", "record") if key in given})
    if "start" in given:
        now = status(space, TRADING)
        found.update(canary_hash=now["currentPodHash"], stable_hash=now["stableRS"], start=f"-{REPLAYED_SECONDS}s")
        found = {key: value for key, value in found.items() if key not in ("duration", "promoted")}
    return found


def fitted(example: Data, space: Space, sandbox: Sandbox, folder: Path) -> Data:
    """Return an example for this namespace and this Prometheus; everything else stays as it is."""
    action = next(key for key in example if key.startswith((DELIVERY, "ansible.builtin.")))
    if not action.startswith(DELIVERY):
        return example
    given = {key: value for key, value in example[action].items() if key not in DROPPED}
    if "namespace" in given:
        given["namespace"] = space.name
    if "prometheus_url" in given:
        given["prometheus_url"] = sandbox.prometheus
    if "query" in given:
        given["query"] = given["query"].replace("tradesense-production", space.name)
    if action == f"{DELIVERY}guard_backtest":
        given = replayed(given, space, folder)
    given.update({key: value for key, value in FITTED.items() if key in given})
    return {**example, action: given}


def service_of(name: str, container: str, manifests: list[Obj]) -> list[Obj]:
    """Return the manifests of a service with the labels and the container's name that examples use."""
    workload = manifests[-1]
    workload["metadata"]["labels"] = {"component": "backend"}
    workload["spec"]["template"]["spec"]["containers"][0]["name"] = container
    return manifests


def analysis_templates(sandbox: Sandbox) -> list[Obj]:
    """Return the templates that examples name; each takes the arguments that they give."""
    good = "vector(0.011)"
    plain = [
        measuring("success-rate", sandbox.prometheus, good),
        measuring("canary-analysis", sandbox.prometheus, good),
    ]
    for template in plain:
        template["spec"]["args"] = [
            {"name": "service-name"},
            {"name": "canary-hash", "value": ""},
            {"name": "token", "value": ""},
        ]
    shared = measuring(SHARED_TEMPLATE, sandbox.prometheus, good)
    shared["kind"] = "ClusterAnalysisTemplate"
    shared["spec"]["metrics"][0]["name"] = "orders"
    return [*plain, shared]


def templates_named(tasks: list[Data]) -> set[str]:
    """Return the files that tasks render; what is in them is the reader's own."""
    options = [given for task in tasks for given in task.values() if isinstance(given, dict)]
    return {name for given in options for name in given.get("template", [])}


@contextmanager
def shared_template(space: Space, manifest: Obj) -> Iterator[None]:
    """Hold the cluster's template that an example names; a run that was killed may have left one."""
    path = "apis/argoproj.io/v1alpha1/clusteranalysistemplates"
    with suppress(Refused):
        space.cluster.request("POST", path, manifest)
    yield
    space.cluster.request("DELETE", f"{path}/{SHARED_TEMPLATE}")


def scraped(space: Space, sandbox: Sandbox) -> None:
    """Wait until Prometheus has two samples of a counter of the namespace: the rate of fewer is no data."""
    query = f'rate(http_requests_total{{namespace="{space.name}"}}[2m])'

    def found() -> bool:
        answer = requests.get(f"{sandbox.prometheus}/api/v1/query", params={"query": query}, timeout=10)
        return bool(answer.json()["data"]["result"])

    space.until(found, "requests in Prometheus")


@pytest.mark.parametrize("module", MODULES)
def test_examples_work_as_they_stand(module: str, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """No example fails, and those of a verb do something."""
    *templates, of_the_cluster = analysis_templates(sandbox)
    # A retried release is followed to its end: nobody is there to promote it.
    pause = {"pause": {"duration": "5s"}} if module == "rollout_retry" else PAUSE
    start(
        space,
        *templates,
        *service_of(TRADING, "trading-service", routed(TRADING, weight(20), pause)),
        *service_of(API, "api-gateway", blue_green(API)),
    )
    space.create({"kind": "Secret", "metadata": {"name": "prometheus"}, "stringData": {"token": "not-a-real-token"}})
    STAGES.get(module, at_rest)(space)
    (tmp_path / "templates").mkdir()
    tasks = [fitted(example, space, sandbox, tmp_path) for example in examples(module)]
    for name in templates_named(tasks):
        plain = name.removesuffix(".yml.j2").replace("_", "-")
        (tmp_path / "templates" / name).write_text(f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: {plain}}}\n")
    if module == "prometheus_query":
        scraped(space, sandbox)
    with shared_template(space, of_the_cluster) if module == "analysis_run" else nullcontext():
        run = Ansible(tmp_path).tasks(space.name, tasks)
    assert len(run.results) == len(tasks)
    assert not any(result.failed for result in run.results)
    if module in STAGES:
        assert run.verbs(module)[0].changed
