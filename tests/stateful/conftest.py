# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The programs of the stateful services, as Debian packages them."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tools.debian import POSTGRES, REDIS, ensure_packages


def _environment(packages: Sequence[str], program: str) -> dict[str, str]:
    unpacked = ensure_packages(packages)
    # The scripts take what they need from PATH, here as in an image.
    folders = dict.fromkeys(str(unpacked.program(name).parent) for name in (program, *_CLIENTS[program]))
    return {"PATH": os.pathsep.join([*folders, "/usr/bin", "/bin"]), "LC_ALL": "C.UTF-8", **unpacked.environment()}


_CLIENTS = {"postgres": ("psql",), "redis-server": ("redis-cli",)}


@pytest.fixture(scope="session")
def postgres_environment() -> dict[str, str]:
    """The environment in which PostgreSQL's programs are found."""
    return _environment(POSTGRES, "postgres")


@pytest.fixture(scope="session")
def redis_environment() -> dict[str, str]:
    """The environment in which Redis' programs are found."""
    return _environment(REDIS, "redis-server")
