# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From options to an address and credentials: nothing contradicting, no secret where it can be read."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

from tests.unit.plugins.fake_prometheus import access

URL = "http://prometheus.example:9090"
SECRET = "swordfish"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URL, URL),
        (f" {URL}/ ", URL),
        ("https://example.org/prometheus/", "https://example.org/prometheus"),
        ("http://[::1]:9090", "http://[::1]:9090"),
        ("https://jane:pass@example.org:8443/x", "https://example.org:8443/x"),
    ],
)
def test_addresses(url: str, address: str) -> None:
    assert access(url).address == address


@pytest.mark.parametrize(
    "url",
    [
        "prometheus.example:9090",
        "prometheus.example",
        "ftp://prometheus.example",
        "http://",
        f"http://jane:{SECRET}@",
        f"jane:{SECRET}@prometheus.example",
        f"http://jane:{SECRET}/@prometheus.example",
        f"{URL}/?token={SECRET}",
        f"{URL}/#{SECRET}",
        f"http://jane:{SECRET}@prometheus.example:port",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DeliveryError, match="prometheus_url is not an address") as error:
        access(url)
    assert error.value.reason == "BadOption"
    assert SECRET not in error.value.sentence()


@pytest.mark.parametrize("url", ["", "  ", None])
def test_without_an_address_the_variable_is_named(url: Any) -> None:
    with pytest.raises(DeliveryError, match="no Prometheus is named") as error:
        access(url)
    assert error.value.reason == "NoAddress"
    assert "TRADESENSE_PROMETHEUS_URL" in error.value.hint


def test_identities() -> None:
    assert access(URL).identity == ""
    assert access(URL, token=f"{SECRET}\n").identity == f"Bearer {SECRET}"
    jane = base64.b64encode(b"jane:s%w\xc3\xb6rd").decode()
    assert access(URL, username="jane", password="s%wörd").identity == f"Basic {jane}"
    assert access("http://jane:s%25w%C3%B6rd@prometheus.example").identity == f"Basic {jane}"
    assert access(URL, username="jane").identity == f"Basic {base64.b64encode(b'jane:').decode()}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": SECRET, "username": "jane", "password": SECRET}, "only one can be used"),
        ({"url": f"http://jane:{SECRET}@p", "token": SECRET}, "only one can be used"),
        ({"url": f"http://jane:{SECRET}@p", "username": "joe"}, "only one can be used"),
        ({"password": SECRET}, "prometheus_username is not"),
        ({"client_key": __file__}, "prometheus_client_cert is not"),
        ({"token": f"{SECRET}\nx"}, "the header Authorization"),
        ({"token": f"{SECRET}ö"}, "the header Authorization"),
        ({"headers": {"X-Key": f"a\r\n{SECRET}"}}, "the header X-Key"),
        ({"headers": {"X Key": SECRET}}, "the header X Key"),
        ({"ca_cert": "/nowhere/ca.pem"}, "prometheus_ca_cert does not exist: /nowhere/ca.pem"),
        ({"client_cert": "/nowhere/cert.pem"}, "prometheus_client_cert does not exist"),
        ({"client_cert": __file__, "client_key": "/nowhere/key.pem"}, "prometheus_client_key does not exist"),
        ({"request_timeout": 0}, "request_timeout must be above 0"),
        ({"request_timeout": -1}, "request_timeout must be above 0"),
        ({"retries": -1}, "prometheus_retries must be 0 or more"),
    ],
)
def test_options_that_cannot_be_used_are_refused_without_a_secret(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DeliveryError) as error:
        access(options.pop("url", URL), **options)
    assert words in error.value.msg
    assert error.value.reason == "BadOption"
    assert SECRET not in error.value.sentence()


def test_no_secret_is_in_its_representation() -> None:
    for made in (
        access(URL, token=SECRET),
        access(URL, username="jane", password=SECRET),
        access(f"http://jane:{SECRET}@p"),
        access(URL, headers={"X-Key": SECRET}),
    ):
        assert SECRET not in repr(made)
        assert base64.b64encode(f"jane:{SECRET}".encode()).decode() not in repr(made)


def test_an_answer_is_cleared_of_the_secrets_it_repeats() -> None:
    basic = base64.b64encode(f"jane:{SECRET}".encode())
    made = access(URL, username="jane", password=SECRET, headers={"X-Key": "key-7"})
    assert made.cleared(b"got " + basic + b" and swordfish and key-7") == b"got *** and *** and ***"


def test_certificates(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    path = str(file)
    assert access(URL).verify is True
    assert access(URL, validate_certs=True, ca_cert=path).verify == path
    assert access(URL, validate_certs=False, ca_cert=path).verify is False
    assert access(URL).certificate is None
    assert access(URL, client_cert=path).certificate == (path, "")
    assert access(URL, client_cert=path, client_key=path).certificate == (path, path)
