# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may ask the metrics APIs: over real TLS, with the certificates that the launcher makes."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.launcher.certificates import METRICS_CA, PROXY_CERTIFICATE, PROXY_KEY, write_certificates
from sandbox.simulator.aggregated import AggregatedServer, common_name
from sandbox.simulator.metrics_apis import MetricsApis
from sandbox.simulator.world import World

HOST = "sandbox-metrics.kube-system.svc"
AS_USER = {"X-Remote-User": "somebody"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder


@pytest.fixture
def server(certificates: Path) -> Iterator[AggregatedServer]:
    found = AggregatedServer(("127.0.0.1", 0), MetricsApis(World()), certificates)
    found.serve_in_background()
    yield found
    found.shutdown()
    found.server_close()


def context(certificates: Path, proxy: Path | None) -> ssl.SSLContext:
    """What the API server uses: it believes one authority, and checks the name of the Service."""
    made = ssl.create_default_context(cafile=str(certificates / METRICS_CA))
    if proxy is not None:
        made.load_cert_chain(proxy / PROXY_CERTIFICATE, proxy / PROXY_KEY)
    return made


def connect(server: AggregatedServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=5)


def ask(server: AggregatedServer, tls: ssl.SSLContext, headers: dict[str, str], body: str = "") -> tuple[int, object]:
    with connect(server) as plain:
        connection = http.client.HTTPConnection(HOST)
        connection.sock = tls.wrap_socket(plain, server_hostname=HOST)
        for _ in range(2):
            connection.request("GET", "/apis/metrics.k8s.io/v1beta1/pods", body=body or None, headers=headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        connection.close()
        return answer.status, found


def refusal(server: AggregatedServer, tls: ssl.SSLContext) -> str:
    """Why the server ends the handshake; in TLS 1.3 a client learns it when it reads."""
    with connect(server) as plain, pytest.raises(ssl.SSLError) as caught:
        tls.wrap_socket(plain, server_hostname=HOST).recv(1)
    return str(caught.value.reason)


def test_the_front_proxy_is_answered_on_one_connection(server: AggregatedServer, certificates: Path) -> None:
    status, found = ask(server, context(certificates, certificates), AS_USER)
    assert status == 200
    assert isinstance(found, dict)
    assert found["kind"] == "PodMetricsList"
    # The next request begins behind the body of this one.
    assert ask(server, context(certificates, certificates), AS_USER, body="ignored")[0] == 200


def test_without_a_certificate_there_is_no_answer(server: AggregatedServer, certificates: Path) -> None:
    assert refusal(server, context(certificates, None)) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def test_a_certificate_of_another_authority_does_not_do(
    server: AggregatedServer, certificates: Path, tmp_path: Path
) -> None:
    write_certificates(tmp_path)
    assert refusal(server, context(certificates, tmp_path)) == "TLSV1_ALERT_UNKNOWN_CA"


def test_the_servers_own_certificate_does_not_do(server: AggregatedServer, certificates: Path) -> None:
    tls = context(certificates, None)
    tls.load_cert_chain(certificates / "metrics.crt", certificates / "metrics.key")
    assert refusal(server, tls) == "TLSV1_ALERT_UNKNOWN_CA"


def test_a_request_for_nobody_is_refused(server: AggregatedServer, certificates: Path) -> None:
    status, found = ask(server, context(certificates, certificates), {})
    assert status == 401
    assert isinstance(found, dict)
    assert found["reason"] == "Unauthorized"


def test_a_client_that_says_nothing_holds_nobody_up(server: AggregatedServer, certificates: Path) -> None:
    with connect(server):
        assert ask(server, context(certificates, certificates), AS_USER)[0] == 200


def test_the_name_in_a_certificate() -> None:
    assert common_name({"subject": ((("organizationName", "o"),), (("commonName", "front-proxy-client"),))}) == (
        "front-proxy-client"
    )
    assert common_name({}) == ""


def test_certificates_that_cannot_be_read_are_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        AggregatedServer(("127.0.0.1", 0), MetricsApis(World()), tmp_path)


def test_keys_are_the_owners_alone_and_those_of_the_authorities_are_forgotten(certificates: Path) -> None:
    assert sorted(path.name for path in certificates.iterdir()) == [
        "front-proxy-ca.crt",
        "front-proxy-client.crt",
        "front-proxy-client.key",
        "metrics-ca.crt",
        "metrics.crt",
        "metrics.key",
    ]
    for path in certificates.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
