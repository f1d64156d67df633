# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply: what it refuses, and what it never shows."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, canary, config_map, deployment, service
from tests.integration.support.plays import Ansible, Run, look, task

SECRET = "correct-horse-battery"
REPLACED = "staple-of-yesterday"
PIN = 31415926
# A password that nobody put in quotes, and that YAML takes for something else.
YAML = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: yaml\nstringData:\n  PASSWORD: !{SECRET}\n"


def secret(name: str, value: str) -> Obj:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"PASSWORD": value}}


def test_bad_manifests_send_nothing(ansible: Ansible, space: Space, tmp_path: Path) -> None:
    """Malformed, empty and incomplete manifests are one sentence each, and nothing of the set is sent."""
    fine = config_map("fine")
    kindless = {"apiVersion": "v1", "metadata": {"name": "x"}}
    file = tmp_path / "broken.yml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [x\ndata: {}\n", encoding="utf-8")
    cases: dict[str, tuple[Obj, str]] = {
        "malformed": ({"definitions": "apiVersion: v1\nkind: {ConfigMap\nmetadata: x"}, "malformed YAML in line 3"),
        "malformed file": ({"src": [str(file)], "definitions": [fine]}, f"{file}: malformed YAML in line 5"),
        "no file": ({"src": [str(tmp_path / "none.yml")]}, "the file cannot be read"),
        "no kind": ({"definitions": [fine, kindless]}, "document 2: the manifest has no kind"),
        "no mapping": ({"definitions": "- just\n- words"}, "a manifest must be a mapping, not str"),
        "twice": ({"definitions": [fine, fine]}, "ConfigMap fine is defined twice"),
        "unknown kind": (
            {"definitions": [fine, {**fine, "kind": "Wigdet"}]},
            "the cluster does not know kind Wigdet of v1",
        ),
        "nothing": ({}, "one of the following is required: definitions, src, template"),
    }
    bad = ansible.some(cases)
    tasks = [task("apply", name=name, fails=True, **options) for name, (options, _) in bad.items()]
    run = ansible.tasks(space.name, [*tasks, task("apply", name="empty", definitions=""), look()])
    for name, (_, text) in bad.items():
        assert text in run[name].msg, run[name].msg
        assert "\n" not in run[name].msg
        assert not run[name].changed
    assert run["empty"].msg == "There is nothing to apply: no manifest was given."
    assert not run["empty"].changed
    assert run["look"].objects == {}


def test_unknown_fields_are_refused(ansible: Ansible, space: Space) -> None:
    """A field the server does not know is an error that names it; what comes later is not applied."""
    wrong = canary("web", PAUSE)
    wanted = [{**config_map("settings"), "dta": {"LEVEL": "INFO"}}, wrong, config_map("fine")]
    run = ansible.tasks(space.name, [task("apply", fails=True, definitions=wanted), look()])
    refused = run["apply"]
    assert refused.data["reason"] == "Invalid"
    assert ".dta: field not declared in schema" in refused.msg
    assert f"ConfigMap settings in namespace {space.name}" in refused.msg
    assert f"not applied: Rollout web in namespace {space.name}" in refused.msg
    actions = [item["action"] for item in refused.data["objects"]]
    assert actions == ["failed", "skipped", "created"]
    assert refused.changed, "one object of the set was created, and the result says so"
    assert refused.data["objects"][0]["error"].count("\n") == 0
    assert set(run["look"].objects) == {"ConfigMap/fine"}


def test_what_stands_twice_is_refused(ansible: Ansible, space: Space) -> None:
    """Two values for one key in a text, and two elements of one name, are errors that name what stands twice."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  LEVEL: INFO\n  LEVEL: DEBUG\n"
    twins = canary("web", env={"A": "1"})
    container = twins["spec"]["template"]["spec"]["containers"][0]
    ports = service("web", "web")
    ports["spec"]["ports"] *= 2
    users = deployment("users")
    users["spec"]["template"]["spec"]["containers"] = [{**container, "env": container["env"] * 2}]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="text", fails=True, definitions=text),
            task("apply", name="ports", fails=True, definitions=[ports]),
            task("apply", name="env", fails=True, check=True, definitions=[users]),
            look(),
        ],
    )
    assert "malformed YAML in line 7: the key LEVEL stands twice" in run["text"].msg
    assert ".spec.ports: duplicate entries for key [port=80,protocol=" in run["ports"].msg
    path = '.spec.template.spec.containers[name="app"].env: duplicate entries for key [name="A"]'
    assert path in run["env"].msg
    assert run["env"].data["reason"] == "Invalid"
    assert run["look"].objects == {}


def test_dates_are_texts(ansible: Ansible, space: Space) -> None:
    """A date without quotes, in a text or in the playbook itself, is what was written."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: text\ndata:\n  SINCE: 2024-01-01\n"
    run = ansible.tasks(space.name, [task("apply", definitions=text), look()])
    assert run["look"].objects["ConfigMap/text"]["data"] == {"SINCE": "2024-01-01"}


def test_secret_values_are_never_shown(ansible: Ansible, space: Space) -> None:
    """Neither the console with -vvv and --diff nor any result holds a value of a Secret, wanted or live."""
    space.apply(secret("password", REPLACED))
    space.apply({**secret("fixed", REPLACED), "immutable": True})
    bad = {
        "base64": ({**secret("base64", ""), "data": {"OTHER": f"{SECRET}!"}}, "data.OTHER is not base64"),
        "number": ({**secret("number", ""), "stringData": {"PIN": PIN}}, "stringData.PIN must be a text, not a number"),
        "key": ({**secret("key", ""), "stringData": {"a key": SECRET}}, "stringData has the key 'a key'"),
        "yaml": (YAML, "malformed YAML in line 6"),
    }
    refused = [
        {**secret("unknown", SECRET), "dta": {"PASSWORD": SECRET}},
        {**secret("tls", SECRET), "type": "kubernetes.io/tls"},
        {**secret("fixed", SECRET), "immutable": True},
        {**secret("docker", ""), "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": SECRET}},
    ]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="change", definitions=[secret("password", SECRET)]),
            *(task("apply", name=name, fails=True, definitions=given) for name, (given, _) in bad.items()),
            task("apply", name="refuse", fails=True, definitions=refused),
        ],
        arguments=["-vvv", "--diff"],
        environment={"ANSIBLE_INJECT_INVOCATION": "true"},
    )
    assert ("Using module file" in run.console) == (ansible.door == "module"), "each door is really the other one"
    assert run["change"].changed
    assert "hidden, hash " in run.console
    _assert_hidden(run)
    for name, (_, words) in bad.items():
        assert words in run[name].msg
        assert not run[name].changed
    told = {item["name"]: item["error"] for item in run["refuse"].data["objects"]}
    for name, words in (
        ("unknown", ".dta: field not declared in schema"),
        ("tls", "data[tls.crt]: Required value; data[tls.key]: Required value"),
        ("fixed", "data: Forbidden, field is immutable when `immutable` is set"),
        ("docker", "data[.dockerconfigjson]: Invalid value"),
    ):
        assert f"Secret {name} in namespace {space.name}: the API server does not accept the object: " in told[name]
        assert words in told[name]
    live = base64.b64decode(space.get("Secret", "password")["data"]["PASSWORD"]).decode()
    assert live == SECRET


def _assert_hidden(run: Run) -> None:
    told = run.console + repr([(result.status, result.data) for result in run.results])
    for value in (SECRET, REPLACED, str(PIN)):
        for shape in (value, base64.b64encode(value.encode()).decode()):
            assert shape not in told, f"{shape} is shown"
