# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The configuration files that the launcher writes for Prometheus and kwokctl."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from sandbox.launcher.kwok import COMPONENTS, parse_components
from sandbox.launcher.kwok import render_config as render_kwok
from sandbox.launcher.prometheus import render_config
from sandbox.launcher.state import PORTS


class Rule(TypedDict, total=False):
    source_labels: list[str]
    separator: str
    regex: str
    replacement: str
    target_label: str
    action: str


def rules() -> list[Rule]:
    config = yaml.safe_load(render_config(Path("/somewhere/kubeconfig"), 20001))
    return cast("list[Rule]", config["scrape_configs"][0]["relabel_configs"])


def relabel(labels: dict[str, str]) -> dict[str, str] | None:
    """Do what Prometheus does with these rules: the resulting target labels, None when the target is dropped."""
    result = dict(labels)
    for rule in rules():
        value = rule.get("separator", ";").join(result.get(name, "") for name in rule.get("source_labels", []))
        match = re.fullmatch(rule.get("regex", "(.*)"), value)
        if rule.get("action") == "keep":
            if match is None:
                return None
        elif match is not None:
            result[rule["target_label"]] = match.expand(rule.get("replacement", "$1").replace("$", "\\"))
    return {name: value for name, value in result.items() if not name.startswith("__meta_") and value}


def pod(**more: str) -> dict[str, str]:
    labels = {
        "namespace": "tradesense-production",
        "pod_name": "tradesense-trading-service-5df-abcde",
        "pod_phase": "Running",
        "pod_annotation_prometheus_io_scrape": "true",
        "pod_label_app": "tradesense-trading-service",
        **more,
    }
    return {"__address__": "10.0.0.7:8080", **{f"__meta_kubernetes_{name}": value for name, value in labels.items()}}


def test_a_pod_of_a_rollout_is_asked_through_the_simulator() -> None:
    assert relabel(pod(pod_label_rollouts_pod_template_hash="5df")) == {
        "__address__": "127.0.0.1:20001",
        "__metrics_path__": "/pods/tradesense-production/tradesense-trading-service-5df-abcde/metrics",
        "namespace": "tradesense-production",
        "pod": "tradesense-trading-service-5df-abcde",
        "instance": "tradesense-trading-service-5df-abcde",
        "service": "tradesense-trading-service",
        "rollouts_pod_template_hash": "5df",
    }


def test_a_pod_of_a_deployment_has_its_hash_under_the_same_name() -> None:
    target = relabel(pod(pod_label_pod_template_hash="7c4"))
    assert target is not None
    assert target["rollouts_pod_template_hash"] == "7c4"


def test_the_hash_of_a_rollout_comes_first() -> None:
    target = relabel(pod(pod_label_pod_template_hash="7c4", pod_label_rollouts_pod_template_hash="5df"))
    assert target is not None
    assert target["rollouts_pod_template_hash"] == "5df"


@pytest.mark.parametrize(
    "more",
    [
        {"pod_phase": "Pending"},
        {"pod_phase": "Succeeded"},
        {"pod_annotation_prometheus_io_scrape": "false"},
        {"pod_annotation_prometheus_io_scrape": ""},
    ],
)
def test_other_pods_are_left_out(more: dict[str, str]) -> None:
    assert relabel(pod(**more)) is None


def test_prometheus_finds_pods_through_the_kubeconfig() -> None:
    config = yaml.safe_load(render_config(Path("/somewhere/kubeconfig"), 20001))
    discovery = config["scrape_configs"][0]["kubernetes_sd_configs"]
    assert discovery == [{"role": "pod", "kubeconfig_file": "/somewhere/kubeconfig"}]
    assert config["global"]["scrape_timeout"] == config["global"]["scrape_interval"]


def _kwok() -> dict[str, object]:
    programs = {name: Path("/cache") / name for name in [*COMPONENTS.values(), "kubectl"]}
    ports = {name: 20000 + index for index, name in enumerate(PORTS)}
    return cast(
        "dict[str, object]", next(yaml.safe_load_all(render_kwok("two", ports, programs, Path("/certificates"))))
    )


def test_the_control_plane_listens_on_loopback_and_enforces_authorization() -> None:
    options = cast("dict[str, object]", _kwok()["options"])
    assert options["bindAddress"] == "127.0.0.1"
    assert options["kubeAuthorization"] is True
    assert options["securePort"] is True


def test_every_program_of_the_control_plane_is_ours() -> None:
    options = cast("dict[str, object]", _kwok()["options"])
    binaries = {str(value) for name, value in options.items() if name.endswith("Binary")}
    assert binaries == {f"/cache/{name}" for name in [*COMPONENTS.values(), "kubectl"]}


def _arguments(component: str) -> dict[str, str]:
    patches = cast("list[dict[str, object]]", _kwok()["componentsPatches"])
    (extra,) = [cast("list[dict[str, str]]", patch["extraArgs"]) for patch in patches if patch["name"] == component]
    return {argument["key"]: argument["value"] for argument in extra}


def test_the_api_server_forwards_with_a_certificate_that_is_good_for_nothing_else() -> None:
    arguments = _arguments("kube-apiserver")
    assert arguments["proxy-client-cert-file"] == "/certificates/front-proxy-client.crt"
    assert arguments["proxy-client-key-file"] == "/certificates/front-proxy-client.key"
    assert arguments["requestheader-client-ca-file"] == "/certificates/front-proxy-ca.crt"
    assert arguments["requestheader-allowed-names"] == "front-proxy-client"
    assert arguments["requestheader-username-headers"] == "X-Remote-User"
    assert arguments["requestheader-group-headers"] == "X-Remote-Group"
    assert arguments["requestheader-extra-headers-prefix"] == "X-Remote-Extra-"


def test_the_autoscaler_keeps_pace_with_the_sandbox() -> None:
    arguments = _arguments("kube-controller-manager")
    assert arguments["horizontal-pod-autoscaler-sync-period"] == "1s"
    assert arguments["leader-elect"] == "false"


def test_components_are_read_from_what_kwokctl_keeps() -> None:
    text = """\
kind: KwokctlConfiguration
components:
- name: etcd
  binary: /somewhere/bin/etcd
  args: [--name=node0]
  workDir: /somewhere
- name: kwok-controller
  binary: /somewhere/bin/kwok
  workDir: /somewhere
  envs: [{name: A, value: b}, {name: EMPTY}]
---
kind: KwokctlResource
"""
    found = parse_components(text)
    assert found["etcd"].argv == ("/somewhere/bin/etcd", "--name=node0")
    assert found["kwok-controller"].env == {"A": "b", "EMPTY": ""}


def test_no_components_where_there_are_none() -> None:
    assert parse_components("kind: KwokctlConfiguration\n") == {}
    assert parse_components("") == {}
