# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How the launcher makes the simulator's metrics APIs known to the API server."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography import x509

from sandbox.launcher.api import ClusterApi
from sandbox.launcher.certificates import METRICS_CA, METRICS_NAMESPACE, METRICS_SERVICE, write_certificates
from sandbox.launcher.contents import register_metrics
from sandbox.launcher.down import take_down
from sandbox.launcher.layout import layout_for
from sandbox.launcher.parts import api_checks, checks
from sandbox.launcher.state import PORTS

PORT_OF = {name: 20000 + index for index, name in enumerate(PORTS)}


class Recorder(ClusterApi):
    """Keeps what would be applied."""

    def __init__(self) -> None:
        super().__init__(0, Path())
        self.applied: dict[str, Any] = {}

    def apply(self, path: str, manifest: bytes) -> object:
        self.applied[path] = json.loads(manifest)
        return None


def registered(port: int = 20099) -> dict[str, Any]:
    api = Recorder()
    register_metrics(api, port, b"an authority")
    return api.applied


def test_a_service_that_leads_to_this_machine_stands_for_the_apis() -> None:
    path = f"/api/v1/namespaces/{METRICS_NAMESPACE}/services/{METRICS_SERVICE}"
    assert registered()[path]["spec"] == {"type": "ExternalName", "externalName": "127.0.0.1"}


def test_both_apis_are_registered_with_the_authority_that_the_api_server_is_to_believe() -> None:
    applied = registered()
    services = {path: item["spec"] for path, item in applied.items() if item["kind"] == "APIService"}
    assert [path.rpartition("/")[2] for path in services] == ["v1beta1.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"]
    for spec in services.values():
        assert base64.b64decode(spec["caBundle"]) == b"an authority"
        assert "insecureSkipTLSVerify" not in spec
        assert spec["service"] == {"namespace": METRICS_NAMESPACE, "name": METRICS_SERVICE, "port": 20099}


def test_registering_again_makes_the_api_server_look_again() -> None:
    first, second = ([item["metadata"].get("annotations") for item in registered().values()] for _ in range(2))
    assert first != second


def test_health_is_asked_of_the_api_server(tmp_path: Path) -> None:
    layout = layout_for(tmp_path, "default")
    found = api_checks(layout, PORT_OF)
    assert {name: check.path for name, check in found.items()} == {
        "metrics.k8s.io": "/apis/metrics.k8s.io/v1beta1",
        "custom.metrics.k8s.io": "/apis/custom.metrics.k8s.io/v1beta2",
    }
    assert {check.port for check in found.values()} == {checks(layout, PORT_OF)["kube-apiserver"].port}
    assert all(check.https and check.pki == layout.pki for check in found.values())


def test_certificates_are_for_the_name_that_the_api_server_asks_for(tmp_path: Path) -> None:
    write_certificates(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / METRICS_CA).read_bytes())
    serving = x509.load_pem_x509_certificate((tmp_path / "metrics.crt").read_bytes())
    serving.verify_directly_issued_by(authority)
    names = serving.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [f"{METRICS_SERVICE}.{METRICS_NAMESPACE}.svc"]
    proxy_authority = x509.load_pem_x509_certificate((tmp_path / "front-proxy-ca.crt").read_bytes())
    assert proxy_authority.public_key() != authority.public_key()


def test_certificates_go_with_the_sandbox(tmp_path: Path) -> None:
    layout = layout_for(tmp_path, "default")
    write_certificates(layout.certificates)
    take_down(layout)
    assert not layout.certificates.exists()
