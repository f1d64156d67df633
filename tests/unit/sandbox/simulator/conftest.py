# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the sandbox and the builders importable, and hands the builders out as fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
for _folder in (_HERE, _HERE.parents[3]):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from simulator_builders import (  # noqa: E402
    MakeIngress,
    MakePod,
    MakeService,
    build_ingress,
    build_pod,
    build_service,
)


@pytest.fixture
def make_pod() -> MakePod:
    return build_pod


@pytest.fixture
def make_service() -> MakeService:
    return build_service


@pytest.fixture
def make_ingress() -> MakeIngress:
    return build_ingress
