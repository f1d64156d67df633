# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lookup prometheus: in a playbook with a FAKE Prometheus, and its documentation against the module's options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis import looking
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.operations import QUERY
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

from tests.unit.plugins.fake_prometheus import ONE, Said, fake_prometheus, vector

ROOT = Path(__file__).resolve().parents[4]
NAME = "tradesense.delivery.prometheus"
# The lookup's own; all others are the module's.
OWN = {"_terms", "result"}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("TRADESENSE_")},
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev" / "collections"),
    "PYTHONPATH": str(ROOT),
}
USUAL = {"time": None, "no_data": "fail", "nan": "fail", "result": "value", "request_timeout": 5.0}


def documentation() -> dict[str, Any]:
    """Return what ansible-doc says of the lookup."""
    command = [sys.executable, "-m", "ansible.cli.doc", "--json", "-t", "lookup", NAME]
    run = subprocess.run(command, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)[NAME]
    return found


def ask(*answers: Said, queries: tuple[str, ...] = ("up",), **options: Any) -> list[Any]:
    """Return what the lookup returns with a fake that gives these answers."""
    with fake_prometheus() as fake:
        fake.say(*answers)
        given = {**USUAL, "prometheus_url": fake.address, "prometheus_retries": 0, **options}
        return looking.look_up(list(queries), given, pytest.fail)


def test_the_documentation_says_of_every_option_what_the_module_says() -> None:
    options = documentation()["doc"]["options"]
    shared = {"time", "no_data", "nan", "request_timeout"}
    assert set(options) - OWN == shared | {name for name in QUERY.options if name.startswith("prometheus_")}
    for name in set(options) - OWN:
        spec, documented = QUERY.options[name], options[name]
        assert [documented.get(key) for key in ("type", "choices", "default")] == [
            spec.get(key) for key in ("type", "choices", "default")
        ], name
        variables = [entry["name"] for entry in documented.get("env") or []]
        assert variables == (spec.get("fallback") or (None, []))[1], name
        assert documented["description"], name
    assert options["result"]["default"] == USUAL["result"]


def test_the_examples_use_options_there_are() -> None:
    doc = documentation()
    known = {alias for option in doc["doc"]["options"].values() for alias in option.get("aliases", [])}
    known |= set(doc["doc"]["options"])
    tasks = yaml.safe_load(doc["examples"])
    assert all(NAME in json.dumps(task) and task["name"][0].isupper() for task in tasks)
    assert {"url", "result", "no_data"} <= known
    assert doc["return"]["_raw"]["sample"]


def test_each_query_gives_one_entry() -> None:
    text = Said({"status": "success", "data": {"resultType": "string", "result": [1, "hello"]}})
    scalar = Said({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}})
    assert ask(ONE, scalar, text, queries=("a", "b", "c")) == [1.0, 2.0, "hello"]
    assert ask(ONE, queries=()) == []


def test_samples() -> None:
    [entry] = ask(Said(vector(({"pod": "a"}, "1"), ({"pod": "b"}, "+Inf"))), result="samples")
    assert [(item["labels"], item["value"], item["state"]) for item in entry] == [
        ({"pod": "a"}, 1.0, "ok"),
        ({"pod": "b"}, None, "inf"),
    ]
    assert ask(Said(vector()), result="samples", no_data="ok") == [[]]


@pytest.mark.parametrize(
    ("value", "options"),
    [(None, {"no_data": "ok"}), ("NaN", {"nan": "ok"}), ("-Inf", {}), ("NaN", {"nan": "drop", "no_data": "ok"})],
)
def test_what_is_no_number_is_none_and_never_a_zero(value: str | None, options: dict[str, Any]) -> None:
    body = vector(({}, value)) if value else vector()
    assert ask(Said(body), **options) == [None]


@pytest.mark.parametrize(
    ("said", "options", "reason"),
    [
        (Said(vector()), {}, "NoData"),
        (Said(vector()), {"result": "samples"}, "NoData"),
        (Said(vector(({}, "NaN"))), {}, "NotANumber"),
        (Said(vector(({}, "NaN"))), {"nan": "drop"}, "NoData"),
        (Said(vector(({"a": "1"}, "1"), ({"a": "2"}, "1"))), {}, "Ambiguous"),
        (
            Said(
                {
                    "status": "success",
                    "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"]]}]},
                }
            ),
            {},
            "Ambiguous",
        ),
        (
            Said({"status": "success", "data": {"resultType": "string", "result": [1, "x"]}}),
            {"result": "samples"},
            "BadOption",
        ),
        (Said(b"no", 401), {"no_data": "ok", "nan": "ok"}, "Unauthorized"),
        (Said(b"", 503), {"no_data": "ok", "nan": "ok"}, "Unavailable"),
        (ONE, {"time": "soon"}, "BadOption"),
        (ONE, {"prometheus_url": ""}, "NoAddress"),
    ],
)
def test_errors(said: Said, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeliveryError) as error:
        ask(said, **options)
    assert error.value.reason == reason


def test_in_a_playbook(tmp_path: Path) -> None:
    """Queries and options from variables, which Ansible marks; plain values; one sentence for an error."""
    lookup = f"lookup('{NAME}', "
    shown = {
        "value": f"{{{{ {lookup}'up') + 1 }}}}",
        "kind": f"{{{{ {lookup}my_query) | type_debug }}}}",
        "list": f"{{{{ query('{NAME}', my_query, 'b', result=my_result) }}}}",
        "none": f"{{{{ {lookup}'nothing', no_data='ok') is none }}}}",
    }
    failing = {
        "no data": f"{lookup}'nothing')",
        "misspelt": f"{lookup}'up', nodata='ok')",
        "choice": f"{lookup}'up', nan='0')",
    }
    tasks: list[dict[str, Any]] = [{"ansible.builtin.copy": {"content": "{{ shown | to_json }}", "dest": "{{ out }}"}}]
    for name, expression in failing.items():
        tasks.append({"name": name, "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}, "ignore_errors": True})
    out = tmp_path / "out.json"
    python = {"ansible_python_interpreter": sys.executable}
    variables = {**python, "shown": shown, "my_query": "sum(up)", "my_result": "samples", "out": str(out)}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    sample = Said(vector(({"pod": "web"}, "1")))
    with fake_prometheus() as fake:
        fake.standing = {"up": ONE, "sum(up)": sample, "b": sample, "nothing": Said(vector())}
        environment = {
            **ENVIRONMENT,
            "TRADESENSE_PROMETHEUS_URL": fake.address,
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        }
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", str(path)]
        run = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    console = run.stdout + run.stderr
    assert run.returncode == 0, console
    assert {asked.form["query"] for asked in fake.asked} == {"up", "sum(up)", "b", "nothing"}
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["value"] == 2.0
    assert found["kind"] == "float"
    assert found["none"] is True
    assert [[item["labels"]["pod"] for item in entry] for entry in found["list"]] == [["web"], ["web"]]
    assert f"{fake.address}, query nothing: there is no data. Check" in console
    assert "there is no option nodata; there are " in console
    assert "Valid values are: fail, ok, drop" in console
    assert "Traceback" not in console
