# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading the vectors, as parameters of tests."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.conformance.conftest import folder

Case = dict[str, Any]


def cases(file: str, section: str) -> list[Any]:
    """Return the cases of a section, each under its name."""
    found: list[Case] = json.loads((folder() / file).read_text(encoding="utf-8"))[section]
    assert found, f"{file} has no cases of {section}"
    return [
        pytest.param(case, id=f"{number}-{case.get('name', case.get('test', section))}")
        for number, case in enumerate(found)
    ]


def number(value: Any) -> float:
    """Return a number that JSON cannot write otherwise than by name."""
    if value is None:
        return math.nan
    return float(value)
