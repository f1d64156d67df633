# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The one error type: a sentence for people, parts for programs."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DeliveryError("it broke"), "it broke."),
        (DeliveryError("it broke."), "it broke."),
        (DeliveryError("it broke", where="there"), "there: it broke."),
        (DeliveryError("it broke", hint="mend it"), "it broke. Mend it."),
        (DeliveryError("it broke", hint="mend it."), "it broke. Mend it."),
        (DeliveryError("it broke", hint="did you mean x?"), "it broke. Did you mean x?"),
        (DeliveryError("it broke", hint="."), "it broke."),
    ],
)
def test_a_sentence(error: DeliveryError, expected: str) -> None:
    assert error.sentence() == expected


def test_a_failed_result_holds_the_sentence_its_parts_and_what_was_done() -> None:
    error = DeliveryError(
        "it broke", reason="Broken", hint="mend it", where="there", result={"changed": True, "msg": "x"}
    )
    assert error.to_ansible() == {
        "changed": True,
        "msg": "there: it broke. Mend it.",
        "reason": "Broken",
        "hint": "mend it",
        "where": "there",
    }
    assert DeliveryError("it broke").to_ansible() == {"msg": "it broke."}
    assert str(error) == "it broke"
