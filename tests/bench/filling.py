# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Many Rollouts at once: filling a namespace, and waiting until all of them have come somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.integration.support.cluster import Obj, Space

Thing = TypeVar("Thing")

_AT_ONCE = 4
# A few hundred rollouts by a controller that may make 40 requests a second.
_LONGEST_SECONDS = 600.0
# Listing a few hundred rollouts takes the API server longer than a single one.
_PAUSE_SECONDS = 0.5


def for_each(things: Iterable[Thing], do: Callable[[Thing], object]) -> None:
    """Do something with each thing, several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(do, things))


def until_all(space: Space, number: int, sign: Callable[[Obj], bool], what: str) -> None:
    """Wait until there are so many Rollouts, and all of them show a sign.

    Raises:
        AssertionError: they do not.
    """

    def there() -> bool:
        found = space.list("Rollout")
        return len(found) == number and all(sign(item) for item in found)

    space.until(there, f"{number} rollouts {what}", seconds=_LONGEST_SECONDS, pause=_PAUSE_SECONDS)
