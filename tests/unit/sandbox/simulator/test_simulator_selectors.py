# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sandbox.simulator.selectors import read_selector

LABELS = {"app": "web", "tier": "api", "example.com/part-of": "tradesense", "empty": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "app=web",
        "app==web",
        "app = web , tier!=db",
        "absent!=web",
        "app in (api,web)",
        "app in (web),tier notin (db, cache)",
        "absent notin (web)",
        "app",
        "!absent",
        "example.com/part-of=tradesense",
        "empty=",
        "empty in ()",
    ],
)
def test_what_matches(text: str) -> None:
    assert read_selector(text)(LABELS)


@pytest.mark.parametrize(
    "text",
    ["app=api", "app!=web", "app in (api,db)", "app notin (web)", "absent", "!app", "absent=web", "app=web,tier=db"],
)
def test_what_does_not(text: str) -> None:
    assert not read_selector(text)(LABELS)


@pytest.mark.parametrize("text", ["app=web,", "=web", "app in web", "app in (a b)", "app>3", "app=we b", "-app", "!"])
def test_what_is_no_selector_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="label selector"):
        read_selector(text)
