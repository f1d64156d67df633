# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every request to Prometheus goes through here. Private: other collections must not import it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _libs
from .access import Access
from .failures import unreachable
from .model import Answer, Ask, Reply
from .parsing import answer_of
from .retrying import BoundedRetry

# Seconds that a query gets even when its caller has no time left, and without which it is not worth asking again.
_SHORTEST = 1.0
# Seconds to wait for a connection: where nobody answers, one need not wait as long as for a slow query.
_CONNECT = 10.0


@dataclass(frozen=True)
class Window:
    """A range of time and the distance of the points in it, in seconds (since the epoch)."""

    start: float
    end: float
    step: float


class Prometheus:
    """A connection to one Prometheus, or to what speaks its API.

    One thread at a time, and never across a fork: each needs a connection of its own. Use as a context manager.
    """

    def __init__(self, access: Access, *, warn: Callable[[str], None], compressed: bool = True) -> None:
        """Prepare; no request is made yet.

        Args:
            access: where it is and how to get in.
            warn: where to say that TLS is not verified.
            compressed: whether answers may come compressed, which takes both sides longer than the network saves when they are
                near each other.

        Raises:
            DeliveryError: missing library.
        """
        _libs.require()
        self.address = access.address
        self._access = access
        self._adapter = _libs.HTTPAdapter()
        self._session = _libs.requests.Session()
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)
        self._session.headers.update({"Accept": "application/json", "User-Agent": "tradesense.delivery"})
        if not compressed:
            self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers.update(access.headers)
        self._session.auth = _Identity(access.identity)
        if access.verify is False and access.address.startswith("https:"):
            warn(f"The certificate of {access.address} is not verified, because prometheus_validate_certs is false.")

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def query(self, query: str, at: float | None = None, *, within: float | None = None) -> Answer:
        """Return what a query gives at one time.

        Args:
            query: in PromQL.
            at: seconds since the epoch; Prometheus' own present by default.
            within: seconds, when there are fewer than the access grants a query.

        Raises:
            QueryFailure: there is no result, see its ``reason``; that there is no data is none.
        """
        form = {} if at is None else {"time": f"{at:.3f}"}
        return self._ask("query", {"query": query, **form}, within)

    def query_range(self, query: str, window: Window, *, within: float | None = None) -> Answer:
        """Return what a query gives over a range of time; see `query`."""
        times = {"start": window.start, "end": window.end, "step": window.step}
        form = {name: f"{value:.3f}" for name, value in times.items()}
        return self._ask("query_range", {"query": query, **form}, within)

    def _ask(self, path: str, form: dict[str, str], within: float | None) -> Answer:
        ask = Ask(self.address, form["query"])
        seconds = self._access.timeout
        ends = time.monotonic() + (seconds if within is None else min(seconds, max(within, _SHORTEST)))
        self._adapter.max_retries = BoundedRetry.until(ends, self._access.retries)
        for attempt in (1, 2):
            try:
                reply = self._post(path, form, ends)
                break
            except _libs.requests.exceptions.ChunkedEncodingError as error:
                # The connection was cut inside the body, where urllib3's Retry does not help any more.
                if attempt == 2 or not self._access.retries or time.monotonic() + _SHORTEST > ends:
                    raise unreachable(ask, error) from error
            except (_libs.requests.RequestException, _libs.urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise unreachable(ask, error) from error
        return answer_of(ask, reply)

    def _post(self, path: str, form: dict[str, str], ends: float) -> Reply:
        left = ends - time.monotonic()
        with warnings.catch_warnings():
            # Said in a sentence of ours, see __init__.
            warnings.simplefilter("ignore", _libs.urllib3.exceptions.InsecureRequestWarning)
            response = self._session.post(
                f"{self.address}/api/v1/{path}",
                # Prometheus stops working on a query that nobody waits for any more.
                data={**form, "timeout": f"{left:.3f}"},
                timeout=(min(left, _CONNECT), left),
                # A redirect would turn the POST into a GET without the query, and may lead to anybody.
                allow_redirects=False,
                # Given here and not to the session, where the environment's REQUESTS_CA_BUNDLE would override it.
                verify=self._access.verify,
                cert=_pair(self._access.certificate),
            )
        good = response.status_code < 300
        return Reply(
            code=response.status_code,
            body=response.content if good else self._access.cleared(response.content),
            content_type=response.headers.get("Content-Type", ""),
            location=response.headers.get("Location", ""),
        )


class _Identity(getattr(_libs, "AuthBase", object)):  # type: ignore[misc]  # without the library nothing is asked
    """The header Authorization; also used when there is none, or requests would look into a netrc file."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: Any) -> Any:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


def _pair(certificate: tuple[str, str] | None) -> str | tuple[str, str] | None:
    if certificate is None:
        return None
    return certificate if certificate[1] else certificate[0]
