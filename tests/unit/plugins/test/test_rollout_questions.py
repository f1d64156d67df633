# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The tests and filters for rollouts, as Ansible finds them; what they answer is tested with `answers`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.answers import QUESTIONS, TAGS
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.data import entry_of

from tests.unit.plugins.builders import IMAGE
from tests.unit.plugins.scenes import canary, view

PACKAGE = "ansible_collections.tradesense.delivery.plugins"
FILES = sorted(path.stem for path in (Path(__file__).parents[4] / "plugins" / "test").glob("*.py"))
PAUSED = entry_of(view(canary(step=1)))


def load(name: str) -> Any:
    """Return the file of a test."""
    return importlib.import_module(f"{PACKAGE}.test.{name}")


def test_there_is_a_file_for_each_question() -> None:
    assert sorted(QUESTIONS) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_test_answers_its_own_question(name: str) -> None:
    [(found, ask)] = load(name).TestModule().tests().items()
    assert found == name
    assert ask(PAUSED) is (name in ("paused", "promotable", "in_flight"))
    assert ask({"rollouts": {"web": PAUSED}}) is ask(PAUSED)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("value", [None, "web", {}, {"skipped": True}, [PAUSED]])
def test_a_mistake_is_one_readable_line(name: str, value: Any) -> None:
    ask = load(name).TestModule().tests()[name]
    with pytest.raises(AnsibleFilterError) as error:
        ask(value)
    assert len(str(error.value)) > 20
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", FILES)
def test_a_test_is_documented(name: str) -> None:
    module = load(name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["name"] == name
    assert documentation["short_description"][0].isupper()
    assert documentation["extends_documentation_fragment"] == ["tradesense.delivery.rollout_question"]
    assert yaml.safe_load(module.RETURN)["_value"]["type"] == "boolean"
    [example] = yaml.safe_load(module.EXAMPLES)
    assert f"tradesense.delivery.{name}" in str(example)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rollout_images", {"trading-service": f"{IMAGE}:v2.7.0"}), ("rollout_problems", [])],
)
def test_a_filter_answers_or_says_in_a_line_why_not(name: str, expected: Any) -> None:
    module = importlib.import_module(f"{PACKAGE}.filter.{name}")
    ask = module.FilterModule().filters()[name]
    assert ask(PAUSED) == expected
    for value in (None, "web", {}, {"skipped": True}):
        with pytest.raises(AnsibleFilterError) as error:
            ask(value)
        assert "\n" not in str(error.value)
    older = {**PAUSED, "images": [{"image": "x"}], "revisions": [{"revision": 1}]}
    with pytest.raises(AnsibleFilterError, match="no result of this version"):
        ask(older)


def test_the_filter_for_images_names_its_tags() -> None:
    module = importlib.import_module(f"{PACKAGE}.filter.rollout_images")
    option = yaml.safe_load(module.DOCUMENTATION)["options"]["tag"]
    assert tuple(option["choices"]) == TAGS
    ask = module.FilterModule().filters()["rollout_images"]
    assert ask(PAUSED) == ask(PAUSED, option["default"])
    assert ask(PAUSED, "canary") == {"trading-service": f"{IMAGE}:v2.8.0"}
    with pytest.raises(AnsibleFilterError, match="Use one of stable, canary"):
        ask(PAUSED, "latest")
