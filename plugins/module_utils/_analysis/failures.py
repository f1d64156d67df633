# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Why a query got no result, in words a user can act on. Private: other collections must not import it.

Pure functions: an HTTP answer or an exception in, an error out. What a message quotes of an answer, the client
has already cleared of the secrets it knows.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from .._errors import DeliveryError
from .model import Ask, Reply

_BUSY = {
    429: "too many requests",
    502: "a proxy gets no answer from it",
    503: "it is starting, shutting down or overloaded",
    504: "a proxy waited for it in vain",
}
_ACCESS = "prometheus_token, or prometheus_username and prometheus_password"


class QueryFailure(DeliveryError):
    """A query without a result.

    Attributes:
        code: the HTTP status; 0 when there was no answer.
        transient: whether the same query may succeed a moment later.
    """

    def __init__(
        self,
        ask: Ask,
        msg: str,
        *,
        reason: str,
        hint: str = "",
        code: int = 0,
        transient: bool = False,
        error_type: str = "",
    ) -> None:
        result = {"error_type": error_type} if error_type else None
        super().__init__(msg, reason=reason, hint=hint, where=ask.where, result=result)
        self.code = code
        self.transient = transient


def refused(ask: Ask, reply: Reply) -> QueryFailure:
    """Return the error for an HTTP answer that is not the result of a query."""
    failure = _refused_by_http(ask, reply)
    if failure:
        return failure
    said = _decoded(reply.body)
    if said.get("status") == "error":
        return _refused_by_prometheus(ask, reply.code, str(said.get("errorType") or ""), str(said.get("error") or ""))
    if reply.code in _BUSY:
        return QueryFailure(
            ask,
            f"Prometheus does not serve the query ({reply.code}): {_BUSY[reply.code]}",
            reason="TooManyRequests" if reply.code == 429 else "Unavailable",
            hint="try again later, or look at Prometheus and what stands in front of it",
            code=reply.code,
            transient=True,
        )
    return _not_prometheus(ask, reply)


def unreachable(ask: Ask, error: Exception) -> QueryFailure:
    """Return the error for a query that got no answer at all."""
    text = " ".join(str(error).split())
    for pattern, msg, reason, hint, transient in _NO_ANSWER:
        found = re.search(pattern, text)
        if found:
            detail = next((group.strip() for group in found.groups() if group), "")
            return QueryFailure(ask, msg.format(detail), reason=reason, hint=hint, transient=transient)
    return QueryFailure(
        ask,
        f"Prometheus cannot be reached ({type(error).__name__})",
        reason="Unreachable",
        hint="check prometheus_url, and that Prometheus runs",
        transient=True,
    )


# What to look for in the text of an exception, in this order: pattern, message, reason, hint, whether it may pass.
_NO_ANSWER: tuple[tuple[str, str, str, str, bool], ...] = (
    (
        r"CERTIFICATE_VERIFY_FAILED\](?: certificate verify failed)?:? ?([^()]*)",
        "the certificate of Prometheus is not trusted: {}",
        "CertificateNotTrusted",
        "give the authority's certificates by prometheus_ca_cert; do not turn prometheus_validate_certs off",
        False,
    ),
    (
        # A server that wants a client certificate says so only after the handshake; a key that does not fit stops it before.
        r"alert (certificate \w+|bad certificate|unsupported certificate|unknown ca)|(KEY_VALUES_MISMATCH|NO_START_LINE|PEM lib)",
        "the client certificate is missing, unreadable or not accepted ({})",
        "TLSFailed",
        "check prometheus_client_cert and prometheus_client_key",
        False,
    ),
    (
        # The server's reason may be lost when it hangs up at once.
        r"EOF occurred in violation|UNEXPECTED_EOF",
        "Prometheus ended the TLS handshake without a reason",
        "TLSFailed",
        "check whether it wants a client certificate, to be given by prometheus_client_cert and prometheus_client_key",
        False,
    ),
    (
        r"\bSSL|\[SSL|\[X509",
        "the TLS handshake with Prometheus failed",
        "TLSFailed",
        "check that prometheus_url names a server that speaks https, and the files of the prometheus_*_cert options",
        False,
    ),
    (
        r"ProxyError|Tunnel connection failed",
        "the proxy of the environment does not lead to Prometheus",
        "Unreachable",
        "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
        True,
    ),
    (
        r"Name or service not known|getaddrinfo|NameResolution|Failed to resolve",
        "the name of Prometheus cannot be resolved",
        "Unreachable",
        "check prometheus_url",
        True,
    ),
    (
        r"timed out",
        "Prometheus did not answer in time",
        "Unreachable",
        "check the network, make the query cheaper, or raise request_timeout",
        True,
    ),
    (
        r"(Connection refused|No route to host|Network is unreachable)",
        "Prometheus cannot be reached ({})",
        "Unreachable",
        "check prometheus_url, and that Prometheus runs",
        True,
    ),
    (
        r"reset by peer|Broken pipe|RemoteDisconnected|IncompleteRead|Connection broken|InvalidChunkLength",
        "Prometheus cut the connection before its answer was complete",
        "Unreachable",
        "look at Prometheus and what stands in front of it",
        True,
    ),
)


def _refused_by_http(ask: Ask, reply: Reply) -> QueryFailure | None:
    """Return the error that the status alone says, whatever the body is."""
    if reply.code == 401:
        return QueryFailure(
            ask,
            "Prometheus does not accept the credentials (401)",
            reason="Unauthorized",
            hint=f"check {_ACCESS}",
            code=reply.code,
        )
    if reply.code == 403:
        return QueryFailure(
            ask,
            f"the query is not allowed (403){_quoted(reply)}",
            reason="Forbidden",
            hint=f"give the account the right to query, or check {_ACCESS} and prometheus_headers",
            code=reply.code,
        )
    if 300 <= reply.code < 400:
        return QueryFailure(
            ask,
            f"the answer is a redirect to {_place(reply.location)} ({reply.code}), which is not followed",
            reason="NotPrometheus",
            hint="set prometheus_url to the address of Prometheus itself",
            code=reply.code,
        )
    return None


def _place(location: str) -> str:
    """Return where a redirect leads to: mostly to a login page, by an address that may hold a session."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "nowhere"
    return (f"{target.scheme}://{target.hostname}{target.path}" if target.hostname else target.path) or "nowhere"


def _refused_by_prometheus(ask: Ask, code: int, error_type: str, text: str) -> QueryFailure:
    parameter, said = _located(text)
    # With too little time even for parsing, it says bad_data.
    if error_type in ("timeout", "canceled") or "context deadline exceeded" in text:
        return QueryFailure(
            ask,
            f"Prometheus gave the query up: {said}",
            reason="QueryTimeout",
            hint="make the query cheaper, or raise request_timeout and Prometheus' own query.timeout",
            code=code,
            transient=True,
            error_type=error_type,
        )
    if error_type == "bad_data":
        is_query = parameter == "query" or "parse error" in text
        return QueryFailure(
            ask,
            f"Prometheus does not accept the {'query' if is_query else 'request'}: {said}",
            reason="BadQuery" if is_query else "BadOption",
            hint="correct the query" if is_query else "correct time, or start, end and step",
            code=code,
            error_type=error_type,
        )
    return QueryFailure(
        ask,
        f"the query failed in Prometheus: {said}",
        reason="QueryFailed",
        # What cannot be executed now, e.g. because labels match twice, can be some other time only by chance.
        hint="correct the query" if code < 500 else "look at Prometheus' log",
        code=code,
        transient=code in _BUSY,
        error_type=error_type,
    )


def _located(text: str) -> tuple[str, str]:
    """Return the parameter that an error is about and what is wrong, its position in words at the end."""
    pattern = r'(?:invalid parameter "(\w+)": )?(?:(\d+):(\d+): |unknown position: )?(.*)'
    found = re.match(pattern, text.strip(), re.DOTALL)
    parameter, line, column, said = found.groups() if found else ("", None, None, text)
    said = short(said) or "it gives no reason"
    return parameter or "", f"{said} (line {line}, column {column})" if line else said


def _not_prometheus(ask: Ask, reply: Reply) -> QueryFailure:
    if "html" in reply.content_type.lower() or reply.body.lstrip()[:1] == b"<":
        what = "an HTML page"
    elif reply.code == 404:
        what = "that there is no such path"
    elif reply.code >= 400:
        what = f"an error{_quoted(reply)}"
    else:
        what = "not the result of a query"
    return QueryFailure(
        ask,
        f"this is not the API of Prometheus: its answer is {what} (HTTP status {reply.code})",
        reason="NotPrometheus",
        hint="check prometheus_url: the address that /api/v1/query is appended to, with the path of a proxy if there is one",
        code=reply.code,
    )


def _quoted(reply: Reply) -> str:
    if "html" in reply.content_type.lower() or not reply.body.strip():
        return ""
    text = str(_decoded(reply.body).get("error") or reply.body.decode("utf-8", "replace"))
    return f": {short(text, 200)}"


def _decoded(body: bytes) -> dict[str, object]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def short(text: str, limit: int = 400) -> str:
    """Return a text in one line, cut when it is long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
