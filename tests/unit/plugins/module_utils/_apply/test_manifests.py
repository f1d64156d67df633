# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From what a task was given to manifests, or to a sentence that says what is wrong and where."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.manifests import (
    in_namespace,
    parse,
    read,
    title,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

ONE: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
TWO: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
TEXT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ONE, [ONE]),
        ([ONE, TWO], [ONE, TWO]),
        ([ONE, None, [TWO]], [ONE, TWO]),
        (TEXT, [ONE, TWO]),
        ([TEXT], [ONE, TWO]),
        ("- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", [ONE]),
        ({"apiVersion": "v1", "kind": "List", "items": [ONE, TWO]}, [ONE, TWO]),
        ({"apiVersion": "v1", "kind": "ConfigMapList", "items": []}, []),
        ({"apiVersion": "v1", "kind": "List", "items": None}, []),
        ("", []),
        ("---\n# nothing\n", []),
        (None, []),
        ([], []),
    ],
)
def test_every_way_to_give_manifests(given: Any, expected: list[Any]) -> None:
    assert parse(given) == expected


def test_a_kind_that_only_ends_like_a_list_is_one_object() -> None:
    item = {"apiVersion": "example.io/v1", "kind": "AllowList", "metadata": {"name": "a"}, "spec": {}}
    assert parse(item) == [item]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("just a sentence", "a manifest must be a mapping, not str"),
        (["just a sentence"], "a manifest must be a mapping, not str"),
        ("- a\n- b", "a manifest must be a mapping, not str"),
        ("42", "a manifest must be a mapping, not int"),
        (42, "a manifest must be a mapping, not int"),
        ("a: [1", "malformed YAML in line"),
        ("a: 1\nb: :\n c: 2", "malformed YAML in line"),
        ("a: \x07", "malformed YAML"),
        (
            TEXT.replace("{name: b}", "{name: b}\ndata:\n  LEVEL: x\n  LEVEL: y"),
            "in line 12: the key LEVEL stands twice",
        ),
        ("a: {b: 1, 'b': 2}", "the key b stands twice"),
        ("a: \ud800", "malformed YAML: not parsable"),
        ("[a]: b", "malformed YAML in line 1"),
        ({"kind": "ConfigMap", "metadata": {"name": "a"}}, "no apiVersion"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "no kind"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "no metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": "a"}, "no metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 1}}, "no metadata.name"),
        ({"apiVersion": "v1", "kind": "List", "items": ["a"]}, "a manifest must be a mapping, not str"),
        ({"apiVersion": "v1", "kind": "List", "items": "a"}, "a manifest must be a mapping, not str"),
        ([ONE, ONE], "ConfigMap a is defined twice"),
    ],
)
def test_what_is_no_manifest_is_told_in_a_sentence(given: Any, message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        parse(given)
    assert message in error.value.sentence()
    assert error.value.reason == "BadManifest"
    assert "\n" not in error.value.sentence()


def test_texts_are_read_as_kubernetes_reads_them() -> None:
    """A date is a text; what is merged in may be given again; another tag makes another key."""
    text = """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, annotations: {since: 2024-01-01, at: 2024-01-01T10:00:00Z}}
    data: &shared {A: x, B: y}
    binaryData:
      <<: *shared
      A: z
      1: number
      "1": text
    """
    [item] = parse(text)
    assert item["metadata"]["annotations"] == {"since": "2024-01-01", "at": "2024-01-01T10:00:00Z"}
    assert item["binaryData"] == {"A": "z", "B": "y", 1: "number", "1": "text"}
    assert yaml.safe_load("2024-01-01") == datetime.date(2024, 1, 1), "only our own loader is another"


def test_a_kind_of_text_is_as_good_as_a_text() -> None:
    class Tagged(str):
        """As Ansible's templates make them."""

    assert parse(Tagged(TEXT)) == [ONE, TWO]


@pytest.mark.parametrize("value", ["!hunter2", "*hunter2", "hunter2: x: y", "@hunter2", "[hunter2", "'hunter2"])
def test_a_value_without_quotes_is_not_repeated(value: str) -> None:
    """A password may look like a tag, an alias or the beginning of a list."""
    with pytest.raises(DeliveryError, match="malformed YAML") as error:
        parse(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  A: {value}\n")
    assert "hunter2" not in error.value.sentence()


def test_the_same_name_in_two_namespaces_is_no_twin() -> None:
    there = {**ONE, "metadata": {"name": "a", "namespace": "other"}}
    assert len(parse([ONE, there])) == 2


def test_a_file_is_read_and_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "manifests.yml"
    path.write_text(TEXT)
    assert read(str(path)) == [ONE, TWO]
    path.write_text("a: [1")
    with pytest.raises(DeliveryError, match="malformed YAML") as error:
        read(str(path))
    assert str(path) in error.value.where
    for bad in (tmp_path, tmp_path / "missing.yml"):
        with pytest.raises(DeliveryError, match="the file cannot be read"):
            read(str(bad))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeliveryError, match="the file cannot be read"):
        read(str(path))


def test_the_namespace_is_the_manifests_own_else_the_tasks() -> None:
    assert in_namespace(ONE, "team", True)["metadata"]["namespace"] == "team"
    own = {**ONE, "metadata": {"name": "a", "namespace": "own"}}
    assert in_namespace(own, "team", True)["metadata"]["namespace"] == "own"
    assert "namespace" not in in_namespace(own, "team", False)["metadata"]
    assert "namespace" not in ONE["metadata"]
    with pytest.raises(DeliveryError, match="ConfigMap a names no namespace"):
        in_namespace(ONE, None, True)


def test_titles() -> None:
    assert title(ONE) == "ConfigMap a"
    assert title(in_namespace(ONE, "team", True)) == "ConfigMap a in namespace team"
