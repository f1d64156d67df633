# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Hands the builders out as fixtures."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.simulator.simulator_builders import (
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
