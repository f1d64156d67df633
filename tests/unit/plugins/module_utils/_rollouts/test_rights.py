# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an account must be allowed: as data, in words, and in the documentation."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.rights import RIGHTS, Right, sentences


def notes(name: str) -> list[str]:
    """Return the notes of a module's documentation."""
    module = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.modules.{name}")
    documentation: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)
    return [str(note) for note in documentation["notes"]]


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_the_documentation_lists_the_rights(name: str) -> None:
    wanted = sentences(RIGHTS[name])
    assert notes(name)[: len(wanted)] == wanted


def test_a_right_as_a_rule_and_in_words() -> None:
    right = Right("argoproj.io", "rollouts/status", ("get", "patch"))
    assert right.rule() == {"apiGroups": ["argoproj.io"], "resources": ["rollouts/status"], "verbs": ["get", "patch"]}
    assert right.words() == "get and patch of rollouts/status (argoproj.io)"
    assert Right("", "pods", ("list",)).words() == "list of pods"


def test_what_is_needed_sometimes_stands_in_a_sentence_of_its_own() -> None:
    rights = [Right("", "pods", ("list",)), Right("", "services", ("list",), "where it has Services")]
    assert sentences(rights) == [
        "Needed permissions in the namespace are list of pods.",
        "Where it has Services, also list of services.",
    ]


def test_no_right_is_broader_than_the_namespace_needs() -> None:
    """No wildcard, no Secret, and nothing is created, deleted or replaced."""
    for name, rights in RIGHTS.items():
        for right in rights:
            assert set(right.verbs) <= {"list", "watch", "patch"}, name
            assert right.resource not in ("secrets", "*"), name
