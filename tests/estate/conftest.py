# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the integration tests."""

from __future__ import annotations

from tests.integration.conftest import cluster, sandbox

__all__ = ["cluster", "sandbox"]
