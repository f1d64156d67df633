# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What Slack is sent: an event as blocks, within Slack's limits. Pure functions. Private to this collection.

Limits as Slack documents them for Block Kit: 50 blocks a message, 150 characters a header, 3000 a section's text, 10 fields a
section of 2000 each. All blocks together are refused above some 13 000 characters, which is not documented, so fewer are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._types import Obj
from .._words import Occasion
from .events import Event
from .wording import facts, impact_line, iso, next_steps, one_line, plain_text, reason_line, times_line, title

HEADER = 150
SECTION = 3000
FIELDS = 10
FIELD = 2000
# What a phone shows, and what is read out where there are no blocks.
FALLBACK = 3000
# Parts of the whole, so that a long list of reasons leaves room for what to do, and that all of it stays below 12 000.
_SUMMARY = 1500
_STEPS = 1500
_LINE = 1000
_FACT = 300
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SIGNS: Mapping[Occasion, str] = {
    Occasion.STARTED: "🚀",
    Occasion.WARNING: "⚠️",
    Occasion.HOLD: "✋",
    Occasion.ROLLBACK: "🚨",
    Occasion.RECOVERY: "✅",
    Occasion.INEFFECTIVE: "🆘",
    Occasion.ERROR: "❌",
    Occasion.FINISHED: "🏁",
}


def message(event: Event) -> Obj:
    """Return the body of a message: blocks, and the text for where none are shown."""
    return {"text": fallback(event), "blocks": _blocks(event), "unfurl_links": False, "unfurl_media": False}


def reply(event: Event) -> Obj:
    """Return the body of an answer in the thread: one section, since the message above it holds the rest."""
    lines = [f"*{cut(title(event), HEADER)}*"]
    if event.summary:
        lines.append(cut(one_line(event.summary), _LINE))
    body = fit([*lines, *_reasons(event), *_steps(event)], SECTION)
    return {"text": fallback(event), "blocks": [_section(body)], "unfurl_links": False, "unfurl_media": False}


def fallback(event: Event) -> str:
    """Return an event as plain text for Slack."""
    return cut(f"{_SIGNS[event.occasion]} {plain_text(event)}", FALLBACK)


def length(text: str) -> int:
    """Return how long a text is for Slack: in UTF-16 units, which is never less than it counts."""
    return len(text) + sum(ord(each) > 0xFFFF for each in text)


def cut(text: str, limit: int) -> str:
    """Return a text in which nothing is a link, a mention or an entity of Slack's.

    One that is too long is shortened, and ends with a sentence that says so.
    """
    # Each character takes at least one unit, so no more of them than this can matter.
    escaped = [_ESCAPES.get(each, each) for each in text[: limit + 1]]
    if len(text) <= limit and sum(map(length, escaped)) <= limit:
        return "".join(escaped)
    room = limit - length(_cut_words(len(text)))
    used = kept = 0
    # By whole characters, or half an entity would be left at the end.
    for each in escaped:
        used += length(each)
        if used > room:
            break
        kept += 1
    return "".join(escaped[:kept]) + _cut_words(len(text) - kept)


def fit(lines: Iterable[str], limit: int) -> str:
    """Return as many lines, which are escaped, as there is room for, and a sentence that says how many are left out.

    A line that has no room by itself is left out, too: callers shorten those.
    """
    given, kept, used = list(lines), 0, 0
    total = sum(length(line) + 1 for line in given)
    room = limit if total <= limit else limit - length(_more_words(len(given))) - 1
    for line in given:
        used += length(line) + 1
        if used > room:
            break
        kept += 1
    left = len(given) - kept
    return "\n".join([*given[:kept], *([_more_words(left)] if left else [])])


def _cut_words(count: int) -> str:
    return f" [...] Cut here: {count} more characters."


def _more_words(count: int) -> str:
    return f"[...] Cut here: {count} more line{'' if count == 1 else 's'}."


def _blocks(event: Event) -> list[Obj]:
    blocks: list[Obj] = [_header(f"{_SIGNS[event.occasion]} {title(event)}")]
    if event.summary:
        blocks.append(_section(cut(one_line(event.summary), _SUMMARY)))
    shown = [f"*{label}*\n{cut(value, _FACT)}" for label, value in facts(event)]
    blocks += [_fields(shown[index : index + FIELDS]) for index in range(0, len(shown), FIELDS)]
    if event.reasons:
        blocks.append(_section(fit(["*Why*", *_reasons(event)], SECTION)))
    impact = impact_line(event.impact) if event.impact else ""
    if impact:
        blocks.append(_section(f"*Impact*\n{cut(impact, _LINE)}"))
    steps = _steps(event)
    if steps:
        blocks.append(_section(fit(["*What to do*", *steps], _STEPS)))
    times = times_line(event.times)
    blocks.append(_context(f"{iso(event.at)}{f' · {times}' if times else ''}"))
    return blocks


def _reasons(event: Event) -> list[str]:
    return [f"• {cut(reason_line(each), _LINE)}" for each in event.reasons]


def _steps(event: Event) -> list[str]:
    return [cut(step, _LINE) for step in next_steps(event)]


def _header(text: str) -> Obj:
    # A header is plain text, where nothing is interpreted; it is escaped all the same, as Slack wants for every text.
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, HEADER), "emoji": False}}


def _section(text: str) -> Obj:
    return {"type": "section", "text": _words(text)}


def _fields(texts: list[str]) -> Obj:
    return {"type": "section", "fields": [_words(text) for text in texts]}


def _context(text: str) -> Obj:
    return {"type": "context", "elements": [_words(text)]}


def _words(text: str) -> Obj:
    # Verbatim: what looks like a link or a channel is not made one.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
