# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The catalog as templates read it: names, labels, defaults, overrides."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.normalise import normalise
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

ROLLING = {"image": "tradesense/user-service", "version": "v2.7.0", "strategy": "rolling"}
BLUE_GREEN = {**ROLLING, "image": "tradesense/api-gateway", "strategy": "blue_green"}
CANARY = {
    **ROLLING,
    "image": "tradesense/trading-service",
    "strategy": "canary",
    "trading": True,
    "exposure": {"host": "trading.example.com"},
    "canary": {"steps": [{"weight": 10}, {"pause": 120}, {"pause": "manual"}, {"analysis": "canary-analysis"}]},
}


def test_a_minimal_entry_gets_the_numbers_every_service_has() -> None:
    entry = normalise({"user-service": ROLLING}, environment="staging")["user-service"]
    assert entry["name"] == "tradesense-user-service"
    assert entry["replicas"] == 3
    assert entry["ports"] == {"http": 8000, "metrics": 8080}
    assert entry["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"cpu": "500m", "memory": "1Gi"},
    }
    assert entry["probes"]["liveness"] == {
        "path": "/health",
        "port": 8000,
        "initial_delay_seconds": 30,
        "period_seconds": 30,
        "timeout_seconds": 10,
        "failure_threshold": 3,
    }
    assert entry["probes"]["readiness"]["initial_delay_seconds"] == 10
    assert entry["security"] == {
        "run_as_non_root": True,
        "user": 1001,
        "group": 1001,
        "fs_group": 1001,
        "read_only_root_filesystem": True,
    }
    assert entry["empty_dirs"] == {"app-logs": "/app/logs", "tmp-volume": "/tmp"}
    assert entry["env"] == {"ENVIRONMENT": "staging"}
    assert entry["rolling"] == {"max_surge": 1, "max_unavailable": 0}
    assert entry["blue_green"] is None
    assert entry["canary"] is None
    assert entry["exposure"] is None


def test_the_version_is_a_label_of_pods_but_not_of_the_workload() -> None:
    entry = normalise({"user-service": {**ROLLING, "labels": {"team": "accounts"}}})["user-service"]
    assert entry["selector"] == {"app": "tradesense-user-service"}
    assert entry["pod_labels"]["version"] == "v2.7.0"
    assert "version" not in entry["labels"]
    assert entry["labels"]["team"] == entry["pod_labels"]["team"] == "accounts"
    assert entry["labels"]["app.kubernetes.io/managed-by"] == "tradesense-delivery"


@pytest.mark.parametrize(
    ("entry", "services", "ingress"),
    [
        ({**ROLLING, "exposure": {"host": "a.example.com"}}, ["tradesense-x"], "tradesense-x-ingress"),
        (
            {**BLUE_GREEN, "exposure": {"host": "a.example.com"}},
            ["tradesense-x-active", "tradesense-x-preview"],
            "tradesense-x-ingress",
        ),
        (CANARY, ["tradesense-x-stable", "tradesense-x-canary"], "tradesense-x-stable"),
    ],
)
def test_each_strategy_names_its_services_and_its_ingress(
    entry: dict[str, object], services: list[str], ingress: str
) -> None:
    normal = normalise({"x": entry})["x"]
    assert normal["services"] == services
    exposure = normal["exposure"]
    assert exposure is not None
    assert (exposure["name"], exposure["backend"]) == (ingress, services[0])
    assert exposure["tls_secret"] == "tradesense-x-tls"


def test_steps_become_one_shape() -> None:
    canary = normalise({"x": CANARY})["x"]["canary"]
    assert canary is not None
    assert canary["steps"] == [
        {"kind": "weight", "weight": 10},
        {"kind": "pause", "duration": "120s"},
        {"kind": "pause", "duration": None},
        {"kind": "analysis", "templates": ["canary-analysis"]},
    ]
    assert canary["header"] == {"name": "x-canary", "value": "tradesense-canary"}


def test_overrides_are_merged_key_by_key_and_lists_replaced() -> None:
    over = {"x": {"exposure": {"limit_rpm": 5}, "canary": {"steps": [{"weight": 50}]}, "replicas": 0}}
    entry = normalise({"x": CANARY}, over)["x"]
    assert entry["exposure"] is not None
    assert (entry["exposure"]["host"], entry["exposure"]["limit_rpm"]) == ("trading.example.com", 5)
    assert entry["canary"] is not None
    assert entry["canary"]["steps"] == [{"kind": "weight", "weight": 50}]
    assert entry["replicas"] == 0


def test_null_in_an_override_brings_the_default_back() -> None:
    entry = normalise(
        {"x": {**ROLLING, "replicas": 9, "env": {"A": 1, "B": True}}}, {"x": {"replicas": None, "env": {"A": None}}}
    )
    assert entry["x"]["replicas"] == 3
    assert entry["x"]["env"] == {"B": "true"}


def test_versions_of_a_release_take_the_place_of_the_catalogs() -> None:
    result = normalise({"x": ROLLING, "y": ROLLING}, versions={"y": "v2.8.0-errors20"}, selected=["y"])
    assert list(result) == ["y"]
    assert result["y"]["version"] == result["y"]["pod_labels"]["version"] == "v2.8.0-errors20"


def test_ports_of_probes_and_scrapes_follow_the_http_port() -> None:
    entry = normalise({"x": {**ROLLING, "ports": {"http": 9000}, "scrape": {"port": 8080}}})["x"]
    assert entry["probes"]["readiness"]["port"] == 9000
    assert entry["scrape"]["port"] == 8080


def test_defaults_are_not_shared_between_entries() -> None:
    result = normalise({"x": ROLLING, "y": ROLLING})
    result["x"]["scheduling"]["tolerations"][0]["key"] = "changed"
    assert normalise({"z": ROLLING})["z"]["scheduling"]["tolerations"][0]["key"] != "changed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replica": 3}, "tradesense_services.x.replica: unknown key, did you mean 'replicas'?"),
        ({"zzz": 3}, "tradesense_services.x.zzz: unknown key, known: after, "),
        ({"replicas": -1}, "x.replicas: -1 is not accepted; give a whole number, 0 or more"),
        ({"replicas": "3"}, "x.replicas: '3' is not accepted; give a whole number, 0 or more"),
        ({"replicas": True}, "x.replicas: True is not accepted"),
        ({"strategy": "bluegreen"}, "x.strategy: unknown value 'bluegreen', did you mean 'blue_green'?"),
        ({"strategy": None}, "x.strategy: is missing; give one of rolling, blue_green, canary"),
        ({"image": None}, "x.image: is missing; give an image repository without a tag"),
        ({"image": "a/b:v1"}, "x.image: 'a/b:v1' carries a tag"),
        ({"image": "a/b@sha256:ab"}, "x.image: 'a/b@sha256:ab' carries a digest"),
        ({"image": "A b"}, "x.image: 'A b' is not accepted; give an image repository"),
        ({"version": "latest"}, "x.version: 'latest' is not accepted: the tag moves"),
        ({"version": "new"}, "x.version: 'new' is not accepted; give a version such as v2.8.0"),
        ({"version": 2.7}, "x.version: 2.7 is not accepted; give a version"),
        ({"version": "v1." + "0" * 70}, "63 characters at most"),
        ({"ports": {"http": 70000}}, "x.ports.http: 70000 is not accepted; give a whole number from 1 to 65535"),
        ({"ports": 80}, "x.ports: 80 is not accepted; give a mapping with keys out of http, metrics"),
        ({"ports": {"htp": 80}}, "x.ports.htp: unknown key, did you mean 'http'?"),
        ({"env": {"a-b": "1"}}, "x.env.a-b: 'a-b' is not accepted; give the name of an environment variable"),
        ({"env": {"A": ["x"]}}, "x.env.A: a list is not accepted; give a text, a number, true or false"),
        ({"labels": {"app": "mine"}}, "x.labels.app: the collection sets this label itself"),
        ({"resources": {"limits": {"cpu": "fast"}}}, "x.resources.limits.cpu: 'fast' is not accepted; give a quantity"),
        ({"exposure": {"path": "/"}}, "x.exposure.host: is missing; give a host name"),
        ({"after": ["y"]}, "tradesense_services.x.after[0]: the catalog has no service 'y'"),
        ({"after": "x"}, "x.after: a service cannot go after itself"),
        ({"after": {"y": 1}}, "x.after: a mapping is not accepted; give a list"),
        (
            {"rolling": {"max_surge": "30"}},
            "x.rolling.max_surge: '30' is not accepted; give a number of pods, or a percentage",
        ),
        ({"scheduling": {"tolerations": ["spot"]}}, "x.scheduling.tolerations[0]: 'spot' is not accepted"),
    ],
)
def test_a_mistake_is_named_with_entry_key_and_what_is_accepted(change: dict[str, object], message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        normalise({"x": {**ROLLING, **change}})
    assert message in error.value.sentence()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"canary": None}, "x.canary: is missing; strategy canary needs canary.steps"),
        ({"canary": {"steps": []}}, "x.canary.steps: there are no steps"),
        ({"canary": {}}, "x.canary.steps: there are no steps"),
        ({"exposure": None}, "x.exposure: is missing; strategy canary splits the traffic of an Ingress"),
        ({"canary": {"steps": [{"setWeight": 10}]}}, "steps[0].setWeight: unknown step, did you mean 'weight'?"),
        (
            {"canary": {"steps": [{"weight": 110}]}},
            "steps[0].weight: 110 is not accepted; give a whole number from 0 to 100",
        ),
        (
            {"canary": {"steps": [{"pause": "5 minutes"}]}},
            "steps[0].pause: '5 minutes' is not accepted; give a duration",
        ),
        ({"canary": {"steps": [{"pause": 0}]}}, "steps[0].pause: 0 is not accepted"),
        ({"canary": {"steps": [{"weight": 10, "pause": 3}]}}, "steps[0]: a mapping is not accepted; give one of"),
        ({"canary": {"steps": [10]}}, "steps[0]: 10 is not accepted"),
        ({"trading": False}, "steps[3]: analysis canary-analysis measures orders"),
    ],
)
def test_a_canary_that_could_not_run_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        normalise({"x": {**CANARY, **change}})
    assert message in error.value.sentence()


@pytest.mark.parametrize(
    ("catalog", "overrides", "message"),
    [
        ({}, None, "tradesense_services is empty"),
        (None, None, "tradesense_services is nothing, not a mapping"),
        ([ROLLING], None, "tradesense_services is a list, not a mapping"),
        ({"x": None}, None, "tradesense_services.x: the entry is blank"),
        ({"x": {}}, None, "tradesense_services.x: the entry is blank"),
        ({"x": "v1"}, None, "tradesense_services.x: 'v1' is not accepted; give a mapping of keys"),
        ({"x": ROLLING}, {"x": None}, "tradesense_service_overrides.x: the entry is blank"),
        ({"x": ROLLING}, ["x"], "tradesense_service_overrides is a list, not a mapping"),
        ({"user-service": ROLLING}, {"user-servce": {"replicas": 1}}, "did you mean 'user-service'?"),
        ({"tradesense-x": ROLLING}, None, "must not begin with 'tradesense-'"),
        ({"X y": ROLLING}, None, "give a service's name"),
        ({"x" * 45: ROLLING}, None, "give at most 44"),
    ],
)
def test_a_catalog_of_the_wrong_shape_is_refused(catalog: object, overrides: object, message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        normalise(catalog, overrides)
    assert message in error.value.sentence()


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(DeliveryError) as error:
        normalise({"x": {**ROLLING, "replicas": -1, "replica": 1}, "y": {**ROLLING, "image": None}})
    assert error.value.sentence().startswith("3 problems: ")
    assert "\n" not in error.value.sentence()


def test_a_mistake_outside_the_selection_is_named_too() -> None:
    with pytest.raises(DeliveryError, match=r"y\.image"):
        normalise({"x": ROLLING, "y": {**ROLLING, "image": None}}, selected=["x"])


def test_an_unknown_selected_service_is_refused() -> None:
    with pytest.raises(DeliveryError, match="did you mean 'user-service'"):
        normalise({"user-service": ROLLING}, selected=["user-servics"])


def test_migrations_are_off_unless_they_are_asked_for() -> None:
    assert normalise({"user-service": ROLLING})["user-service"]["migrations"] is None
    entry = normalise({"user-service": {**ROLLING, "migrations": {}}})["user-service"]
    assert entry["migrations"] == {
        "name": "tradesense-user-service-migrate",
        "labels": {**entry["pod_labels"], "app": "tradesense-user-service.migrate"},
        "command": ["migrate"],
        "timeout_seconds": 600,
        "retries": 1,
    }


def test_the_name_of_the_longest_services_migrations_leaves_room_for_a_hash() -> None:
    service = "a" * 40
    migrations = normalise({service: {**ROLLING, "migrations": {}}})[service]["migrations"]
    assert migrations
    assert len(f"{migrations['name']}-0123456789") <= 63
    assert len(migrations["labels"]["app"]) <= 63


def test_a_stateful_service_has_no_migrations() -> None:
    stateful = {"image": "postgres", "version": "16.4", "strategy": "stateful", "replicas": 1, "migrations": {}}
    with pytest.raises(DeliveryError, match=r"database\.migrations: a stateful service is not released"):
        normalise({"database": {**stateful, "stateful": {"engine": "postgres_primary"}}})
