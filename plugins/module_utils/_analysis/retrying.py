# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Asking Prometheus again, but not past the time a query has. Private: other collections must not import it."""

from __future__ import annotations

import math
import time
from typing import Any

from . import _libs

# What a busy or restarting Prometheus, or a proxy in front of one, answers.
BUSY = (429, 502, 503, 504)


class BoundedRetry(getattr(_libs, "Retry", object)):  # type: ignore[misc]  # without the library nothing is asked
    """urllib3's Retry, which would sleep for as long as a server's Retry-After says, be it an hour."""

    ends = math.inf

    @classmethod
    def until(cls, ends: float, retries: int) -> BoundedRetry:
        """Return the retries of a query; none of them begins after `ends`, by the monotonic clock."""
        made = cls(
            total=retries,
            backoff_factor=0.2,
            backoff_jitter=0.2,
            backoff_max=5,
            status_forcelist=BUSY,
            # A query changes nothing, although it is a POST.
            allowed_methods=None,
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        made.ends = ends
        return made

    def new(self, **given: Any) -> Any:
        """Return a copy; urllib3 makes one for every attempt."""
        made = super().new(**given)
        made.ends = self.ends
        return made

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that a server wants; what cannot be read wants none."""
        try:
            return float(super().parse_retry_after(retry_after))
        except _libs.urllib3.exceptions.InvalidHeader:
            return 0.0

    def increment(
        self,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Any:
        """Count an attempt; raise MaxRetryError when the next one would come too late, or would not help."""
        asked = (self.get_retry_after(response) or 0.0) if response is not None else 0.0
        # A certificate does not become trusted by asking again.
        hopeless = isinstance(error, _libs.urllib3.exceptions.SSLError)
        if hopeless or time.monotonic() + asked >= self.ends:
            raise _libs.urllib3.exceptions.MaxRetryError(_pool, url, error)
        return super().increment(method, url, response, error, _pool, _stacktrace)
