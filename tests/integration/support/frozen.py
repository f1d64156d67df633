# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A controller that is slow with one Rollout, for as long as a test wants: the moments between request and reaction.

The controller looks only at Rollouts without the label of another instance. Taking one out of its sight and giving it back
is what a loaded controller does to it, with the difference that the moment can be held. It believes such a Rollout deleted
and takes its hash out of the Services it names: so only for Rollouts that name none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.support.cluster import Space
from tests.integration.support.plays import Data

_LABEL = "argo-rollouts.argoproj.io/controller-instance-id"


@contextmanager
def frozen(space: Space, *names: str) -> Iterator[None]:
    """Keep the controller from seeing Rollouts until the end of the block."""
    for name in names:
        freeze(space, name)
    try:
        yield
    finally:
        for name in names:
            _label(space, name, None)


def freeze(space: Space, name: str) -> None:
    """Keep the controller from seeing a Rollout, until a `thaw`."""
    strategy = next(iter(space.get("Rollout", name)["spec"]["strategy"].values()))
    assert not [key for key in strategy if key.endswith("Service")], f"{name} names Services"
    _label(space, name, "nobody")


def thaw(name: str) -> Data:
    """Return the task of a play that gives a Rollout back to its controller."""
    argv = ["{{ lookup('ansible.builtin.env', 'TRADESENSE_KUBECTL') }}", "--namespace", "{{ space }}"]
    argv += ["label", f"rollout/{name}", f"{_LABEL}-"]
    return {"name": "thaw", "ansible.builtin.command": {"argv": argv}}


def _label(space: Space, name: str, value: str | None) -> None:
    space.patch("Rollout", name, {"metadata": {"labels": {_LABEL: value}}})
