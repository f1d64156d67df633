# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Both doors with a scripted server behind them: the module as Ansible runs it, and a playbook through the action."""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.tradesense.delivery.plugins.module_utils._argspec import (
    connection,
    guards,
    namespace,
    selection,
    waiting,
)

from tests.unit.plugins.builders import NAME, NAMESPACE
from tests.unit.plugins.fake_api import Answer, FakeApi, fake_api, stand
from tests.unit.plugins.scenes import canary

ROOT = Path(__file__).resolve().parents[4]
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "swordfish"}}


def to(api: FakeApi, **options: Any) -> dict[str, Any]:
    """Return a task's options."""
    return {"host": api.address, "api_key": "not-a-real-token", "namespace": NAMESPACE, **options}


def run_module(name: str, capsys: pytest.CaptureFixture[str], options: dict[str, Any]) -> dict[str, Any]:
    """Run a module's main() as Ansible's wrapper does and return its result."""
    module = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.modules.{name}")
    with patch_module_args(options), pytest.raises(SystemExit):
        module.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_module_returns_its_result_and_its_lines_of_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        result = run_module("rollout_info", capsys, to(api, rollouts=[NAME], show="table"))
    assert result["changed"] is False
    assert result["rollouts"][NAME]["step"] == {"index": 1, "total": 7}
    assert result["progress"] == [result["msg"].removesuffix("."), *result["table"]]


def test_a_module_fails_with_a_sentence_and_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api() as api:
        stand(api, canary(at_rest=True))
        result = run_module("rollout_abort", capsys, to(api, rollouts=[NAME]))
    assert result["failed"] is True
    assert result["reason"] == "Refused"
    assert "nothing is in flight" in result["msg"]
    assert "rollout_undo" in result["hint"]
    assert "error" in result["rollouts"][NAME]
    assert "Traceback" not in str(result)


def test_a_module_in_check_mode_sends_dry_runs_only(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        options = to(api, rollouts=[NAME], _ansible_check_mode=True, _ansible_diff=True)
        result = run_module("rollout_promote", capsys, options)
    assert result["changed"] is True
    assert "check mode" in result["rollouts"][NAME]["result"]
    assert [asked.query.get("dryRun") for asked in api.asked if asked.method == "PATCH"] == ["All"]
    assert result["diff"][0]["before_header"] == NAME


def test_a_module_does_not_repeat_the_values_of_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Results go to logs and to AWX: the options come back in them where INJECT_INVOCATION is on."""
    with fake_api() as api:
        api.answers.extend([Answer(404, {"reason": "NotFound", "message": 'secrets "db" not found'})])
        api.answers.append(Answer(422, {"message": 'Invalid value: "swordfish"', "reason": "Invalid"}))
        result = run_module("apply", capsys, to(api, definitions=[SECRET]))
    assert result["failed"] is True
    assert "swordfish" not in json.dumps(result)
    assert "not-a-real-token" not in json.dumps(result)


def test_an_option_that_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api() as api:
        result = run_module("rollout_promote", capsys, to(api, rollouts=[NAME], full=True, skip_all_steps=True))
    assert result["failed"] is True
    assert "mutually exclusive" in result["msg"]


def test_the_action_returns_what_the_module_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one playbook: progress shown live, a failure with its parts, check mode, and plain results."""
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        tasks: list[dict[str, Any]] = [
            {"tradesense.delivery.rollout_info": {"rollouts": [NAME], "show": "table"}, "register": "info"},
            {
                "tradesense.delivery.rollout_promote": {"rollouts": [NAME]},
                "check_mode": True,
                "register": "promote",
            },
            {
                "tradesense.delivery.rollout_promote": {"rollouts": [NAME], "expected_revision": 3},
                "register": "refused",
                "ignore_errors": True,
            },
            {
                "ansible.builtin.debug": {
                    "msg": "RESULTS {{ {'info': info, 'promote': promote, 'refused': refused} | to_json | b64encode }}"
                }
            },
        ]
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            # The same defaults for every module: the action group has to reach the actions too.
            "module_defaults": {"group/tradesense.delivery.delivery": to(api)},
            "tasks": tasks,
        }
        path = tmp_path / "play.yml"
        path.write_text(yaml.safe_dump([play]))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev" / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
            "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"),
        }
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", str(path)]
        run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        by_module = run_module("rollout_info", capsys, to(api, rollouts=[NAME], show="table"))
    encoded = re.findall(r"RESULTS ([A-Za-z0-9+/=]+)", run.stdout)[-1]
    results = json.loads(base64.b64decode(encoded))
    assert results["info"]["rollouts"] == by_module["rollouts"]
    assert results["info"]["table"] == by_module["table"]
    assert f"[localhost] {by_module['progress'][0]}\n{by_module['table'][0]}\n" in run.stdout
    assert "progress" not in results["info"]
    assert results["promote"]["changed"] is True
    assert [asked.query.get("dryRun") for asked in api.asked if asked.method == "PATCH"] == ["All"]
    assert results["refused"]["failed"] is True
    assert results["refused"]["reason"] == "NotExpected"
    assert "Traceback" not in run.stdout + run.stderr
    assert "not-a-real-token" not in run.stdout


def test_option_groups() -> None:
    assert set(selection()) == {"rollouts", "label_selectors", "namespace"}
    assert namespace(required=False) == {"namespace": {"type": "str"}}
    assert waiting(7) == {"timeout": {"type": "int", "default": 7}}
    assert set(guards()) == {"expected_revision", "expected_hash", "expected_step"}


def test_secrets_among_the_connection_options_are_never_logged() -> None:
    options = connection()
    assert all(options[name]["no_log"] for name in ("kubeconfig", "api_key", "password"))


def test_the_options_of_a_connection_can_come_from_the_usual_environment_variables() -> None:
    names = [name for spec in connection().values() for name in (spec.get("fallback") or (None, []))[1]]
    assert {"K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST", "K8S_AUTH_API_KEY", "K8S_AUTH_VERIFY_SSL"} <= set(names)
    assert len(names) == len(set(names))
