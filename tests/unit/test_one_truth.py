# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One truth: documentation, argument specs, twins and the action group say the same."""

from __future__ import annotations

import ast
import functools
import importlib
import io
import json
import os
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Operation

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "tradesense.delivery"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
# The two doors to Ansible; everything else below module_utils is independent of it.
DOORS = {"_argspec.py", "_door.py"}
# Attributes of an option that documentation and argument spec share.
SHARED = ("type", "elements", "choices", "default", "required", "aliases")


@functools.cache
def documentation() -> dict[str, dict[str, Any]]:
    """Return what ansible-doc says of every module, fragments included."""
    names = [f"{COLLECTION}.{name}" for name in MODULES]
    command = [sys.executable, "-m", "ansible.cli.doc", "--json", "-t", "module", *names]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev" / "collections")}
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return {name.removeprefix(f"{COLLECTION}."): entry for name, entry in found.items()}


def operation_of(name: str) -> Operation:
    """Return the operation that a module runs."""
    module = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.modules.{name}")
    [found] = [value for value in vars(module).values() if isinstance(value, Operation)]
    return found


def all_names(operation: Operation) -> set[str]:
    """Return the names of an operation's options, aliases included."""
    return set(operation.options) | {name for spec in operation.options.values() for name in spec.get("aliases", [])}


def attributes(option: dict[str, Any]) -> dict[str, Any]:
    """Return an option's attributes with what Ansible fills in."""
    usual: dict[str, Any] = {
        "type": "str",
        "elements": None,
        "choices": None,
        "default": None,
        "required": False,
        "aliases": [],
    }
    return {name: option.get(name) or usual[name] if name != "default" else option.get(name) for name in SHARED}


def entries(returns: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield every documented return value: its path, its entry and whether it stands at the top."""
    for key, entry in returns.items():
        yield f"{path}{key}", entry, not path
        yield from entries(entry.get("contains") or {}, f"{path}{key}.")


def imports(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def code_lines(text: str) -> int:
    """Return the number of lines with code: neither blank, nor comment, nor docstring."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    begins = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in silent:
            begins = begins or token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            continue
        if not (token.type == tokenize.STRING and begins):
            lines.update(range(token.start[0], token.end[0] + 1))
        begins = False
    return len(lines)


def test_there_are_modules() -> None:
    assert {"apply", "rollout_info", "rollout_promote", "rollout_undo"} <= set(MODULES)
    assert sorted(documentation()) == MODULES


def test_every_module_has_an_action_of_its_name_and_the_other_way_round() -> None:
    assert MODULES == ACTIONS


def test_the_action_group_holds_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert sorted(runtime["action_groups"]["delivery"]) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_twins_run_the_same_operation(name: str) -> None:
    twin = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.action.{name}")
    assert twin.ActionModule.operation is operation_of(name)


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_names_the_options_there_are(name: str) -> None:
    documented = documentation()[name]["doc"]["options"]
    assert sorted(documented) == sorted(operation_of(name).options)


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_says_of_every_option_what_its_spec_says(name: str) -> None:
    documented = documentation()[name]["doc"]["options"]
    for option, spec in operation_of(name).options.items():
        assert attributes(documented[option]) == attributes(spec), option
        assert documented[option].get("description"), option


@pytest.mark.parametrize("name", MODULES)
def test_environment_variables_are_documented(name: str) -> None:
    documented = documentation()[name]["doc"]["options"]
    for option, spec in operation_of(name).options.items():
        for variable in (spec.get("fallback") or (None, []))[1]:
            assert f"E({variable})" in str(documented[option]["description"]), option


@pytest.mark.parametrize("name", MODULES)
def test_rules_between_options_name_options_there_are(name: str) -> None:
    operation = operation_of(name)
    named = [option for rule in (*operation.mutually_exclusive, *operation.required_one_of) for option in rule]
    assert set(named) <= set(operation.options)
    assert set(operation.private) <= all_names(operation)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_since_when_it_exists_and_what_it_supports(name: str) -> None:
    doc = documentation()[name]["doc"]
    assert doc["version_added"]
    assert doc["version_added_collection"] == COLLECTION
    assert {"check_mode", "diff_mode", "action_group", "async"} <= set(doc["attributes"])
    assert doc["attributes"]["action_group"]["membership"] == [f"{COLLECTION}.delivery"]


@pytest.mark.parametrize("name", MODULES)
def test_every_return_value_is_documented_with_a_sample(name: str) -> None:
    found = list(entries(documentation()[name]["return"]))
    assert {"msg", "reason", "hint", "where", "progress"} <= {path for path, _, _ in found}
    for path, entry, top in found:
        assert entry.get("description"), path
        assert entry.get("type"), path
        assert entry.get("returned") or not top, path
        assert "sample" in entry or entry.get("contains"), path
        assert entry["type"] != "list" or entry.get("elements"), path


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("rollout_")])
def test_the_rollouts_of_every_result_are_described_alike(name: str) -> None:
    """Ansible has no fragments for return values: each module's file repeats them."""
    described, model = (documentation()[module]["return"]["rollouts"]["contains"] for module in (name, "rollout_info"))
    only_info = {"serving", "revisions", "analysis_runs"}
    assert {field: described.get(field) for field in set(model) - only_info} == {
        field: entry for field, entry in model.items() if field not in only_info
    }


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_tasks_with_full_names_and_valid_options(name: str) -> None:
    operation = operation_of(name)
    tasks = yaml.safe_load(documentation()[name]["examples"])
    calls = [task[f"{COLLECTION}.{name}"] for task in tasks if f"{COLLECTION}.{name}" in task]
    assert calls, "no example calls the module"
    for task in tasks:
        actions = [key for key in task if "." in key]
        assert len(actions) == 1, task
        assert task["name"][0].isupper()
    for options in calls:
        if "{{" not in str(options):
            checked = ArgumentSpecValidator(operation.options, **operation.rules()).validate(options)
            assert checked.error_messages == []
        assert set(options) <= all_names(operation)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_a_thin_door(name: str) -> None:
    assert code_lines((PLUGINS / "action" / f"{name}.py").read_text()) <= 15


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_a_thin_door(name: str) -> None:
    tree = ast.parse((PLUGINS / "modules" / f"{name}.py").read_text())
    [main] = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert main.name == "main"
    assert len(main.body) <= 10


def test_only_the_doors_know_ansible() -> None:
    """Decisions that know Ansible cannot be tested, nor used, without it."""
    found = {
        str(path.relative_to(PLUGINS / "module_utils"))
        for path in (PLUGINS / "module_utils").rglob("*.py")
        if any(name == "ansible" or name.startswith("ansible.") for name in imports(path))
    }
    assert found == DOORS


def test_lines_of_code_are_counted_without_what_is_said_about_them() -> None:
    text = '"""Docs.\n\nMore."""\n\n# comment\nimport a\n\nclass B:\n    """Docs."""\n\n    c = """one\ntwo"""\n'
    assert code_lines(text) == 4
