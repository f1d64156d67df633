# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the vectors are: beside the checkout, in the folder that the variable VECTORS names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """Return the folder of the vectors; a relative one counts from the checkout."""
    return (ROOT / os.environ.get("VECTORS", "../shared/research/vectors")).resolve()


def pytest_configure(config: pytest.Config) -> None:
    missing = [name for name in ("argo_vectors.json", "kayenta_vectors.json") if not (folder() / name).is_file()]
    if missing:
        raise pytest.UsageError(
            f"the vectors are not part of the project, and {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not in {folder()}. Name the folder that has them: "
            "make conformance VECTORS=/path/to/vectors"
        )
