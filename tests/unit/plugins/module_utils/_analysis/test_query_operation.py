# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The module prometheus_query as Ansible runs it, with a FAKE Prometheus behind it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.tradesense.delivery.plugins.module_utils._argspec import connection, group_defaults, prometheus
from ansible_collections.tradesense.delivery.plugins.module_utils._door import run_module
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Operation
from ansible_collections.tradesense.delivery.plugins.modules import prometheus_query

from tests.unit.plugins.fake_prometheus import ONE, FakePrometheus, Said, fake_prometheus, vector

SECRET = "swordfish"
NOTHING = Said(vector())


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module and return its result, which has to be strict JSON."""
    with patch_module_args({"query": "up", **options}), pytest.raises(SystemExit):
        prometheus_query.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["changed"] is False if "changed" in found else found["failed"]
    return found


def ask(capsys: pytest.CaptureFixture[str], *answers: Said, **options: Any) -> tuple[dict[str, Any], FakePrometheus]:
    """Run the module against a fake with these answers."""
    with fake_prometheus() as fake:
        fake.say(*answers)
        return run(capsys, prometheus_url=fake.address, **options), fake


def test_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = ask(capsys, Said(vector(({"pod": "web"}, "0.25"))))
    assert result["value"] == 0.25
    assert result["samples"] == [{"labels": {"pod": "web"}, "value": 0.25, "state": "ok", "timestamp": 1795528025.324}]
    assert result["no_data"] is False
    assert result["msg"] == "The value is 0.25."


def test_no_data_fails_by_default_and_the_result_says_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    result, fake = ask(capsys, NOTHING)
    assert result["failed"] is True
    assert (result["reason"], result["no_data"], result["value"], result["samples"]) == ("NoData", True, None, [])
    assert result["msg"].startswith(f"{fake.address}, query up: there is no data. ")
    result, _ = ask(capsys, NOTHING, no_data="ok")
    assert not result.get("failed")
    assert result["no_data"] is True


@pytest.mark.parametrize(
    ("nan", "failed", "values"), [("fail", True, [None, 1.0]), ("ok", False, [None, 1.0]), ("drop", False, [1.0])]
)
def test_nan(capsys: pytest.CaptureFixture[str], nan: str, failed: bool, values: list[float | None]) -> None:
    result, _ = ask(capsys, Said(vector(({"pod": "a"}, "NaN"), ({"pod": "b"}, "1"))), nan=nan)
    assert bool(result.get("failed")) is failed
    assert [sample["value"] for sample in result["samples"]] == values


def test_a_condition_that_is_not_met_fails_with_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = ask(capsys, ONE, condition="< 0.01")
    assert (result["reason"], result["value"]) == ("ConditionNotMet", 1.0)
    assert "the value 1 is not < 0.01" in result["msg"]
    result, _ = ask(capsys, ONE, condition="== 1")
    assert result["msg"] == "The value is 1, which is == 1."


def test_waiting_asks_again_and_tells_what_is_lacking(capsys: pytest.CaptureFixture[str]) -> None:
    high, low = Said(vector(({}, "0.5"))), Said(vector(({}, "0.001")))
    result, fake = ask(capsys, NOTHING, high, low, condition="< 0.01", timeout=10, interval=0.05)
    assert result["value"] == 0.001
    assert len(fake.asked) == 3
    lines = [line.partition(" (")[0] for line in result["progress"]]
    assert lines == ["there is no data", "the value 0.5 is not < 0.01"]


def test_waiting_in_vain_says_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    result, fake = ask(capsys, NOTHING, timeout=1, interval=0.4)
    assert result["reason"] == "NoData"
    assert "there is no data, after 1 s" in result["msg"]
    assert len(fake.asked) == 4


def test_a_range_of_time_moves_with_the_clock(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = {"resultType": "matrix", "result": [{"metric": {"pod": "web"}, "values": [[100, "1"], [115, "NaN"]]}]}
    said = Said({"status": "success", "data": matrix})
    result, fake = ask(capsys, said, start="-15m", step="15s", nan="ok")
    form = fake.asked[0].form
    assert fake.asked[0].path.endswith("/query_range")
    assert float(form["end"]) - float(form["start"]) == pytest.approx(900, abs=0.1)
    assert float(form["end"]) == pytest.approx(time.time(), abs=30)
    assert form["step"] == "15.000"
    [series] = result["series"]
    assert [point["value"] for point in series["points"]] == [1.0, None]
    result, _ = ask(capsys, said, start="-15m", step="15s")
    assert result["reason"] == "NotANumber"


def test_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    _, fake = ask(capsys, ONE, time="2026-11-27T10:15:00Z")
    assert fake.asked[0].form["time"] == "1795774500.000"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "now", "start": "-5m", "step": "15s"}, "mutually exclusive"),
        ({"condition": "< 1", "start": "-5m", "step": "15s"}, "mutually exclusive"),
        ({"start": "-5m"}, "required together"),
        ({"end": "now"}, "required"),
        ({"time": "soon"}, "option time cannot be read: 'soon'"),
        ({"start": "-5m", "step": "0"}, "option step cannot be read"),
        ({"condition": "small"}, "is not a comparison"),
        ({"condition": ""}, "is not a comparison"),
        ({"timeout": -1}, "timeout must be 0 or more"),
        ({"interval": 0}, "interval above 0"),
        ({"request_timeout": 0}, "request_timeout must be above 0"),
        ({"prometheus_token": SECRET, "prometheus_username": "jane"}, "only one can be used"),
        ({"no_data": "zero"}, "value of no_data must be one of"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str], options: dict[str, Any], words: str
) -> None:
    result, fake = ask(capsys, ONE, **options)
    assert result["failed"] is True
    assert words in result["msg"]
    assert fake.asked == []


def test_the_address_and_credentials_can_come_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_prometheus() as fake:
        fake.say(ONE)
        monkeypatch.setenv("TRADESENSE_PROMETHEUS_URL", fake.address)
        monkeypatch.setenv("TRADESENSE_PROMETHEUS_TOKEN", SECRET)
        result = run(capsys)
    assert result["value"] == 1.0
    assert fake.asked[0].headers["Authorization"] == f"Bearer {SECRET}"
    monkeypatch.delenv("TRADESENSE_PROMETHEUS_URL")
    assert run(capsys)["reason"] == "NoAddress"


def test_defaults_of_the_action_group_are_accepted_and_none_of_them_is_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A cluster's token must not be sent to Prometheus, nor its certificates be looked for."""
    defaults = {
        "kubeconfig": str(tmp_path / "kubeconfig"),
        "context": "production",
        "host": "https://api.example",
        "api_key": SECRET,
        "validate_certs": False,
        "ca_cert": "/nowhere",
        "client_cert": "/nowhere",
        "namespace": "team",
        "impersonate_groups": ["a"],
    }
    result, fake = ask(capsys, ONE, **defaults)
    assert result["value"] == 1.0
    assert "warnings" not in result
    assert fake.asked[0].headers["Authorization"] is None
    assert SECRET not in json.dumps(result)


def test_the_options_of_a_cluster_are_those_of_the_other_modules() -> None:
    accepted, known = group_defaults(), connection()
    assert set(accepted) == (set(known) - {"request_timeout"}) | {"namespace"}
    for name, spec in accepted.items():
        assert "fallback" not in spec, name
        assert spec.get("aliases") == known.get(name, {}).get("aliases"), name
        assert spec.get("no_log") == known.get(name, {}).get("no_log"), name
    assert not set(accepted) & set(prometheus())


@pytest.mark.parametrize("option", ["prometheus_token", "prometheus_password"])
def test_no_secret_is_in_a_result(capsys: pytest.CaptureFixture[str], option: str) -> None:
    user = {"prometheus_username": "jane"} if option == "prometheus_password" else {}
    for said in (ONE, Said(b"no access with swordfish", 403), Said(b"<html>swordfish</html>", 500)):
        result, _ = ask(capsys, said, **{option: SECRET, **user})
        assert SECRET not in json.dumps(result)


def test_options_that_may_hold_secrets_are_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_prometheus() as fake:
        fake.say(ONE)
        address = fake.address.replace("://", f"://jane:{SECRET}@")
        result = run(capsys, prometheus_url=address, prometheus_headers={"X-Key": "swordfish-2"})
        assert fake.asked[0].headers["X-Key"] == "swordfish-2"
        assert SECRET not in json.dumps(result)


def test_warnings_of_prometheus_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Where they go from there is Ansible's business, and depends on what of it is loaded.
    shown: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda self, text: shown.append(text))
    text = "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"
    result, _ = ask(capsys, Said(vector(({}, "1"), warnings=[text], infos=["by the way"])))
    assert result["query_warnings"] == [text]
    assert result["query_infos"] == ["by the way"]
    assert any(text in line for line in shown)
    assert not any("by the way" in line for line in shown)


def test_in_check_mode_it_asks_too(capsys: pytest.CaptureFixture[str]) -> None:
    result, fake = ask(capsys, ONE, _ansible_check_mode=True)
    assert result["value"] == 1.0
    assert len(fake.asked) == 1


def test_the_door_opens_to_a_module_without_the_options_of_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    own = Operation(lambda call: {"changed": False, "seen": call.params}, {"query": {"type": "str"}})
    with patch_module_args({"query": "up"}), pytest.raises(SystemExit):
        run_module(own)
    assert json.loads(capsys.readouterr().out)["seen"] == {"query": "up"}
