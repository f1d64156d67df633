# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.simulator.api import Server
from sandbox.simulator.control import Control
from sandbox.simulator.engine import Engine
from sandbox.simulator.world import World
from tests.unit.sandbox.simulator.simulator_builders import MakePod, MakeService


@dataclass
class Client:
    """A keep-alive connection to a simulator whose time the test moves."""

    world: World
    engine: Engine
    connection: http.client.HTTPConnection
    synced: bool = True

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        status, data = self.raw(method, path, None if body is None else json.dumps(body))
        return status, json.loads(data)

    def raw(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        self.connection.request(method, path, body=body)
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def samples(self, path: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        status, text = self.raw("GET", path)
        assert status == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def client(make_pod: MakePod, make_service: MakeService) -> Iterator[Client]:
    world = World()
    engine = Engine(world, Random(5))
    found = Client(world, engine, http.client.HTTPConnection("127.0.0.1"))
    server = Server(("127.0.0.1", 0), Control(world, engine, lambda: found.synced))
    found.connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    server.serve_in_background()
    world.put_service(make_service("web", app="trading"))
    world.put_pod(make_pod("a", "trading", image="x:v1-errors20"))
    yield found
    found.connection.close()
    server.shutdown()
    server.server_close()


def test_healthz_tells_whether_the_watches_are_in_step(client: Client) -> None:
    assert client.ask("GET", "/healthz") == (200, {"synced": True})
    client.synced = False
    assert client.ask("GET", "/healthz") == (503, {"synced": False})


def test_all_series_are_there_from_the_start(client: Client) -> None:
    samples = client.samples("/pods/ns/a/metrics")
    for method in ("GET", "POST"):
        for status in ("200", "500"):
            assert samples[("http_requests_total", (("method", method), ("status", status)))] == 0
    assert samples[("trading_orders_total", (("status", "success"),))] == 0
    assert samples[("trading_orders_total", (("status", "failed"),))] == 0
    assert samples[("http_request_duration_seconds_count", ())] == 0
    assert samples[("position_update_duration_seconds_count", ())] == 0
    assert samples[("risk_check_failures_total", ())] == 0
    assert samples[("process_start_time_seconds", ())] > 1e9
    assert samples[("sandbox_pod_ready", ())] == 1
    assert not any(name.endswith("_created") for name, _ in samples)


def test_metrics_agree_with_the_ledger(client: Client) -> None:
    client.engine.step(0.0)
    client.engine.step(100.0)
    samples = client.samples("/pods/ns/a/metrics")
    status, ledger = client.ask("GET", "/counts")
    assert status == 200
    assert isinstance(ledger, list)
    row = ledger[0]
    total = sum(value for (name, _), value in samples.items() if name == "http_requests_total")
    failed = sum(v for (n, labels), v in samples.items() if n == "http_requests_total" and ("status", "500") in labels)
    assert total == row["requests"] > 1_000
    assert failed == row["errors"] == pytest.approx(0.2 * total, rel=0.2)
    bounds = [
        (float(dict(labels)["le"]), value)
        for (name, labels), value in samples.items()
        if name == "http_request_duration_seconds_bucket"
    ]
    assert [bound for bound, _ in bounds] == [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, float("inf")]
    assert [value for _, value in bounds] == sorted(value for _, value in bounds)
    assert bounds[-1][1] == samples[("http_request_duration_seconds_count", ())] == total
    assert samples[("http_request_duration_seconds_sum", ())] / total == pytest.approx(0.048, rel=0.1)


def test_a_service_that_does_not_trade_shows_no_orders(client: Client, make_pod: MakePod) -> None:
    client.world.put_pod(make_pod("u", "tradesense-user"))
    names = {name for name, _ in client.samples("/pods/ns/u/metrics")}
    assert "http_requests_total" in names
    assert not names & {"trading_orders_total", "risk_check_failures_total", "position_update_duration_seconds_count"}


def test_unknown_pods_are_404_and_pods_that_do_not_run_503(client: Client, make_pod: MakePod) -> None:
    assert client.raw("GET", "/pods/ns/none/metrics")[0] == 404
    client.world.put_pod(make_pod("p", phase="Pending", ready=False))
    client.world.put_pod(make_pod("i", image="x:v1-imagepull", ready=False))
    client.world.put_pod(make_pod("n", image="x:v1-neverready", ready=False))
    assert client.raw("GET", "/pods/ns/p/metrics")[0] == 503
    assert client.raw("GET", "/pods/ns/i/metrics")[0] == 503
    assert client.raw("GET", "/pods/ns/n/metrics")[0] == 200
    client.world.drop_pod(make_pod("n"))
    assert client.raw("GET", "/pods/ns/n/metrics")[0] == 404


def test_the_ledger_can_be_narrowed_and_keeps_gone_pods(client: Client, make_pod: MakePod) -> None:
    client.world.put_pod(make_pod("b", "other", namespace="elsewhere"))
    client.world.drop_pod(make_pod("a", "trading"))
    _, ledger = client.ask("GET", "/counts?namespace=ns")
    assert isinstance(ledger, list)
    assert [(row["pod"], row["gone"]) for row in ledger] == [("a", True)]
    assert set(ledger[0]) == {
        *("namespace", "app", "pod", "uid", "hash", "image", "behaviour", "requests", "errors", "slow"),
        *("orders", "orders_failed", "first_bad", "last_request", "first_seen", "last_seen", "gone"),
    }
    _, ledger = client.ask("GET", "/counts?app=other")
    assert isinstance(ledger, list)
    assert [row["pod"] for row in ledger] == ["b"]
    assert client.ask("GET", "/counts?pod=a") == (400, {"error": "unknown parameter 'pod'; there are namespace, app"})


def test_entry_points_and_reset(client: Client, make_pod: MakePod) -> None:
    client.engine.step(0.0)
    client.engine.step(10.0)
    _, found = client.ask("GET", "/entrypoints")
    assert isinstance(found, list)
    assert [(e["namespace"], e["kind"], e["name"], e["rps"]) for e in found] == [("ns", "Service", "web", 20.0)]
    assert found[0]["by_hash"] == {"aaa": found[0]["served"]}
    assert (
        client.samples("/metrics")[("router_served_total", (("kind", "Service"), ("name", "web"), ("namespace", "ns")))]
        == found[0]["served"]
    )
    client.world.drop_pod(make_pod("a", "trading"))
    client.engine.step(0.0)
    client.engine.step(10.0)
    _, found = client.ask("GET", "/entrypoints")
    assert isinstance(found, list)
    assert found[0]["unserved"] > 0
    assert client.ask("POST", "/reset") == (200, {"reset": True})
    _, found = client.ask("GET", "/entrypoints")
    assert isinstance(found, list)
    assert (found[0]["served"], found[0]["unserved"], found[0]["by_hash"]) == (0, 0, {})
    assert client.ask("GET", "/counts") == (200, [])


def test_load_changes_at_run_time(client: Client) -> None:
    assert client.ask("PUT", "/load", {"namespace": "ns", "name": "web", "rps": 300})[0] == 200
    client.engine.step(0.0)
    client.engine.step(10.0)
    _, ledger = client.ask("GET", "/counts")
    assert isinstance(ledger, list)
    assert ledger[0]["requests"] == pytest.approx(3_000, rel=0.1)
    status, load = client.ask("PUT", "/load", {"rps": 0, "header_share": 0.5})
    assert (status, load) == client.ask("GET", "/load")
    rule = {"rps": 300.0, "namespace": "ns", "name": "web", "kind": ""}
    assert load == {"ingress_rps": 0.0, "service_rps": 0.0, "header_share": 0.5, "rules": [rule]}
    client.ask("PUT", "/load", {"namespace": "ns", "name": "web", "rps": None})
    _, load = client.ask("GET", "/load")
    assert isinstance(load, dict)
    assert load["rules"] == []


def test_behaviour_changes_at_run_time(client: Client) -> None:
    override = {"app": "trading", "hash": "aaa", "behaviour": "healthy"}
    assert client.ask("PUT", "/behaviour", override) == (200, [override])
    assert client.ask("GET", "/behaviour") == (200, [override])
    client.engine.step(0.0)
    client.engine.step(100.0)
    _, ledger = client.ask("GET", "/counts")
    assert isinstance(ledger, list)
    assert ledger[0]["errors"] / ledger[0]["requests"] < 0.01
    assert client.ask("DELETE", "/behaviour", {"app": "nobody"}) == (200, [override])
    assert client.ask("DELETE", "/behaviour") == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("PUT", "/load", "{", 400, "the body is not JSON"),
        ("PUT", "/load", "[]", 400, "the body must be a JSON object"),
        ("PUT", "/load", "{}", 400, "send rps"),
        ("PUT", "/load", '{"rps": -1}', 400, "rps must be a number"),
        ("PUT", "/load", '{"rps": true}', 400, "rps must be a number"),
        ("PUT", "/load", '{"rps": NaN}', 400, "rps must be a number"),
        ("PUT", "/load", '{"rps": null}', 400, "the default load cannot be dropped"),
        ("PUT", "/load", '{"rps": 1, "kind": "Pod"}', 400, "kind must be Ingress or Service"),
        ("PUT", "/load", '{"rps": 1, "name": 5}', 400, "name must be a string"),
        ("PUT", "/load", '{"rpm": 1}', 400, "unknown field 'rpm'"),
        ("PUT", "/load", '{"header_share": 2}', 400, "header_share must be between 0 and 1"),
        ("PUT", "/behaviour", '{"tag": "v1"}', 400, "behaviour is missing"),
        ("PUT", "/behaviour", '{"behaviour": "slow"}', 400, "say which pods"),
        ("PUT", "/behaviour", '{"hash": "x", "behaviour": "slow"}', 400, "say which pods"),
        ("PUT", "/behaviour", '{"tag": "v1", "behaviour": "fast"}', 400, "no behaviour is named 'fast'"),
        ("DELETE", "/behaviour", '{"pod": "a"}', 400, "unknown field 'pod'"),
        ("GET", "/nowhere", None, 404, "there is nothing at /nowhere"),
        ("GET", "/pods/ns/metrics", None, 404, "there is nothing at"),
        ("POST", "/load", "{}", 405, "/load takes GET, PUT, not POST"),
    ],
)
def test_mistakes_are_told_in_one_line(
    client: Client, method: str, path: str, body: str | None, status: int, error: str
) -> None:
    answered, text = client.raw(method, path, body)
    assert answered == status
    assert text.count("\n") == 1
    assert json.loads(text)["error"].startswith(error)
    assert client.ask("GET", "/healthz")[0] == 200
