# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where Prometheus is and how to get in. Private: other collections must not import it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from .._errors import DeliveryError

_PREFIX = "prometheus_"
_EXAMPLE = "for instance http://prometheus.example:9090"


@dataclass(frozen=True)
class Access:
    """The options of a task that say how to reach Prometheus, checked as far as that needs no network.

    Secrets are kept out of ``repr`` so that no log line can hold one by accident.

    Args:
        address: scheme, host and path that ``/api/v1/...`` is appended to, without credentials.
        identity: the header Authorization; empty: none.
        headers: further headers of every request.
        verify: whether certificates are verified, or the path of the authorities to verify them by.
        certificate: paths of a client certificate and its key; the key is empty when it is in the same file.
        timeout: seconds for one query.
        retries: how often a query that was not served is repeated.
    """

    address: str
    identity: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool | str = True
    certificate: tuple[str, str] | None = None
    timeout: float = 30.0
    retries: int = 3
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Access:
        """Return the access that options named ``prometheus_*`` and ``request_timeout`` describe.

        Raises:
            DeliveryError: no or an unusable address, contradicting credentials, missing files, impossible numbers.
        """
        given = {name.removeprefix(_PREFIX): value for name, value in params.items() if name.startswith(_PREFIX)}
        address, user, password = _address(str(given.get("url") or ""))
        token, name = str(given.get("token") or "").strip(), str(given.get("username") or "")
        _check_credentials(user, token, name, given)
        user, password = user or name, password or str(given.get("password") or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        headers = {str(name): str(value).strip() for name, value in (given.get("headers") or {}).items()}
        _check_headers({"Authorization": token, **headers})
        return cls(
            address=address,
            identity=f"Bearer {token}" if token else f"Basic {basic}" if basic else "",
            headers=headers,
            verify=_verify(given),
            certificate=_certificate(given),
            timeout=_positive("request_timeout", float(params.get("request_timeout") or 0.0)),
            retries=int(_positive("prometheus_retries", given.get("retries", 3), zero=True)),
            secrets=tuple(secret for secret in (token, password, basic, *headers.values()) if secret),
        )

    def cleared(self, body: bytes) -> bytes:
        """Return an answer without the secrets that a server may repeat in it."""
        for secret in self.secrets:
            body = body.replace(secret.encode(), b"***")
        return body


def _check_credentials(user: str, token: str, name: str, given: Mapping[str, Any]) -> None:
    problem = ""
    if sum(map(bool, (user, token, name))) > 1:
        problem = "of prometheus_token, prometheus_username and a user name in prometheus_url, only one can be used"
    elif given.get("password") and not name:
        problem = "prometheus_password is set, and prometheus_username is not"
    elif given.get("client_key") and not given.get("client_cert"):
        problem = "prometheus_client_key is set, and prometheus_client_cert is not"
    if problem:
        raise DeliveryError(
            problem, reason="BadOption", hint="look at the environment variables TRADESENSE_PROMETHEUS_* too"
        )


def _address(url: str) -> tuple[str, str, str]:
    """Return the address without credentials, and the credentials."""
    if not url.strip():
        raise DeliveryError(
            "no Prometheus is named",
            reason="NoAddress",
            hint=f"set prometheus_url or TRADESENSE_PROMETHEUS_URL, {_EXAMPLE}",
        )
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise _bad_url() from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.path
        or parts.query
        or parts.fragment
    ):
        raise _bad_url()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = urlunsplit((parts.scheme, f"{host}{port}", parts.path.rstrip("/"), "", ""))
    return address, unquote(parts.username or ""), unquote(parts.password or "")


def _bad_url() -> DeliveryError:
    # The text is not repeated: what cannot be taken apart cannot be cleared of a password.
    return DeliveryError(
        "prometheus_url is not an address of http or https without query and fragment",
        reason="BadOption",
        hint=f"write {_EXAMPLE}; credentials belong into prometheus_username and prometheus_password, or must be percent-encoded",
    )


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not re.fullmatch(r"[\w.-]+", name, re.ASCII) or not value.isascii() or not value.isprintable():
            raise DeliveryError(
                f"the header {name} would hold characters that no header can have",
                reason="BadOption",
                hint="check prometheus_token and prometheus_headers, for instance for line breaks",
            )


def _verify(given: Mapping[str, Any]) -> bool | str:
    if given.get("validate_certs") is False:
        return False
    return _file("ca_cert", given.get("ca_cert")) or True


def _certificate(given: Mapping[str, Any]) -> tuple[str, str] | None:
    certificate = _file("client_cert", given.get("client_cert"))
    return (certificate, _file("client_key", given.get("client_key"))) if certificate else None


def _file(option: str, path: object) -> str:
    found = os.path.expanduser(str(path)) if path else ""
    if found and not os.path.isfile(found):
        raise DeliveryError(f"the file of {_PREFIX}{option} does not exist: {found}", reason="BadOption")
    return found


def _positive(option: str, value: float, *, zero: bool = False) -> float:
    if value < 0 or (value == 0 and not zero):
        raise DeliveryError(f"option {option} must be {'0 or more' if zero else 'above 0'}", reason="BadOption")
    return value
