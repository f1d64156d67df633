# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every request of notifications goes through here. Private to this collection.

Addresses are secrets: whoever knows that of an incoming webhook may write there. So no exception of the HTTP client, which
repeats them, gets out of here, not even as the cause of another one, nor does anything that its libraries log meanwhile.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .._analysis import _libs
from .answers import Failure, Reply, broken, seconds_asked
from .secret import NONE, Secret

# Of an answer no more is read; Slack repeats the message in it.
_MOST = 1_000_000
# Seconds to wait for a connection.
_CONNECT = 5.0
# Seconds before the first repetition, doubled for each further one, and the most of them.
_FIRST, _LONGEST = 0.5, 30.0
_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "urllib3.response", "requests")


@dataclass(frozen=True)
class Request:
    """A POST. `local`: to this machine itself, so that no proxy is to see it."""

    url: Secret
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: Secret = NONE
    local: bool = False


class Poster:
    """Sends requests, and again if they were not served, until it is told to stop. Any number of threads."""

    def __init__(self, *, verify: bool | str, timeout: float, stop: threading.Event) -> None:
        """Prepare; no request is made yet.

        Args:
            verify: True, or the path of the authorities' certificates; never False.
            timeout: seconds for one request.
            stop: when it is set, nothing is repeated any more.
        """
        self._verify = verify
        self._timeout = timeout
        self._stop = stop

    def post(
        self,
        make: Callable[[], Request],
        judge: Callable[[Reply], Failure | None],
        *,
        ends: float,
        needs_body: bool = True,
    ) -> Reply:
        """Send a request until it is served.

        Args:
            make: makes the request, anew for every attempt.
            judge: says what is wrong with an answer.
            ends: by the monotonic clock; no attempt begins after it.
            needs_body: whether the judge wants more than the status of a good answer.

        Raises:
            Failure: it was not served; its words hold no secret.
        """
        attempt = 0
        while True:
            attempt += 1
            reply, failure = self._attempt(make(), ends, needs_body)
            if reply is not None:
                failure = judge(reply)
                if failure is None:
                    return reply
            # Raised here and not where an exception is handled, which would become its context.
            if failure is None or not failure.transient or self._stop.is_set():
                raise failure or Failure("there was no answer")
            pause = max(failure.after, pause_before(attempt))
            if time.monotonic() + pause >= ends:
                raise failure.given_up(attempt)
            if self._stop.wait(pause):
                raise failure

    def _attempt(self, request: Request, ends: float, needs_body: bool) -> tuple[Reply | None, Failure | None]:
        try:
            with _silence(), _libs.requests.Session() as session:
                return self._send(session, request, ends, needs_body), None
        except Exception as error:
            # Of whatever type: any of them may hold the address.
            return None, broken(error)

    def _send(self, session: Any, request: Request, ends: float, needs_body: bool) -> Reply:
        # Neither proxies nor anything else of the environment has to do with this machine itself.
        session.trust_env = not request.local
        session.auth = _Identity(request.token)
        session.headers.update({"User-Agent": "tradesense.delivery", "Accept-Encoding": "identity", **request.headers})
        until = min(time.monotonic() + self._timeout, max(ends, time.monotonic() + 1.0))
        left = until - time.monotonic()
        with session.post(
            request.url.reveal(),
            data=request.body,
            timeout=(min(left, _CONNECT), left),
            # A redirect may lead to anybody, with everything that is in the request.
            allow_redirects=False,
            verify=self._verify,
            stream=True,
        ) as response:
            good = 200 <= response.status_code < 300
            return Reply(
                response.status_code,
                _read(response, until) if needs_body or not good else b"",
                seconds_asked(response.headers.get("Retry-After", ""), time.time()),
            )


def pause_before(attempt: int) -> float:
    """Return the seconds to wait after an attempt, with some chance in it so that not everybody comes back at once."""
    seconds: float = min(_FIRST * 2 ** (attempt - 1), _LONGEST)
    return seconds * (0.75 + 0.5 * random.random())


def _read(response: Any, until: float) -> bytes:
    # As it comes: to wait for a whole piece would be to wait for as long as a slow server likes.
    raw = response.raw
    read = getattr(raw, "read1", None) or (lambda size: raw.read(1))
    found = bytearray()
    while len(found) < _MOST and time.monotonic() < until:
        piece = read(8192)
        if not piece:
            break
        found += piece
    return bytes(found)


class _Identity(getattr(_libs, "AuthBase", object)):  # type: ignore[misc]  # without the library nothing is sent
    """The header Authorization; also used when there is none, or requests would look into a netrc file."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the HTTP libraries from logging what this thread does: paths of requests are among it."""
    mine = threading.get_ident()

    def others(record: logging.LogRecord) -> bool:
        return record.thread != mine

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(others)
