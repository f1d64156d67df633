# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which workloads of a namespace a task means. Private to this collection."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import DeliveryError


class Need(enum.Flag):
    """What a verb looks at beside the workloads; nothing else is read, so nothing else has to be permitted.

    `FOLLOWED` says that all of it is watched while the verb waits; without, it is read at the beginning and at the end.
    `ONCE` says that the beginning is enough: the verb changes none of it, and the result would be the same.
    `SWITCHES` asks for everything, followed, if a blue-green rollout is among the chosen: its promotion switches a Service.
    """

    NOTHING = 0
    REVISIONS = enum.auto()
    TRAFFIC = enum.auto()
    ANALYSIS = enum.auto()
    PODS = enum.auto()
    FOLLOWED = enum.auto()
    ONCE = enum.auto()
    SWITCHES = enum.auto()


EVERYTHING = Need.REVISIONS | Need.TRAFFIC | Need.ANALYSIS | Need.FOLLOWED


@dataclass(frozen=True)
class Choice:
    """Workloads by name, by label, or (with neither) all of the namespace.

    Attributes:
        names: Rollouts or Deployments; None when they are not chosen by name.
        labels: a label selector, empty when they are not chosen by label.
        deployments: whether a choice that names nothing includes Deployments; a name always may be one.
        may_be_empty: whether labels that match nothing are an answer rather than an error.
        rollouts_only: whether a name is that of a Rollout or of nothing, so that nobody need be allowed to list Deployments.
    """

    names: tuple[str, ...] | None = None
    labels: str = ""
    deployments: bool = True
    may_be_empty: bool = False
    rollouts_only: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, deployments: bool = True, everything: bool = False) -> Choice:
        """Pick the options ``rollouts`` and ``label_selectors`` out of a task's parameters.

        Raises:
            DeliveryError: neither chooses anything, and `everything` is not allowed.
        """
        labels = ",".join(str(part) for part in params["label_selectors"] or [])
        given = params["rollouts"]
        if labels or (everything and not given):
            return cls(None, labels, deployments, may_be_empty=everything)
        names = tuple(dict.fromkeys(str(name) for name in given or []))
        if not names or not all(names):
            raise DeliveryError(
                "no rollout is named", reason="BadOption", hint="set rollouts to a list of names, or label_selectors"
            )
        return cls(names)

    @property
    def only(self) -> str:
        """The one name there is, empty when there are several or none."""
        return self.names[0] if self.names and len(self.names) == 1 else ""

    def describe(self) -> str:
        """Return the choice in words, e.g. ``with the labels tier=backend``."""
        if self.names is not None:
            return ", ".join(self.names)
        return f"with the labels {self.labels}" if self.labels else "at all"
