# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""TLS: who is trusted, who is let in, and what is told when not."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import QueryFailure

from tests.unit.plugins.fake_prometheus import ONE, connected, fake_prometheus


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 that is its own authority, and one of somebody else's."""
    folder = tmp_path_factory.mktemp("pki")
    for name, address in (("own", "127.0.0.1"), ("other", "127.0.0.2")):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{address}"]
        subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    return folder


def server(pki: Path, *, demanding: bool = False, name: str = "own") -> ssl.SSLContext:
    """Return a server's side of TLS; `demanding`: it wants a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
    if demanding:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki / "own.pem")
    return context


def test_an_authority_that_is_given_is_trusted(pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # requests would prefer this one to a session's.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pki / "other.pem"))
    warnings: list[str] = []
    with (
        fake_prometheus(server(pki)) as fake,
        connected(fake.address, warnings, ca_cert=str(pki / "own.pem")) as prometheus,
    ):
        fake.say(ONE)
        assert prometheus.query("up").samples
    assert warnings == []


@pytest.mark.parametrize(
    ("options", "name"), [({}, "own"), ({"ca_cert": "other"}, "own"), ({"ca_cert": "other"}, "other")]
)
def test_a_certificate_that_is_not_trusted_is_told_at_once(pki: Path, options: dict[str, str], name: str) -> None:
    """Nobody's, somebody else's, and one for another address."""
    given: dict[str, Any] = {option: str(pki / f"{file}.pem") for option, file in options.items()}
    with fake_prometheus(server(pki, name=name)) as fake, connected(fake.address, **given) as prometheus:
        fake.say(ONE)
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert failure.value.reason == "CertificateNotTrusted"
    assert not failure.value.transient
    assert "prometheus_ca_cert" in failure.value.hint
    assert fake.asked == []


def test_without_verification_there_is_one_warning(pki: Path, recwarn: pytest.WarningsRecorder) -> None:
    warnings: list[str] = []
    with fake_prometheus(server(pki)) as fake, connected(fake.address, warnings, validate_certs=False) as prometheus:
        fake.say(ONE)
        assert prometheus.query("up").samples
        assert prometheus.query("up").samples
    assert warnings == [
        f"The certificate of {fake.address} is not verified, because prometheus_validate_certs is false."
    ]
    assert len(recwarn) == 0


def test_a_client_certificate_is_shown(pki: Path) -> None:
    both = pki / "both.pem"
    both.write_text((pki / "own.pem").read_text() + (pki / "own.key").read_text(), encoding="utf-8")
    trust: dict[str, Any] = {"ca_cert": str(pki / "own.pem")}
    pair: dict[str, Any] = {"client_cert": str(pki / "own.pem"), "client_key": str(pki / "own.key")}
    for options in (pair, {"client_cert": str(both)}):
        with (
            fake_prometheus(server(pki, demanding=True)) as fake,
            connected(fake.address, **trust, **options) as prometheus,
        ):
            fake.say(ONE)
            assert prometheus.query("up").samples


@pytest.mark.parametrize("name", ["", "other"])
def test_a_server_that_wants_another_client_certificate(pki: Path, name: str) -> None:
    shown: dict[str, Any] = (
        {"client_cert": str(pki / f"{name}.pem"), "client_key": str(pki / f"{name}.key")} if name else {}
    )
    trust: dict[str, Any] = {"ca_cert": str(pki / "own.pem")}
    with fake_prometheus(server(pki, demanding=True)) as fake, connected(fake.address, **trust, **shown) as prometheus:
        fake.say(ONE)
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert fake.asked == []
    # The server's last word may be lost, because it hangs up right after it.
    said = failure.value.sentence()
    assert "client certificate" in said or "cut the connection" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "options",
    [
        {"client_cert": "own.pem", "client_key": "other.key"},
        {"client_cert": "own.key", "client_key": "own.pem"},
        {"ca_cert": "own.key"},
    ],
)
def test_files_that_are_not_what_they_should_be(pki: Path, options: dict[str, str]) -> None:
    given: dict[str, Any] = {
        "ca_cert": str(pki / "own.pem"),
        **{option: str(pki / file) for option, file in options.items()},
    }
    with fake_prometheus(server(pki)) as fake, connected(fake.address, **given) as prometheus:
        fake.say(ONE)
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert failure.value.reason == "TLSFailed"
    assert failure.value.hint


def test_https_to_a_server_that_speaks_http() -> None:
    with fake_prometheus() as fake, connected(fake.address.replace("http:", "https:")) as prometheus:
        fake.say(ONE)
        with pytest.raises(QueryFailure, match="TLS handshake") as failure:
            prometheus.query("up")
    assert failure.value.reason == "TLSFailed"
