# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What became of a request, in words without its address. Pure functions. Private to this collection.

Nothing of an exception's or an answer's own text is repeated, except for the words of error that Slack documents.
"""

from __future__ import annotations

import email.utils
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._types import Obj

_BUSY = {
    408: "it waited for the request in vain",
    425: "it is not ready yet",
    429: "too many requests",
    500: "an error of its own",
    502: "a proxy gets no answer from it",
    503: "it is overloaded or shutting down",
    504: "a proxy waited for it in vain",
}
_REFUSED = {
    400: "it does not understand the message",
    401: "the credentials are not accepted",
    403: "the address or the credentials are not accepted",
    404: "there is nothing at this address",
    405: "nothing can be sent to this address",
    410: "the address is not in use any more",
    413: "the message is too long for it",
}
# Errors that Slack has at times, and that pass.
_SLACK_PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "rollup_error",
    }
)
_SLACK_ADVICE: Mapping[str, str] = {
    "invalid_auth": "check slack_token",
    "not_authed": "check slack_token",
    "token_expired": "renew slack_token",
    "token_revoked": "renew slack_token",
    "account_inactive": "renew slack_token",
    "missing_scope": "give the app the scope chat:write",
    "not_in_channel": "invite the app to the channel",
    "channel_not_found": "check slack_channel, and invite the app to it",
    "is_archived": "name another slack_channel",
    "channel_is_archived": "name another channel for the webhook",
    "no_service": "the webhook was removed; make a new one",
    "no_team": "the webhook was removed; make a new one",
    "invalid_token": "check slack_webhook_url",
}
# The message that would be edited is not there, or may not be edited any more.
SLACK_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
# The blocks do not please; the text may.
SLACK_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its body (not for messages) and the seconds after which to come again, if it says so."""

    code: int
    body: bytes = field(default=b"", repr=False)
    after: float = 0.0


class Failure(Exception):
    """A request that was not served.

    Attributes:
        text: what happened, without a full stop, without an address.
        transient: whether the same may succeed a moment later.
        after: seconds that the other side wants to be left alone.
        code: Slack's word for the error.
    """

    def __init__(self, text: str, *, transient: bool = False, after: float = 0.0, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.transient = transient
        self.after = after
        self.code = code

    def given_up(self, attempts: int) -> Failure:
        """Return the failure of the last attempt that there was time for."""
        asked = f", and it asks to be left alone for {self.after:.0f} s" if self.after else ""
        times = f" ({attempts} attempts{asked})" if attempts > 1 else f" (one attempt{asked})" if asked else ""
        return Failure(f"{self.text}{times}", transient=True, after=self.after, code=self.code)


def judged(reply: Reply) -> Failure | None:
    """Return what is wrong with an answer, by its status."""
    if 200 <= reply.code < 300:
        return None
    if reply.code in _BUSY:
        return Failure(f"it answers {reply.code}: {_BUSY[reply.code]}", transient=True, after=reply.after)
    if 300 <= reply.code < 400:
        return Failure(
            f"it answers with a redirect ({reply.code}), which is not followed: give the address it leads to"
        )
    return Failure(f"it answers {reply.code}: {_REFUSED.get(reply.code, 'the message is refused')}")


def judged_incoming(reply: Reply) -> Failure | None:
    """Return what is wrong with an answer of an incoming webhook of Slack's, which is one word of plain text."""
    word = _slack_word(reply.body.decode(errors="replace").strip())
    failure = judged(reply)
    if failure is None or failure.transient or not word:
        return failure
    return _slack_failure(word, reply.after)


def judged_api(reply: Reply) -> Failure | None:
    """Return what is wrong with an answer of Slack's Web API, which is 200 for most errors too."""
    said = decoded(reply.body)
    if said.get("ok") is True and reply.code == 200:
        return None
    word = _slack_word(said.get("error"))
    if word and reply.code not in _BUSY:
        return _slack_failure(word, reply.after)
    return judged(reply) or Failure("what answers is not Slack's Web API: check slack_api_url")


def decoded(body: bytes) -> Obj:
    """Return the JSON object in an answer; empty when there is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds_asked(header: str, now: float) -> float:
    """Return the seconds that a Retry-After asks for: a number of them, or a date; 0 for what is neither."""
    text = header.strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def broken(error: Exception) -> Failure:
    """Return the failure for a request that got no answer."""
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            # The hosts' names are in OpenSSL's words for this one.
            names = each.verify_code in (62, 63, 64)
            why = "it is for another name" if names else str(each.verify_message or "not trusted").rstrip(".")
            return Failure(f"its certificate is not accepted: {why}; give the authority's by notify_ca_cert")
    text = " ".join(f"{type(each).__name__} {each}" for each in chain)
    for pattern, words, transient in _NO_ANSWER:
        if re.search(pattern, text):
            return Failure(words, transient=transient)
    transient = any(isinstance(each, OSError) for each in chain)
    return Failure(f"it cannot be reached ({type(error).__name__})", transient=transient)


# What to look for in an exception and its causes, in this order: pattern, words, whether it may pass.
_NO_ANSWER: tuple[tuple[str, str, bool], ...] = (
    (r"CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted; give the authority's by notify_ca_cert", False),
    (r"CA bundle|NO_CERTIFICATE_OR_CRL_FOUND", "the file of notify_ca_cert cannot be used", False),
    (r"ProxyError|Tunnel connection failed", "the proxy of the environment does not lead to it", True),
    (r"SSLEOFError|UNEXPECTED_EOF", "it ended the TLS handshake", True),
    (r"\bSSL|\[SSL", "the TLS handshake failed: check that it speaks https", False),
    (r"NameResolution|gaierror|Failed to resolve", "its name cannot be resolved", True),
    (r"Connection refused", "nobody listens there", True),
    (r"[Tt]imed? ?out|Timeout", "it did not answer in time", True),
    (
        r"(?i)RemoteDisconnected|Connection ?(reset|aborted)|IncompleteRead|Broken ?pipe",
        "it cut the connection",
        True,
    ),
    (r"InvalidURL|LocationParseError|InvalidHeader", "the address or a header cannot be used", False),
)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and what it came of; of the HTTP client the cause stands in `reason` or in the arguments."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 20:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += [getattr(each, "reason", None), *each.args, each.__cause__, each.__context__]
    return found


def _slack_word(text: object) -> str:
    return text if isinstance(text, str) and re.fullmatch(r"[a-z_]{2,60}", text) else ""


def _slack_failure(word: str, after: float) -> Failure:
    advice = _SLACK_ADVICE.get(word, "")
    passing = word in _SLACK_PASSING
    return Failure(f"Slack says {word}{f': {advice}' if advice else ''}", transient=passing, after=after, code=word)
