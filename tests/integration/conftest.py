# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What every integration test gets: the sandbox, a namespace of its own, and a way to run tasks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.support.cluster import Cluster, Space
from tests.integration.support.environment import Environment
from tests.integration.support.plays import Ansible
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.traffic import set_load

DOORS = ("action", "module")


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The sandbox of the environment; without one, every test fails with a sentence."""
    try:
        return Sandbox.from_environment(os.environ)
    except LookupError as error:
        problem = str(error)
    pytest.fail(problem, pytrace=False)


@pytest.fixture(scope="session")
def cluster(sandbox: Sandbox) -> Cluster:
    """The sandbox's cluster, with an administrator's rights."""
    return Cluster()


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Space]:
    """A namespace of the test's own."""
    made = cluster.space(_name()).make()
    yield made
    made.remove()


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> str:
    """How a module is called: in Ansible itself (its action plugin), or shipped to a host."""
    return str(request.param)


@pytest.fixture
def ansible(sandbox: Sandbox, tmp_path: Path, door: str) -> Ansible:
    """Ansible, through each of the doors."""
    return Ansible(tmp_path, door)


@pytest.fixture
def environment(cluster: Cluster, sandbox: Sandbox, tmp_path: Path) -> Iterator[Environment]:
    """The inventory's development environment in a namespace of the test's own, which does not exist yet."""
    made = Environment(sandbox, cluster.space(_name()), Ansible(tmp_path), tmp_path)
    # At the usual load a window of a canary holds so few orders that two failed ones, by chance, are too many.
    set_load(sandbox.simulator, made.space.name, 500)
    yield made
    set_load(sandbox.simulator, made.space.name, None)
    made.remove()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests of playbooks over the first half: they mostly wait, the others mostly compute."""
    waiting = [item for item in items if item.path.name.startswith("test_playbook")]
    others = [item for item in items if item not in waiting]
    spread = max(len(others) // (2 * max(len(waiting), 1)), 1)
    for index, item in enumerate(waiting):
        others.insert(index * (spread + 1), item)
    items[:] = others


def _name() -> str:
    return f"it-{secrets.token_hex(4)}"
