# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a terminal can show, and pictures that are drawn over."""

from __future__ import annotations

import io

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Screen
from ansible_collections.tradesense.delivery.plugins.plugin_utils._terminal import Picture, Terminal, without_colours


class Stream(io.StringIO):
    """Somewhere to write to, with an encoding, that may be a terminal."""

    def __init__(self, encoding: str | None, *, terminal: bool) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str | None:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


XTERM = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("encoding", "unicode"),
    [("utf-8", True), ("UTF-8", True), ("utf8", True), ("ascii", False), ("iso-8859-1", False), (None, False)],
)
def test_more_than_ascii_where_the_encoding_has_it(encoding: str | None, unicode: bool) -> None:
    assert Terminal.of(Stream(encoding, terminal=False), XTERM, colour=False).unicode is unicode


@pytest.mark.parametrize(
    ("stream", "environment"),
    [
        (Stream("utf-8", terminal=False), XTERM),
        (Stream("utf-8", terminal=True), {"TERM": "dumb"}),
        (Stream("utf-8", terminal=True), {}),
        (object(), XTERM),
    ],
)
def test_nothing_is_drawn_over_but_on_a_terminal(stream: object, environment: dict[str, str]) -> None:
    found = Terminal.of(stream, environment, colour=True)
    assert (found.rows, found.columns) == (0, 0)
    assert found.screen(alone=True) == Screen(unicode=found.unicode, colour=True, redraws=False)


def test_a_terminal_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    found = Terminal.of(Stream("utf-8", terminal=True), XTERM, colour=False)
    assert found == Terminal(unicode=True, colour=False, rows=30, columns=100)
    assert found.screen(alone=True).redraws
    assert not found.screen(alone=False).redraws, "other hosts write in between"


def test_a_picture_takes_the_place_of_the_one_before() -> None:
    picture = Picture(Terminal(rows=24, columns=80))
    assert picture.over(["a", "b"]) == "a\nb"
    assert picture.over(["c"]) == "\x1b[2A\x1b[Jc"
    assert picture.over(["d", "e"]) == "\x1b[1A\x1b[Jd\ne"


def test_a_long_line_takes_several_rows_and_colours_none() -> None:
    picture = Picture(Terminal(rows=24, columns=10))
    picture.over(["x" * 25, "\x1b[31m" + "y" * 10 + "\x1b[0m", ""])
    assert picture.over(["z"]) == "\x1b[5A\x1b[Jz"


@pytest.mark.parametrize("count", [8, 9, 50])
def test_what_does_not_fit_is_told(count: int) -> None:
    """A picture higher than the screen could not be drawn over: its upper lines are out of reach."""
    picture = Picture(Terminal(rows=10, columns=80))
    lines = picture.over([str(number) for number in range(count)]).split("\n")
    if count == 8:
        assert lines == [str(number) for number in range(8)]
    else:
        assert lines == [*(str(number) for number in range(7)), f"({count - 7} more lines)"]
    assert picture.over(["x"]).startswith("\x1b[8A")


def test_colours_are_taken_out() -> None:
    assert without_colours("\x1b[31mbad\x1b[0m \x1b[1mweb\x1b[0m") == "bad web"
