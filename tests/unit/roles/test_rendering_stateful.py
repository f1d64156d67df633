# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The StatefulSets, their Services and what their pods mount. What the files do is for tests/stateful."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.unit.roles.rendered import ENVIRONMENTS, ROOT, SECRETS, Objects, objects

PRIMARY, REPLICA, REDIS, MONITORING = (
    f"tradesense-{name}" for name in ("postgres-primary", "postgres-replica", "redis-cluster", "monitoring-stack")
)
EVERY = (PRIMARY, REPLICA, REDIS, MONITORING)
TEMPLATES = ROOT / "roles" / "workloads" / "templates" / "stateful"


def rendered(environment: str, *extra: str) -> Objects:
    """Return what the role renders for stateful services."""
    only = json.dumps([environment, "workloads", "configuration", "statefulsets", "disruption_budgets"])
    return objects(environment, f"ONLY={only}", *extra)


def spec_of(environment: str, name: str, *extra: str) -> dict[str, Any]:
    """Return the spec of a StatefulSet."""
    found: dict[str, Any] = rendered(environment, *extra)["StatefulSet", name]["spec"]
    return found


def files_of(environment: str, name: str) -> dict[str, str]:
    """Return what the ConfigMap of a stateful service holds, checked to be what its pods mount."""
    volumes = {one["name"]: one for one in spec_of(environment, name)["template"]["spec"]["volumes"]}
    found = rendered(environment)["ConfigMap", volumes["files"]["configMap"]["name"]]
    assert found["immutable"] is True
    return {str(key): str(text) for key, text in found["data"].items()}


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all containers of a pod template."""
    pod = spec["template"]["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pods_satisfy_pod_security_restricted(environment: str) -> None:
    for name in EVERY:
        spec = spec_of(environment, name)
        pod = spec["template"]["spec"]["securityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] == pod["fsGroup"] == (65534 if name == MONITORING else 999)
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {next(key for key in one if key != "name") for one in spec["template"]["spec"]["volumes"]} <= {
            *("configMap", "secret", "emptyDir"),
        }
        for container in containers(spec):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}
            assert container["image"].rpartition(":")[2][-1].isdigit(), "an exact version"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_secrets_are_files_and_nowhere_else(environment: str) -> None:
    for name in EVERY:
        spec = spec_of(environment, name)
        (volume,) = (one for one in spec["template"]["spec"]["volumes"] if one["name"] == "secrets")
        assert volume["secret"]["defaultMode"] == 0o440
        assert ("Secret", volume["secret"]["secretName"]) in rendered(environment)
        for container in containers(spec):
            assert "envFrom" not in container
            assert not [one for one in container.get("env", []) if "secretKeyRef" in one.get("valueFrom", {})]
        text = json.dumps([spec, files_of(environment, name)])
        assert not [value for value in SECRETS.values() if value in text]


def test_each_gets_the_keys_it_needs_and_no_other() -> None:
    found = rendered("production")
    keys = {
        name.rpartition("-secrets-")[0]: sorted(item["data"])
        for (kind, name), item in found.items()
        if kind == "Secret" and name.startswith(EVERY)
    }
    assert keys == {
        PRIMARY: ["DB_PASSWORD", "DB_REPLICATION_PASSWORD", "DB_SUPERUSER_PASSWORD", "DB_USERNAME"],
        REPLICA: ["DB_REPLICATION_PASSWORD"],
        REDIS: ["REDIS_PASSWORD"],
        MONITORING: ["ALERT_WEBHOOK_URL"],
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_are_called_as_the_urls_say(environment: str) -> None:
    found = rendered(environment)
    for name, pods, port in (
        ("postgres-primary", PRIMARY, 5432),
        ("postgres-replica", REPLICA, 5432),
        ("redis-cluster", REDIS, 6379),
        ("prometheus", MONITORING, 9090),
        ("alertmanager", MONITORING, 9093),
    ):
        service = found["Service", name]
        assert service["metadata"]["namespace"] == (
            "tradesense-monitoring" if pods == MONITORING else f"tradesense-{environment}"
        )
        assert service["spec"]["selector"] == {"app": pods}
        assert [(one["port"], one["targetPort"]) for one in service["spec"]["ports"]] == [(port, port)]
    for name in EVERY:
        headless = found["Service", spec_of(environment, name)["serviceName"]]["spec"]
        assert (headless["clusterIP"], headless["publishNotReadyAddresses"]) == ("None", True)


@pytest.mark.parametrize(
    ("environment", "storage"),
    [
        ("production", ("100Gi", "100Gi", "10Gi", "50Gi")),
        ("staging", ("20Gi", "20Gi", "5Gi", "50Gi")),
        ("development", ("1Gi", "1Gi", "1Gi", "50Gi")),
    ],
)
def test_volumes_are_of_the_catalogs_size_and_stay(environment: str, storage: tuple[str, ...]) -> None:
    for name, size in zip(EVERY, storage, strict=True):
        spec = spec_of(environment, name)
        (claim,) = spec["volumeClaimTemplates"]
        assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_the_database_is_the_one_of_the_url() -> None:
    (initialise,) = spec_of("production", PRIMARY)["template"]["spec"]["initContainers"]
    assert {"name": "DATABASE", "value": "tradesense_production"} in initialise["env"]
    (clone,) = spec_of("production", REPLICA)["template"]["spec"]["initContainers"]
    assert {"name": "PRIMARY_HOST", "value": "postgres-primary"} in clone["env"]
    assert 'host    "tradesense_production"  all  all  scram-sha-256' in files_of("production", PRIMARY)["pg_hba.conf"]


def test_memory_and_disk_follow_the_catalog() -> None:
    config = files_of("production", PRIMARY)["postgresql.conf"]
    assert "shared_buffers = 256MB" in config
    assert "max_slot_wal_keep_size = 25600MB" in config
    redis = spec_of("production", REDIS)["template"]["spec"]["containers"][0]
    assert {"name": "MEMORY_MIB", "value": "1024"} in redis["env"]
    prometheus = spec_of("production", MONITORING)["template"]["spec"]["containers"][0]
    assert "--storage.tsdb.retention.size=40960MB" in prometheus["args"]


def test_redis_nodes_start_together_and_know_all_their_peers() -> None:
    spec = spec_of("production", REDIS)
    assert (spec["replicas"], spec["podManagementPolicy"]) == (6, "Parallel")
    keeper = spec["template"]["spec"]["containers"][1]
    (peers,) = (one["value"].split() for one in keeper["env"] if one["name"] == "PEERS")
    assert peers == [f"{REDIS}-{number}.{REDIS}:6379" for number in range(6)]


def test_prometheus_finds_the_pods_of_the_environments_and_labels_them_as_the_sandboxs_does() -> None:
    config = yaml.safe_load(files_of("production", MONITORING)["prometheus.yml"])
    job = config["scrape_configs"][0]
    (discovery,) = job["kubernetes_sd_configs"]
    assert discovery["namespaces"]["names"] == ["tradesense-production", "tradesense-staging", "tradesense-development"]
    labels = {rule.get("target_label") for rule in job["relabel_configs"]}
    assert labels >= {"namespace", "pod", "instance", "service", "rollouts_pod_template_hash"}


def test_the_environments_of_a_cluster_agree_about_what_they_share() -> None:
    for kind, name in rendered("production"):
        if name.startswith(MONITORING) or name in ("prometheus", "alertmanager"):
            one, *others = (rendered(environment)[kind, name] for environment in ENVIRONMENTS)
            assert others == [one, one], f"{kind} {name}"


def test_alerts_go_where_the_secret_says() -> None:
    config = yaml.safe_load(files_of("production", MONITORING)["alertmanager.yml"])
    (receiver,) = config["receivers"]
    assert receiver["webhook_configs"] == [
        {"url_file": "/etc/tradesense-secrets/ALERT_WEBHOOK_URL", "send_resolved": True}
    ]
    assert {route["receiver"] for route in [config["route"], *config["route"]["routes"]]} == {receiver["name"]}


def test_without_the_secret_alerts_are_only_shown() -> None:
    catalog = {
        "monitoring-stack": {
            "image": "prom/prometheus",
            "version": "v2.54.1",
            "strategy": "stateful",
            "scope": "monitoring",
            "stateful": {"engine": "prometheus", "storage_class": "fast"},
        }
    }
    extra = (
        f"workloads_services={json.dumps(catalog)}",
        "workloads_overrides={}",
        'workloads_selected=["monitoring-stack"]',
    )
    found = rendered("production", *extra)
    (config_map,) = (item for (kind, _name), item in found.items() if kind == "ConfigMap")
    assert yaml.safe_load(config_map["data"]["alertmanager.yml"])["receivers"] == [{"name": "operators"}]
    spec = spec_of("production", MONITORING, *extra)
    assert [one["name"] for one in spec["template"]["spec"]["volumes"]] == ["files"]
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"


@pytest.mark.parametrize(("name", "folder"), [(PRIMARY, "postgres"), (REPLICA, "postgres"), (REDIS, "redis")])
def test_scripts_reach_the_pods_as_they_are_written(name: str, folder: str) -> None:
    files = files_of("development", name)
    scripts = [file for file in files if file.endswith(".sh")]
    assert scripts
    for file in scripts:
        assert files[file] == (TEMPLATES / folder / file).read_text(encoding="utf-8")
    spec = spec_of("development", name)["template"]["spec"]
    called = [word for container in containers({"template": {"spec": spec}}) for word in _scripts(container)]
    assert {word.rpartition("/")[2] for word in called} <= set(files)


def _scripts(container: dict[str, Any]) -> list[str]:
    hooks = container.get("lifecycle", {}).get("preStop", {})
    given = [container, hooks.get("exec", {})]
    given += [container[key]["exec"] for key in container if key.endswith("Probe")]
    return [word for one in given for word in one.get("command", []) if word.endswith(".sh")]


def test_updates_are_apart_from_what_is_kept() -> None:
    """Either task of the role renders a service, never both."""
    update = 'workloads_update_stateful="redis-cluster, postgres-replica"'
    kept = rendered("production", update)
    changed = rendered("production", update, "__workloads_updating=true")
    assert {name for kind, name in kept if kind == "StatefulSet"} == {PRIMARY, MONITORING}
    assert {name for kind, name in changed if kind == "StatefulSet"} == {REDIS, REPLICA}
