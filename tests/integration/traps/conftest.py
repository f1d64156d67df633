# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Each trap of Argo Rollouts twice: the plain request falls into it, the collection does not.

The plain half shows that the trap is still there: when it vanishes with a newer controller, its test fails, and the module
may become simpler. Both doors are tested elsewhere; here it is the action's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support.cluster import Space
from tests.integration.support.naive import Naive
from tests.integration.support.plays import Ansible
from tests.integration.support.sandbox import Sandbox


@pytest.fixture
def ansible(sandbox: Sandbox, tmp_path: Path) -> Ansible:
    """Ansible, through the action's door."""
    return Ansible(tmp_path)


@pytest.fixture
def naive(sandbox: Sandbox, space: Space) -> Naive:
    """The plugin and kubectl in the test's namespace."""
    return Naive(sandbox, space)
