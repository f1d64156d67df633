# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The one error type of the collection. Private: other collections must not import it."""

from __future__ import annotations

from typing import Any


class DeliveryError(Exception):
    """Something a user has to know: what happened, where, why and what to do next.

    The doors (modules and action plugins) turn it into a failed result in one place; nothing below them
    knows how Ansible fails.

    Args:
        msg: what happened, one sentence without a full stop.
        reason: a stable word for programs, e.g. ``Forbidden`` or ``Timeout``.
        hint: what to do next, one sentence.
        where: the place, e.g. ``https://api.example, namespace tradesense-staging, Rollout x``.
        result: further entries for the failed result, e.g. the rollouts that did succeed.
    """

    def __init__(
        self,
        msg: str,
        *,
        reason: str = "",
        hint: str = "",
        where: str = "",
        result: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(msg)
        self.msg = msg
        self.reason = reason
        self.hint = hint
        self.where = where
        self.result = result or {}

    def sentence(self) -> str:
        """Return place, cause and advice as one line of text."""
        text = f"{self.where}: {self.msg}" if self.where else self.msg
        text = text.rstrip(".")
        hint = self.hint.rstrip(".")
        # A question keeps its mark: "Did you mean x?"
        parts = [text] + ([f"{hint[0].upper()}{hint[1:]}"] if hint else [])
        return " ".join(part if part.endswith("?") else f"{part}." for part in parts)

    def to_ansible(self) -> dict[str, Any]:
        """Return the failed result: ``msg`` holds the whole sentence, its parts stand beside it."""
        parts = {"reason": self.reason, "hint": self.hint, "where": self.where}
        return {**self.result, **{key: text for key, text in parts.items() if text}, "msg": self.sentence()}
