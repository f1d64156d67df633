# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The sandbox's metrics APIs, through the API server as the autoscaler asks them."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.accounts import kubeconfig_of, rule
from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.objects import routed
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import start
from tests.integration.support.traffic import set_load

METRICS, CUSTOM = "/apis/metrics.k8s.io/v1beta1", "/apis/custom.metrics.k8s.io/v1beta2"
API_SERVICE = "apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
LOAD = 400

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def kubectl(sandbox: Sandbox) -> Kubectl:
    """Kubectl, as an administrator or with another kubeconfig."""

    def run(*arguments: str, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(sandbox.kubectl), "--kubeconfig", str(kubeconfig or sandbox.kubeconfig), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    return run


@pytest.fixture
def busy(space: Space, sandbox: Sandbox) -> Iterator[Space]:
    """A namespace with two pods of `web` that share 400 requests a second."""
    set_load(sandbox.simulator, space.name, LOAD)
    manifests = routed("web")
    container = manifests[-1]["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "1", "memory": "1000Mi"}}
    start(space, *manifests)
    yield space
    set_load(sandbox.simulator, space.name, None)


def test_kubectl_reads_the_pods_rates_and_usage(busy: Space, kubectl: Kubectl) -> None:
    """Two pods, 200 requests a second each: more than a core each by the model, and 40 % of their memory."""

    def raw(path: str) -> list[Obj]:
        done = kubectl("get", "--raw", path)
        assert done.returncode == 0, done.stderr
        found: list[Obj] = json.loads(done.stdout)["items"]
        return found

    rates = f"{CUSTOM}/namespaces/{busy.name}/pods/*/custom_requests_per_second"

    def settled() -> list[Obj]:
        items = raw(f"{rates}?labelSelector=app%3Dweb")
        return items if sum(_number(item["value"]) for item in items) > 0.9 * LOAD else []

    items: list[Obj] = busy.until(settled, "the whole load in the metrics")
    pods = {pod["metadata"]["name"] for pod in busy.list("Pod")}
    assert {item["describedObject"]["name"] for item in items} == pods
    assert [_number(item["value"]) for item in items] == pytest.approx([LOAD / 2] * 2, rel=0.2)
    assert raw(f"{rates}?labelSelector=app%3Dother") == []
    for item in raw(f"{METRICS}/namespaces/{busy.name}/pods"):
        (container,) = item["containers"]
        assert _number(container["usage"]["cpu"]) == pytest.approx(1.05, rel=0.2)
        assert _number(container["usage"]["memory"]) == pytest.approx(0.4 * 1000 * 1024, rel=0.2)
    top = kubectl("top", "pods", "-n", busy.name)
    assert sorted(line.split()[0] for line in top.stdout.splitlines()[1:]) == sorted(pods)
    nodes = kubectl("top", "nodes")
    assert nodes.returncode == 0, nodes.stderr


def test_the_api_server_decides_who_may_read_them(busy: Space, kubectl: Kubectl, tmp_path: Path) -> None:
    """Rights on the metrics are rights like any other."""
    path = f"{METRICS}/namespaces/{busy.name}/pods"
    reader = kubeconfig_of(busy, "reader", [rule("metrics.k8s.io", ["pods"], "list")], tmp_path)
    assert kubectl("get", "--raw", path, kubeconfig=reader).returncode == 0
    other = kubeconfig_of(busy, "other", [rule("", ["pods"], "list")], tmp_path)
    refused = kubectl("get", "--raw", path, kubeconfig=other)
    assert refused.returncode != 0
    assert "Forbidden" in refused.stderr


def test_nobody_else_is_answered(cluster: Cluster) -> None:
    """Without the front proxy's certificate the handshake fails, with the cluster administrator's too."""
    spec = cluster.request("GET", API_SERVICE)["spec"]
    authority = base64.b64decode(spec["caBundle"]).decode()
    name = f"{spec['service']['name']}.{spec['service']['namespace']}.svc"
    for certificate in (None, cluster.client_cert):
        tls = ssl.create_default_context(cadata=authority)
        if certificate:
            tls.load_cert_chain(*certificate)
        address = ("127.0.0.1", spec["service"]["port"])
        with socket.create_connection(address, timeout=10) as plain, pytest.raises(ssl.SSLError) as caught:
            tls.wrap_socket(plain, server_hostname=name).recv(1)
        assert caught.value.reason in ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_UNKNOWN_CA")


def _number(quantity: Any) -> float:
    units = {"m": 1e-3, "n": 1e-9, "Ki": 1.0}
    for unit, factor in units.items():
        if str(quantity).endswith(unit):
            return float(str(quantity).removesuffix(unit)) * factor
    return float(quantity)
