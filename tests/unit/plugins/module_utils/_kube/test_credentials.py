# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From connection options to a configured client: which source wins, and sentences for what is wrong."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import certifi
import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._argspec import connection
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube import credentials as module
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.credentials import Credentials, configure
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ROLLOUT
from kubernetes.config import incluster_config

from tests.unit.plugins.fake_api import fake_api, listing

HOST = "https://127.0.0.1:6443"


def kubeconfig(*, skip_verify: bool = False) -> dict[str, Any]:
    cluster = {"insecure-skip-tls-verify": True} if skip_verify else {}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "clusters": [
            {"name": "c", "cluster": {"server": HOST, **cluster}},
            {"name": "d", "cluster": {"server": "https://127.0.0.1:6444"}},
        ],
        "users": [{"name": "u", "user": {"token": "from-file"}}],
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u"}},
            {"name": "other", "context": {"cluster": "d", "user": "u"}},
        ],
    }


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the kubeconfig or the service account of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(module, "_SERVICE_ACCOUNT_TOKEN", str(tmp_path / "no-token"))
    for name in ("AWX_HOST", "AWX_PRIVATE_DATA_DIR", "JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def pod(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Kubernetes puts into a pod: a folder with the token of its account, and where the API server is."""
    folder = home / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("of-the-pod")
    (folder / "ca.crt").write_text(Path(certifi.where()).read_text(encoding="utf-8"))
    monkeypatch.setattr(module, "_SERVICE_ACCOUNT_TOKEN", str(folder / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(folder / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(folder / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the library's clock so many seconds forward."""
    passed = [0.0]

    class Clock:
        @staticmethod
        def now() -> datetime.datetime:
            return datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=passed[0])

    monkeypatch.setattr(incluster_config, "datetime", SimpleNamespace(datetime=Clock, timedelta=datetime.timedelta))

    def advance(seconds: float) -> None:
        passed[0] += seconds

    return advance


def written(folder: Path, name: str = "config") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(kubeconfig()))
    return str(path)


def configured(warnings: list[str] | None = None, **options: Any) -> Any:
    return configure(Credentials(**options), (warnings if warnings is not None else []).append)


def token(configuration: Any) -> str:
    return str(configuration.auth_settings()["BearerToken"]["value"])


def test_a_kubeconfig_as_a_path_or_as_a_mapping(home: Path) -> None:
    for given in (written(home), kubeconfig()):
        found = configured(kubeconfig=given)
        assert (found.host, token(found)) == (HOST, "Bearer from-file")
    assert configured(kubeconfig=kubeconfig(), context="other").host == "https://127.0.0.1:6444"


def test_the_path_may_begin_with_a_tilde(home: Path) -> None:
    written(home, "mine")
    assert configured(kubeconfig="~/mine").host == HOST


def test_without_an_option_the_environment_is_taken_and_then_the_usual_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both as they are now: a task has an environment of its own, long after the library was imported.
    (home / ".kube").mkdir()
    written(home / ".kube")
    other = {**kubeconfig(), "current-context": "other"}
    (home / "other").write_text(yaml.safe_dump(other))
    monkeypatch.setenv("KUBECONFIG", str(home / "other"))
    assert configured().host == "https://127.0.0.1:6444"
    monkeypatch.delenv("KUBECONFIG")
    assert configured().host == HOST


def test_several_files_are_merged_and_missing_ones_are_passed_over(home: Path) -> None:
    first, second = kubeconfig(), kubeconfig()
    first["contexts"] = first["contexts"][:1]
    (home / "first").write_text(yaml.safe_dump(first))
    (home / "second").write_text(yaml.safe_dump(second))
    for names in (("first", "second"), ("missing", "second")):
        path = os.pathsep.join(str(home / name) for name in names)
        assert configured(kubeconfig=path).host == HOST
        assert configured(kubeconfig=path, context="other").host == "https://127.0.0.1:6444"


def test_a_file_named_in_a_kubeconfig_is_looked_for_beside_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = kubeconfig()
    content["clusters"][0]["cluster"]["certificate-authority"] = "ca.pem"
    (home / "ca.pem").write_text("a certificate")
    (home / "config").write_text(yaml.safe_dump(content))
    monkeypatch.chdir("/")
    for path in (str(home / "config"), "~/config"):
        assert configured(kubeconfig=path).ssl_ca_cert == str(home / "ca.pem")


def test_a_host_with_a_token_needs_no_kubeconfig(home: Path) -> None:
    found = configured(host=f"{HOST}/", api_key="abc")
    assert (found.host, token(found)) == (HOST, "Bearer abc")


def test_a_host_alone_only_corrects_the_address(home: Path) -> None:
    found = configured(kubeconfig=written(home), host="https://127.0.0.1:6445")
    assert (found.host, token(found)) == ("https://127.0.0.1:6445", "Bearer from-file")


def test_explicit_options_lie_over_the_kubeconfig(home: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (home / name).write_text("x")
    found = configured(
        kubeconfig=written(home),
        api_key="explicit",
        ca_cert="~/ca.pem",
        client_cert="~/cert.pem",
        client_key="~/key.pem",
        tls_server_name="api.example",
        proxy="http://127.0.0.1:3128",
        no_proxy="localhost",
    )
    assert token(found) == "Bearer explicit"
    assert found.ssl_ca_cert == str(home / "ca.pem")
    assert found.cert_file == str(home / "cert.pem")
    assert found.key_file == str(home / "key.pem")
    assert (found.tls_server_name, found.proxy, found.no_proxy) == ("api.example", "http://127.0.0.1:3128", "localhost")


def test_in_a_pod_its_own_account_is_taken(pod: Path) -> None:
    found = configured()
    assert (found.host, token(found)) == ("https://10.96.0.1:443", "bearer of-the-pod")
    assert found.ssl_ca_cert == str(pod / "ca.crt")
    assert found.verify_ssl is True


def test_a_kubeconfig_takes_precedence_over_the_account_of_the_pod(pod: Path, home: Path) -> None:
    assert configured(kubeconfig=written(home)).host == HOST
    assert configured(host=HOST, api_key="mine").host == HOST


def test_a_token_that_the_kubelet_renews_is_read_again(pod: Path, later: Callable[[float], None]) -> None:
    """The token in a pod ends after an hour, and a guard runs for months over the same connection.

    Renewing it leaves explicit options as they are: here the address, which is not that of the pod's API server.
    """
    with fake_api() as api, Kube(Credentials(host=api.address), warn=lambda text: None) as kube:
        api.standing[ROLLOUT.path("team")] = listing("1")

        def sent() -> str:
            kube.list(ROLLOUT, "team")
            return str(api.asked[-1].headers["Authorization"])

        assert sent() == "bearer of-the-pod"
        (pod / "token").write_text("a-newer-one")
        later(90)
        assert sent() == "bearer a-newer-one"


def test_tls_is_verified_unless_somebody_says_no_and_then_it_warns(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    assert configured(warnings, host=HOST, api_key="a").verify_ssl is True
    assert warnings == []
    assert configured(warnings, host=HOST, api_key="a", validate_certs=False).verify_ssl is False
    assert f"The certificate of {HOST} is not verified" in warnings[0]
    assert "AWX" not in warnings[0]
    monkeypatch.setenv("JOB_ID", "7")
    configured(warnings, kubeconfig=kubeconfig(skip_verify=True))
    assert "In AWX, put the cluster's CA certificate into the credential" in warnings[1]


@pytest.mark.parametrize(
    ("options", "reason", "words"),
    [
        ({}, "NoCredentials", "no cluster is named"),
        ({"host": HOST}, "NoCredentials", "no cluster is named"),
        ({"kubeconfig": "/missing/config"}, "BadKubeconfig", "/missing/config does not exist"),
        ({"kubeconfig": kubeconfig(), "context": "unknown"}, "BadKubeconfig", "the kubeconfig cannot be used"),
        ({"kubeconfig": {}}, "BadKubeconfig", "the kubeconfig cannot be used"),
        ({"kubeconfig": {"clusters": 3, "users": 4, "contexts": 5}}, "BadKubeconfig", "cannot be"),
        ({"kubeconfig": {"apiVersion": "v1"}}, "BadKubeconfig", "the kubeconfig cannot be used"),
        (
            {"host": HOST, "api_key": "a", "ca_cert": "/missing/ca"},
            "BadCredentials",
            "the file of ca_cert does not exist",
        ),
        ({"host": HOST, "client_cert": "/missing/cert"}, "BadCredentials", "the file of client_cert does not exist"),
    ],
)
def test_what_is_wrong_with_credentials_is_a_sentence(options: dict[str, Any], reason: str, words: str) -> None:
    with pytest.raises(DeliveryError) as error:
        configured(**options)
    assert error.value.reason == reason
    assert words in error.value.sentence()
    assert "\n" not in error.value.sentence()


@pytest.mark.parametrize("text", ["", "just text", "[]", "a: [", "clusters: 3\nusers: 4\ncontexts: 5", "\x00"])
def test_a_malformed_file_is_told_without_quoting_it(home: Path, text: str) -> None:
    path = home / "broken"
    path.write_text(text + "\n# token: swordfish\n")
    with pytest.raises(DeliveryError) as error:
        configured(kubeconfig=str(path))
    assert error.value.reason == "BadKubeconfig"
    assert "swordfish" not in error.value.sentence()
    assert "\n" not in error.value.sentence()


def test_a_kubeconfig_of_the_environment_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/missing/kubeconfig")
    with pytest.raises(DeliveryError, match="/missing/kubeconfig that KUBECONFIG names does not exist"):
        configured()


def test_no_log_line_can_hold_a_secret() -> None:
    shown = repr(Credentials(api_key="secret1", password="secret2", kubeconfig={"t": "secret3"}, proxy="secret4"))
    assert "secret" not in shown


def test_every_option_of_the_connection_arrives() -> None:
    options = connection()
    given = {name: [name] if spec["type"] == "list" else name for name, spec in options.items()}
    found = Credentials.from_params({**given, "rollouts": ["not ours"], "api_key": None})
    assert {name: getattr(found, name) for name in options if name != "api_key"} == {
        name: value for name, value in given.items() if name != "api_key"
    }
    assert found.api_key is None
