# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The README of role workloads describes the catalog's schema, and nothing that is not in it."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.schema import KEYS

README = Path(__file__).parents[3] / "roles" / "workloads" / "README.md"


def test_the_table_of_keys_is_the_schema() -> None:
    table = README.read_text(encoding="utf-8").split("| key | default | meaning |")[1].split("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = [key for row in rows for key in re.findall(r"`([a-z_]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(KEYS)


def test_every_key_inside_a_section_is_described() -> None:
    text = README.read_text(encoding="utf-8")
    for name, key in KEYS.items():
        accepts = key.kind.accepts
        if not accepts.startswith("a mapping with keys out of "):
            continue
        for inner in accepts.removeprefix("a mapping with keys out of ").split(", "):
            assert f"`{inner}`" in text or f"`{name}.{inner}`" in text, f"{name}.{inner}"
