# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""No address and no token gets into anything that people or programs can read; and TLS is always verified."""

from __future__ import annotations

import json
import logging
import ssl
import subprocess
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.tradesense.delivery.plugins.module_utils._notify import posting
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.access import channels_of
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.answers import Failure, judged
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.channels import (
    SlackApp,
    SlackWebhook,
    Webhook,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.operations import NOTIFY
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.posting import Poster, Request
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.secret import Secret
from ansible_collections.tradesense.delivery.plugins.modules import notify

from tests.integration.support.servers import closed_port
from tests.unit.plugins.fake_prometheus import Said
from tests.unit.plugins.fake_receiver import FakeReceiver, Got, fake_receiver

# In every secret that these tests have.
MARK = "swordfish"
TOKEN, KEY, BEARER = f"xoxb-1-{MARK}", f"{MARK}-of-16-characters", f"bearer-{MARK}"
PATH = f"/services/T000/B000/{MARK}?key={MARK}"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "_FIRST", 0.02)


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


def server(pki: Path, name: str = "own") -> ssl.SSLContext:
    """Return a server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
    return context


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the module; whatever comes out of it, logs and warnings among it, holds no secret."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    # Where they go from there is Ansible's business, and depends on what of it is loaded.
    monkeypatch.setattr(AnsibleModule, "warn", lambda self, text: shown.append(text))

    def run_it(**options: Any) -> dict[str, Any]:
        shown.clear()
        given = {"event": "rollback", "release": "42", "service": "web", "timeout": 1, "request_timeout": 1, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            notify.main()
        out, err = capfd.readouterr()
        everything = (
            out + err + caplog.text + "".join(shown) + "".join(repr(record.__dict__) for record in caplog.records)
        )
        assert MARK not in everything
        # Ansible blots secrets out of a result; nothing is to be left to that.
        assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" not in out
        assert "********" not in out
        return {**json.loads(out), "shown": list(shown)}

    return run_it


def webhook(address: str) -> dict[str, Any]:
    """Return the options of a webhook with everything that can be secret."""
    return {"webhook_url": f"{address}{PATH}", "webhook_secret": KEY, "webhook_token": BEARER}


# What a test lets the receiver do -> words of the warning.
MISHAPS: dict[str, tuple[list[Said], str]] = {
    "refuses": ([Said(f"no {PATH} {BEARER} {KEY}".encode(), status=403)], "it answers 403"),
    "busy": ([Said(MARK.encode(), status=503)] * 99, "it answers 503"),
    "redirects": ([Said(status=302, headers={"Location": f"https://{MARK}.example{PATH}"})], "with a redirect (302)"),
    "hangs": ([Said(wait=30)] * 9, "it did not answer in time"),
    "cuts": ([Said(cut="before")] * 99, "it cut the connection"),
    "cuts inside": ([Said(b"x", status=400, cut="inside")] * 99, "it cut the connection"),
    "bad words": ([Said(f'{{"ok": false, "error": "{MARK}"}}'.encode(), status=200)] * 9, ""),
}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("kind", ["webhook", "slack_webhook", "slack"])
def test_no_secret_is_in_anything_that_comes_out(run: Run, kind: str, mishap: str) -> None:
    answers, words = MISHAPS[mishap]
    with fake_receiver() as fake:
        fake.say(*answers)
        result = run(**options_for(kind, fake))
        assert len(fake.got) >= 1
    if not words and kind != "slack":
        assert result["channels"] == {kind: "delivered"}
        return
    assert result["channels"] == {kind: "failed"}
    assert result["undelivered"] == [kind]
    assert result["changed"] is False
    [warning] = result["shown"]
    assert words in warning
    assert "127.0.0.1" not in warning
    assert str(fake.port) not in warning


def options_for(kind: str, fake: FakeReceiver) -> dict[str, Any]:
    """Return the options that lead to a fake."""
    if kind == "slack":
        return {"slack_token": TOKEN, "slack_channel": "releases", "slack_api_url": f"{fake.address}/api"}
    return webhook(fake.address) if kind == "webhook" else {"slack_webhook_url": f"{fake.address}{PATH}"}


@pytest.mark.parametrize("kind", ["webhook", "slack_webhook", "slack"])
def test_no_secret_is_in_a_good_result_nor_in_its_state(run: Run, kind: str) -> None:
    with fake_receiver() as fake:
        result = run(**options_for(kind, fake))
        sent = fake.got[0]
    assert result["channels"] == {kind: "delivered"}
    assert set(result["state"]["channels"]) == {kind}
    # They did get where they belong, and into no body.
    assert MARK in sent.path + str(sent.headers)
    assert MARK.encode() not in sent.body


def test_nobody_listens_or_the_name_is_unknown(run: Run) -> None:
    assert "nobody listens there" in run(**webhook(f"http://127.0.0.1:{closed_port()}"))["shown"][0]
    [warning] = run(**webhook(f"https://{MARK}.invalid"))["shown"]
    assert "its name cannot be resolved" in warning or "it cannot be reached" in warning or "proxy" in warning


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("own", "", "its certificate is not accepted: self-signed certificate"),
        ("own", "other", "its certificate is not accepted: self-signed certificate"),
        ("other", "other", "its certificate is not accepted: it is for another name"),
    ],
)
def test_certificates_are_verified(run: Run, pki: Path, name: str, trusted: str, words: str) -> None:
    ca = {"notify_ca_cert": str(pki / f"{trusted}.pem")} if trusted else {}
    with fake_receiver(server(pki, name)) as fake:
        result = run(**webhook(fake.address), **ca)
    assert words in result["shown"][0]
    assert result["channels"] == {"webhook": "failed"}
    assert fake.got == []


def test_an_authority_that_is_given_is_trusted(run: Run, pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pki / "other.pem"))
    with fake_receiver(server(pki)) as fake:
        result = run(**webhook(fake.address), notify_ca_cert=str(pki / "own.pem"))
    assert result["channels"] == {"webhook": "delivered"}
    assert result["shown"] == []


def test_https_to_a_server_that_speaks_http(run: Run) -> None:
    with fake_receiver() as fake:
        [warning] = run(**webhook(fake.address.replace("http:", "https:")))["shown"]
    assert "TLS handshake" in warning


def test_a_file_that_holds_no_certificates(run: Run, pki: Path) -> None:
    with fake_receiver(server(pki)) as fake:
        result = run(**webhook(fake.address), notify_ca_cert=str(pki / "own.key"))
    assert result["channels"] == {"webhook": "failed"}
    assert result["shown"]


BAD_ADDRESSES = [
    f"http://hooks.example/{MARK}",
    f"ftp://hooks.example/{MARK}",
    f"https://jane:{MARK}@hooks.example/",
    f"https:///{MARK}",
    f"https://hooks.example:port/{MARK}",
    f"https://[{MARK}/",
    f"https://hooks.example/{MARK}#x",
    f"https://hooks.example/{MARK}\n",
    f"https://hooks.example/{MARK}é",
    f"http://127.0.0.1.{MARK}.example/",
    MARK,
]


@pytest.mark.parametrize("option", ["webhook_url", "slack_webhook_url"])
@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_cannot_be_is_not_repeated(run: Run, option: str, address: str) -> None:
    if address.endswith("\n"):
        # What surrounds an address is no part of it; inside, it is.
        address = address.replace(MARK, f"{MARK}\n{MARK}")
    result = run(**{option: address})
    assert result["failed"] is True
    assert result["reason"] == "BadOption"
    assert option in result["msg"]


def test_other_options_that_cannot_be_are_not_repeated_either(run: Run) -> None:
    for options, words in (
        ({**webhook("https://x.example"), "webhook_secret": f"{MARK}"}, "shorter than 16 characters"),
        ({**webhook("https://x.example"), "webhook_token": f"a\n{MARK}"}, "characters that no header can have"),
        ({"slack_token": TOKEN}, "slack_token is set, and slack_channel is not"),
        ({"slack_token": TOKEN, "slack_webhook_url": f"https://x.example{PATH}"}, "only one can be used"),
        ({"webhook_secret": KEY}, "webhook_url is not"),
        ({**webhook("https://x.example"), "notify_ca_cert": "/nowhere"}, "does not exist: /nowhere"),
    ):
        result = run(**options)
        assert result["failed"] is True
        assert words in result["msg"]


def test_nothing_shows_itself() -> None:
    channels = channels_of(
        {
            **{name: spec.get("default") for name, spec in NOTIFY.options.items()},
            **webhook("https://hooks.example"),
            "slack_token": TOKEN,
            "slack_channel": "releases",
        }
    )
    assert len(channels) == 2
    for each in (*channels, SlackWebhook(Secret(PATH)), SlackApp(Secret(TOKEN), "c"), Webhook(Secret(PATH))):
        assert MARK not in f"{each} {each!r} {vars(each)}"
        with pytest.raises(TypeError):
            asdict(each)  # type: ignore[call-overload]
    assert MARK not in repr(Request(Secret(PATH), b"", {"X": MARK}, Secret(TOKEN)))


def test_a_failure_has_no_exception_behind_it_that_holds_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    poster = Poster(verify=True, timeout=1.0, stop=threading.Event())
    address = f"http://127.0.0.1:{closed_port()}{PATH}"
    with pytest.raises(Failure) as caught:
        poster.post(lambda: Request(Secret(address), b"", local=True), judged, ends=0.0)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert MARK not in "".join(traceback.format_exception(caught.value))


def test_what_the_http_library_logs_of_others_meanwhile_is_not_lost(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("urllib3.connectionpool")
    before = list(logger.filters)
    with fake_receiver() as fake:

        def answer(got: Got) -> Said:
            # In the receiver's thread, while ours waits for the answer.
            logger.debug("somebody else")
            return Said(b"ok")

        monkeypatch.setattr(fake, "answer", answer)
        poster = Poster(verify=True, timeout=5.0, stop=threading.Event())
        poster.post(lambda: Request(Secret(f"{fake.address}{PATH}"), b"", local=True), judged, ends=0.0)
    assert logger.filters == before
    assert [record.getMessage() for record in caplog.records if record.name == logger.name] == ["somebody else"]


def test_all_of_them_are_no_log_and_private() -> None:
    secrets = {"slack_token", "slack_webhook_url", "webhook_url", "webhook_secret", "webhook_token"}
    assert {name for name in secrets if NOTIFY.options[name]["no_log"] is True} == secrets
    assert set(NOTIFY.private) == secrets
