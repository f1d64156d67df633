# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests against a FAKE Prometheus: what is sent, what is tried again, what is told."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis import _libs
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.client import Prometheus, Window
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import QueryFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

from tests.unit.plugins.fake_prometheus import ONE, Said, access, connected, fake_prometheus, vector

SECRET = "swordfish"
HTML = {"Content-Type": "text/html"}
MATRIX = Said({"status": "success", "data": {"resultType": "matrix", "result": []}})


def test_a_query_is_a_form_and_its_time_is_prometheus_own_by_default() -> None:
    with fake_prometheus() as fake, connected(f"{fake.address}/prefix/") as prometheus:
        fake.say(ONE)
        assert prometheus.query('sum(up{job="a"})').samples[0].value == 1.0
        prometheus.query("up", 1795774500.25)
    first, second = fake.asked
    assert (first.method, first.path) == ("POST", "/prefix/api/v1/query")
    assert first.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert first.form["query"] == 'sum(up{job="a"})'
    assert set(first.form) == {"query", "timeout"}
    assert 0 < float(first.form["timeout"]) <= 5
    assert second.form["time"] == "1795774500.250"


def test_a_query_over_time() -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(MATRIX)
        assert prometheus.query_range("up", Window(100, 200.5, 15)).empty
    [asked] = fake.asked
    assert asked.path == "/api/v1/query_range"
    assert {name: asked.form[name] for name in ("start", "end", "step")} == {
        "start": "100.000",
        "end": "200.500",
        "step": "15.000",
    }


@pytest.mark.parametrize(("compressed", "encoding"), [(True, "gzip"), (False, "identity")])
def test_answers_come_compressed_unless_nobody_wants_that(compressed: bool, encoding: str) -> None:
    with fake_prometheus() as fake:
        fake.say(ONE)
        with Prometheus(access(fake.address), warn=print, compressed=compressed) as prometheus:
            prometheus.query("up")
    assert encoding in fake.asked[0].headers["Accept-Encoding"]


def test_credentials_and_headers_are_sent() -> None:
    with fake_prometheus() as fake:
        fake.say(ONE)
        for options in ({"token": SECRET, "headers": {"X-Scope-OrgID": "team"}}, {"username": "a", "password": "b"}):
            with connected(fake.address, **options) as prometheus:
                prometheus.query("up")
        with connected(fake.address.replace("://", "://a:b@")) as prometheus:
            prometheus.query("up")
    assert fake.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert fake.asked[0].headers["X-Scope-OrgID"] == "team"
    assert [asked.headers["Authorization"] for asked in fake.asked[1:]] == ["Basic YTpi", "Basic YTpi"]


def test_credentials_of_a_netrc_file_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login jane password {SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with fake_prometheus() as fake:
        fake.say(ONE)
        with connected(fake.address) as prometheus:
            prometheus.query("up")
        with connected(fake.address, token="mine") as prometheus:
            prometheus.query("up")
    assert [asked.headers["Authorization"] for asked in fake.asked] == [None, "Bearer mine"]


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_busy_or_restarting_server_is_asked_again(code: int) -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said(b"Service Unavailable", code), ONE)
        assert prometheus.query("up").samples[0].value == 1.0
    assert [asked.form["query"] for asked in fake.asked] == ["up", "up"]


def test_a_server_is_given_the_time_it_asks_for() -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said(b"", 503, {"Retry-After": "1"}), ONE)
        started = time.monotonic()
        prometheus.query("up")
        assert 0.9 <= time.monotonic() - started < 3


@pytest.mark.parametrize("wanted", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_server_that_asks_for_more_time_than_there_is_gets_none(wanted: str) -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said(b"", 503, {"Retry-After": wanted}))
        started = time.monotonic()
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
        assert time.monotonic() - started < 1
    assert failure.value.reason == "Unavailable"
    assert len(fake.asked) == 1


def test_a_retry_after_that_cannot_be_read_wants_nothing() -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said(b"", 503, {"Retry-After": "soon"}), ONE)
        assert prometheus.query("up").samples


@pytest.mark.parametrize("retries", [0, 2])
def test_it_is_asked_again_as_often_as_is_said(retries: int) -> None:
    with fake_prometheus() as fake, connected(fake.address, retries=retries) as prometheus:
        fake.say(Said(b"", 503))
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert len(fake.asked) == retries + 1
    assert failure.value.code == 503
    assert failure.value.transient


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(b"Unauthorized", 401), "Unauthorized"),
        (Said(b"no", 403), "Forbidden"),
        (Said(b"<html></html>", 200, HTML), "NotPrometheus"),
        (Said(b"404 page not found", 404), "NotPrometheus"),
        (Said(b"", 302, {"Location": "http://127.0.0.1:9/login"}), "NotPrometheus"),
        (Said({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400), "BadQuery"),
        (Said({"status": "error", "errorType": "execution", "error": "no"}, 422), "QueryFailed"),
    ],
)
def test_what_does_not_pass_is_told_at_once(said: Said, reason: str) -> None:
    with fake_prometheus() as fake, connected(fake.address, token=SECRET) as prometheus:
        fake.say(said)
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert failure.value.reason == reason
    assert failure.value.where == f"{fake.address}, query up"
    assert len(fake.asked) == 1


def test_a_server_that_repeats_a_secret_does_not_get_it_into_a_message() -> None:
    with fake_prometheus() as fake, connected(fake.address, token=SECRET) as prometheus:
        fake.say(Said(f"no access for Bearer {SECRET}".encode(), 403))
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert failure.value.msg.endswith("no access for Bearer ***")
    assert SECRET not in failure.value.sentence()


@pytest.mark.parametrize("where", ["before", "inside"])
def test_a_connection_that_was_cut_is_made_again(where: str) -> None:
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said(vector(({}, "1")), cut=where), ONE)
        assert prometheus.query("up").samples[0].value == 1.0
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("where", "retries", "asked"), [("before", 1, 2), ("inside", 1, 2), ("before", 0, 1), ("inside", 0, 1)]
)
def test_connections_that_are_always_cut_are_told(where: str, retries: int, asked: int) -> None:
    with fake_prometheus() as fake, connected(fake.address, retries=retries) as prometheus:
        fake.say(Said(vector(({}, "1")), cut=where))
        with pytest.raises(QueryFailure) as failure:
            prometheus.query("up")
    assert failure.value.reason == "Unreachable"
    assert "cut the connection" in failure.value.msg
    assert len(fake.asked) == asked


def test_half_an_answer_is_never_an_answer() -> None:
    """Cut where the half is complete JSON by chance."""
    with fake_prometheus() as fake, connected(fake.address, retries=0) as prometheus:
        fake.say(Said(vector(), cut="inside"))
        with pytest.raises(QueryFailure):
            prometheus.query("up")


def test_a_server_that_does_not_answer_in_time_is_not_waited_for() -> None:
    with fake_prometheus() as fake, connected(fake.address, request_timeout=0.4) as prometheus:
        fake.say(Said(vector(), wait=10))
        started = time.monotonic()
        with pytest.raises(QueryFailure, match="did not answer in time") as failure:
            prometheus.query("up")
        # No second attempt: it would end after the time the query has.
        assert 0.4 <= time.monotonic() - started < 2
        fake.stopped.set()
    assert failure.value.transient
    assert "request_timeout" in failure.value.hint


def test_a_caller_with_less_time_waits_less() -> None:
    with fake_prometheus() as fake, connected(fake.address, request_timeout=30) as prometheus:
        fake.say(Said(vector(), wait=10))
        started = time.monotonic()
        with pytest.raises(QueryFailure, match="did not answer in time"):
            prometheus.query("up", within=1.2)
        assert time.monotonic() - started < 4
        fake.stopped.set()
    assert float(fake.asked[0].form["timeout"]) <= 1.2


def test_a_server_that_is_not_there_is_told() -> None:
    with fake_prometheus() as fake:
        prometheus = connected(fake.address.replace("://", f"://jane:{SECRET}@"), retries=1)
    with prometheus, pytest.raises(QueryFailure) as failure:
        prometheus.query("up")
    assert failure.value.reason == "Unreachable"
    assert "Connection refused" in failure.value.msg
    assert SECRET not in failure.value.sentence()


def test_a_name_that_does_not_exist_is_told() -> None:
    with connected("http://prometheus.invalid", retries=0) as prometheus, pytest.raises(QueryFailure) as failure:
        prometheus.query("up")
    assert "cannot be resolved" in failure.value.msg


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_prometheus() as fake:
        fake.say(ONE, Said(b"<html>blocked</html>", 403, HTML))
        monkeypatch.setenv("HTTP_PROXY", fake.address)
        monkeypatch.setenv("http_proxy", fake.address)
        with connected("http://prometheus.invalid:9090") as prometheus:
            assert prometheus.query("up").samples
            with pytest.raises(QueryFailure, match=r"not allowed \(403\)"):
                prometheus.query("up")
    assert fake.asked[0].path == "http://prometheus.invalid:9090/api/v1/query"


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libs, "IMPORT_PROBLEM", "No module named 'requests'")
    with pytest.raises(DeliveryError, match="requests cannot be imported") as error:
        connected("http://prometheus.example")
    assert error.value.reason == "MissingLibrary"


def test_everything_can_be_imported_without_the_library() -> None:
    """Ansible imports every file to test it, and a host without the library must get the sentence above."""
    package = "ansible_collections.tradesense.delivery.plugins.module_utils"
    code = (
        "import sys; sys.modules['requests'] = sys.modules['urllib3'] = None\n"
        f"from {package}._analysis import looking, operations\n"
        f"from {package}._analysis._libs import IMPORT_PROBLEM\n"
        "print(IMPORT_PROBLEM)"
    )
    root = Path(__file__).resolve().parents[5]
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / ".dev" / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "requests" in run.stdout
