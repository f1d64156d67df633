# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The module notify through both doors, with a FAKE of Slack and of a webhook's receiver behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.tradesense.delivery.plugins.module_utils._argspec import group_defaults
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.operations import NOTIFY
from ansible_collections.tradesense.delivery.plugins.modules import notify

from tests.unit.plugins.fake_prometheus import Said
from tests.unit.plugins.fake_receiver import FakeReceiver, fake_receiver

ROOT = Path(__file__).resolve().parents[5]
TOKEN, KEY = "xoxb-1-swordfish", "swordfish-of-a-test"
EVERYTHING: dict[str, Any] = {
    "event": "rollback",
    "release": "20261127T101000Z",
    "service": "trading-service",
    "environment": "production",
    "cluster": "production-1",
    "namespace": "tradesense-production",
    "version": "v2.9.0",
    "revision": "7",
    "hash": "6c9d8f7b5d",
    "stable_version": "v2.8.0",
    "stable_hash": "6f578c88b6",
    "by": "jane",
    "summary": "The new revision fails more requests than stable",
    "at": "2026-11-27T10:15:00Z",
    "verdict": "rollback",
    "reasons": [
        {
            "text": "error rate: 18 % of 300 requests failed, stable 0.33 %",
            "metric": "error_rate",
            "value": 0.18,
            "threshold": 0.0033,
            "evidence": 2300,
        }
    ],
    "impact": {"requests": 1200, "orders": 80, "excess_errors": 96.4, "minutes": 3.5, "pods": 4},
    "times": {
        "started": "2026-11-27T10:10:00Z",
        "first_bad": "2026-11-27T10:11:30Z",
        "detected": "1795774495",
        "decided": "2026-11-27T10:15:00Z",
    },
}


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module and return its result."""
    given = {"event": "rollback", "release": "42", "service": "web", "timeout": 5, **options}
    with patch_module_args(given), pytest.raises(SystemExit):
        notify.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return found


def to(fake: FakeReceiver) -> dict[str, Any]:
    """Return the options that lead to a fake."""
    slack = {"slack_token": TOKEN, "slack_channel": "releases", "slack_api_url": f"{fake.address}/api/"}
    return {**slack, "webhook_url": f"{fake.address}/hook", "webhook_secret": KEY}


def test_the_options_make_the_event_that_the_documentation_shows(capsys: pytest.CaptureFixture[str]) -> None:
    sample = json.loads(
        (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0]
    )
    with fake_receiver() as fake:
        result = run(capsys, **EVERYTHING, **to(fake))
        [sent] = [got.json for got in fake.got if got.path == "/hook"]
    assert sent == sample
    assert result["key"] == sample["key"]
    assert result["changed"] is True
    assert result["channels"] == {"slack": "delivered", "webhook": "delivered"}
    assert result["undelivered"] == []
    assert result["msg"] == "Slack was told; the webhook was told (rollback, trading-service)."


def test_with_its_state_nothing_is_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_receiver() as fake:
        first = run(capsys, **to(fake))
        second = run(capsys, **to(fake), state=first["state"])
        assert len(fake.got) == 2
        assert (second["changed"], second["channels"]) == (False, {"slack": "known", "webhook": "known"})
        assert second["state"] == first["state"]
        assert second["msg"] == "Slack was told before; the webhook was told before (rollback, web)."
        third = run(capsys, **to(fake), event="recovery", state=second["state"])
    assert third["channels"] == {"slack": "delivered", "webhook": "delivered"}
    assert fake.paths.count("/api/chat.update") == 1


def test_one_channel_that_fails_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_receiver() as fake:
        options = {**to(fake), "slack_token": "wrong"}
        result = run(capsys, **options)
    assert not result.get("failed")
    assert result["changed"] is True
    assert result["channels"] == {"slack": "failed", "webhook": "delivered"}
    assert result["undelivered"] == ["slack"]
    assert result["msg"] == "Slack could not be told; the webhook was told (rollback, web)."


def test_in_check_mode_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_receiver() as fake:
        result = run(capsys, **to(fake), _ansible_check_mode=True, webhook_severity="critical", event="hold")
        assert fake.got == []
    assert result["changed"] is True
    assert result["channels"] == {"slack": "send", "webhook": "below_severity"}
    assert result["msg"].startswith("Slack would be told; the webhook is not told of what is so little urgent")
    assert result["state"] == {"version": 1, "channels": {}}


def test_a_dry_run_is_told_only_to_who_asks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_receiver() as fake:
        assert run(capsys, **to(fake), mode="dry_run")["channels"] == {"slack": "dry_run", "webhook": "dry_run"}
        told = run(capsys, **to(fake), mode="dry_run", tell_dry_run=True)
        assert told["channels"] == {"slack": "delivered", "webhook": "delivered"}
    assert "would be rolled back (dry run)" in fake.got[0].json["text"]


def test_the_same_again_is_told_when_it_is_time(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_receiver() as fake:
        given = {"webhook_url": f"{fake.address}/hook", "event": "hold"}
        state = run(capsys, **given)["state"]
        assert run(capsys, **given, occurrence=2, state=state)["channels"] == {"webhook": "too_soon"}
        again = run(capsys, **given, occurrence=2, repeat_after=0, state=state)
    assert again["channels"] == {"webhook": "delivered"}
    assert again["key"].endswith("/hold#2")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no channel is set"),
        ({"webhook_url": "https://x.example", "release": " "}, "option release is empty"),
        ({"webhook_url": "https://x.example", "event": "boom"}, "value of event must be one of"),
        ({"webhook_url": "https://x.example", "at": "soon"}, "option at cannot be read: 'soon'"),
        ({"webhook_url": "https://x.example", "times": {"decided": "x"}}, "option times.decided cannot be read: 'x'"),
        ({"webhook_url": "https://x.example", "occurrence": 0}, "option occurrence must be 1 or more"),
        ({"webhook_url": "https://x.example", "timeout": 0}, "request_timeout and timeout must be above 0"),
        ({"webhook_url": "https://x.example", "repeat_after": -1}, "option repeat_after must be 0 or more"),
        ({"webhook_url": "https://x.example", "state": {"a": 1}}, "state of notifications"),
        ({"webhook_url": "https://x.example", "reasons": [{"metric": "x"}]}, "missing required arguments: text"),
        ({"webhook_url": "https://x.example", "impact": {"requests": "many"}}, "impact"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(
    capsys: pytest.CaptureFixture[str], options: dict[str, Any], words: str
) -> None:
    result = run(capsys, **options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_channels_can_come_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_receiver() as fake:
        monkeypatch.setenv("TRADESENSE_WEBHOOK_URL", f"{fake.address}/hook")
        monkeypatch.setenv("TRADESENSE_WEBHOOK_SECRET", KEY)
        assert run(capsys)["channels"] == {"webhook": "delivered"}
    assert fake.got[0].headers["X-Tradesense-Signature"].startswith("v1=")


def test_the_options_of_a_cluster_are_accepted_and_none_of_them_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    shared = set(group_defaults())
    assert shared <= set(NOTIFY.options)
    with fake_receiver() as fake:
        cluster = {
            "host": "https://api.example",
            "api_key": "swordfish-key",
            "ca_cert": "/nowhere",
            "namespace": "team",
        }
        result = run(capsys, webhook_url=f"{fake.address}/hook", **cluster)
    assert result["channels"] == {"webhook": "delivered"}
    assert fake.got[0].json["namespace"] == "team"
    assert b"swordfish" not in fake.got[0].body + str(fake.got[0].headers).encode()


def test_the_action_does_what_the_module_does(tmp_path: Path) -> None:
    """In one playbook: told, told again with its state, and a channel that fails is a warning without its address."""
    with fake_receiver() as fake:
        name = "tradesense.delivery.notify"
        tasks: list[dict[str, Any]] = [
            {name: {"event": "started"}, "register": "first"},
            {name: {"event": "started", "state": "{{ first.state }}"}, "register": "again"},
            {name: {"event": "rollback", "state": "{{ first.state }}"}, "register": "rollback"},
            {name: {"event": "error", "webhook_url": f"{fake.address}/swordfish"}, "register": "failed"},
            {
                "ansible.builtin.copy": {
                    "dest": str(tmp_path / "out"),
                    "content": "{{ [first, again, rollback, failed] }}",
                }
            },
        ]
        told = {**to(fake), "api_key": "not-a-real-token"}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {
                "group/tradesense.delivery.delivery": {"api_key": "not-a-real-token"},
                name: {"release": "42", "service": "web", "timeout": 5, **told},
            },
            "tasks": tasks,
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev" / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
            "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"),
        }
        fake.standing["/swordfish"] = Said(b"swordfish", status=404)
        command = [sys.executable, "-m", "ansible.cli.playbook", "-vvv", "-i", "localhost,", str(tmp_path / "play.yml")]
        ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first, again, rollback, failed = json.loads((tmp_path / "out").read_text())
    assert (first["changed"], again["changed"], rollback["changed"]) == (True, False, True)
    assert again["channels"] == {"slack": "known", "webhook": "known"}
    assert failed["undelivered"] == ["webhook"]
    assert fake.paths.count("/api/chat.update") == 1
    said = ran.stdout + ran.stderr
    assert "The webhook was not told of error" in " ".join(said.split())
    assert "swordfish" not in said
    assert "Traceback" not in said
