# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the API server or the network refused, in words a user can act on.

Private: other collections must not import it. Pure functions: status code and body in, DeliveryError out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .._errors import DeliveryError
from .._types import Obj
from .secrecy import harmless


@dataclass(frozen=True)
class Ask:
    """The request that failed, as far as a message needs it."""

    verb: str
    target: str
    cluster: str

    @property
    def where(self) -> str:
        """Cluster and object, as the front of a message."""
        return f"{self.cluster}, {self.target}"


class ApiFailure(DeliveryError):
    """An answer of the API server that is an error.

    Attributes:
        code: the HTTP status; 0: there was no answer.
        causes: the field-level causes the server named.
        sent: whether the server may have got the request.
        retry_after: seconds that the server asks to be left alone.
        unsure: whether an attempt whose answer was lost may have been carried out, so that this answer may be about what
            the request itself did.
    """

    def __init__(self, error: DeliveryError, code: int, causes: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error.msg, reason=error.reason, hint=error.hint, where=error.where)
        self.code = code
        self.causes = causes
        self.sent = True
        self.retry_after: float | None = None
        self.unsure = False


def refused(ask: Ask, code: int, body: str | bytes | None) -> ApiFailure:
    """Return the error for an HTTP answer of 400 or more."""
    status = _status(body)
    message = str(status.get("message") or "").strip() or f"HTTP status {code}"
    causes = tuple(
        (str(cause.get("field", "")), str(cause.get("message", "")))
        for cause in (status.get("details") or {}).get("causes") or []
    )
    if ask.target.startswith("Secret "):
        causes = tuple((path, harmless(text)) for path, text in causes)
        told = [f"{path}: {text}" for path, text in dict.fromkeys(causes)]
        message = "; ".join(told) or harmless(message)
    reason = str(status.get("reason") or "") or f"HTTP{code}"
    return ApiFailure(_describe(ask, code, message, reason, causes), code, causes)


def unreachable(ask: Ask, error: Exception, *, sent: bool = True) -> ApiFailure:
    """Return the error for a request that got no answer at all; `sent` says whether the server may have got it."""
    failure = _unreachable(ask, error)
    failure.sent = sent and failure.reason != "CertificateNotTrusted"
    return failure


def _unreachable(ask: Ask, error: Exception) -> ApiFailure:
    text = " ".join(str(error).split())
    if "CERTIFICATE_VERIFY_FAILED" in text:
        cause = re.search(r"certificate verify failed: ([^()]+)", text)
        return _no_answer(
            ask,
            f"the certificate of the API server is not trusted: {cause.group(1).strip() if cause else 'verification failed'}",
            "CertificateNotTrusted",
            "give the cluster's CA by ca_cert or in the kubeconfig; do not turn validate_certs off",
        )
    if re.search(r"\bSSL|\[SSL", text):
        return _no_answer(
            ask,
            "the TLS handshake with the API server failed",
            "TLSFailed",
            "check that host names a Kubernetes API server and that the client certificate is complete",
        )
    if re.search(r"Name or service not known|getaddrinfo|NameResolution", text):
        return _no_answer(
            ask, "the name of the API server cannot be resolved", "Unreachable", "check host or kubeconfig"
        )
    if "timed out" in text:
        return _no_answer(
            ask, "the API server did not answer in time", "Unreachable", "check the network, or raise request_timeout"
        )
    problem = re.search(
        r"(Connection refused|No route to host|Network is unreachable|reset by peer|RemoteDisconnected)", text
    )
    detail = f" ({problem.group(1)})" if problem else f" ({type(error).__name__})"
    return _no_answer(
        ask, f"the API server cannot be reached{detail}", "Unreachable", "check the address, and that the server runs"
    )


def _no_answer(ask: Ask, msg: str, reason: str, hint: str) -> ApiFailure:
    return ApiFailure(DeliveryError(msg, reason=reason, hint=hint, where=ask.where), 0)


def _describe(ask: Ask, code: int, message: str, reason: str, causes: tuple[tuple[str, str], ...]) -> DeliveryError:
    if code == 401:
        return DeliveryError(
            "the API server does not accept these credentials (401): the token is expired, revoked or not of this cluster",
            reason="Unauthorized",
            hint="get a new token or kubeconfig",
            where=ask.where,
        )
    if code == 429:
        return DeliveryError(
            f"the API server is too busy to answer (429): {_short(message)}",
            reason="TooManyRequests",
            hint="try again later, or give the task more time by its timeout",
            where=ask.where,
        )
    if code == 403:
        return _forbidden(ask, message)
    if code == 404:
        return _missing(ask, message)
    if code == 409 and causes:
        return DeliveryError(
            f"another manager owns what would be changed: {_short(_conflicts(causes))}",
            reason="Conflict",
            hint="remove the field from the definition, or set force to true to take it over",
            where=ask.where,
        )
    # What it cannot decode, e.g. an unknown field, the server answers with a 500 (seen with 1.34).
    undecodable = re.search(r"failed to (create typed patch|convert new) object", message)
    if code in (400, 422) or undecodable:
        return DeliveryError(
            f"the API server does not accept the object: {_short(message)}",
            reason="Invalid" if undecodable else reason,
            hint="correct the field it names",
            where=ask.where,
        )
    return DeliveryError(f"{ask.verb} failed with {code}: {_short(message)}", reason=reason, where=ask.where)


def _forbidden(ask: Ask, message: str) -> DeliveryError:
    parsed = re.search(r'User "([^"]*)" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"', message)
    if not parsed:
        return DeliveryError(f"not allowed: {_short(message)}", reason="Forbidden", where=ask.where)
    user, verb, resource, group = parsed.groups()
    return DeliveryError(
        f"{user} may not {verb} {resource}",
        reason="Forbidden",
        hint=f'grant verb "{verb}" on resource "{resource}" of API group "{group}" there',
        where=ask.where,
    )


def _missing(ask: Ask, message: str) -> DeliveryError:
    namespace = re.search(r'namespaces "([^"]+)" not found', message)
    if namespace and not ask.target.startswith("Namespace "):
        return DeliveryError(
            f"the namespace {namespace.group(1)} does not exist",
            reason="NamespaceNotFound",
            hint="create it first, for instance with playbooks/provision.yml",
            where=ask.where,
        )
    if "page not found" in message or "could not find the requested resource" in message:
        if "argoproj.io" in ask.target or "Rollout" in ask.target or "Analysis" in ask.target:
            return missing_crds(ask)
        return DeliveryError("the cluster does not know this kind of object", reason="KindNotFound", where=ask.where)
    return DeliveryError("it does not exist", reason="NotFound", where=ask.where)


def missing_crds(ask: Ask) -> DeliveryError:
    """Return the error for a cluster without Argo Rollouts."""
    return DeliveryError(
        "the cluster does not know Argo Rollouts: its custom resource definitions are not installed",
        reason="MissingCRDs",
        hint="install Argo Rollouts (controller and CRDs) in the cluster",
        where=ask.where,
    )


def bad_selector(labels: str, cluster: str) -> DeliveryError:
    """Return the error for a label selector that the API server does not understand."""
    return DeliveryError(
        f"label_selectors: the API server does not understand {labels!r}",
        reason="BadOption",
        hint="write each as key=value, key!=value, key in (a, b), key or !key",
        where=cluster,
    )


def _conflicts(causes: tuple[tuple[str, str], ...]) -> str:
    """Return which fields belong to whom: one part for each manager, in the order in which the server names them."""
    parts: dict[str, list[str]] = {}
    for path, message in causes:
        manager = re.search(r'conflict with "([^"]+)"', message)
        if manager:
            parts.setdefault(manager.group(1), []).append(path.lstrip("."))
        else:
            parts[f"{path}: {message}"] = []
    return "; ".join(
        f"{', '.join(fields)} {'belong' if len(fields) > 1 else 'belongs'} to {name}" if fields else name
        for name, fields in parts.items()
    )


def _status(body: str | bytes | None) -> Obj:
    try:
        decoded = json.loads(body or "{}")
    except ValueError:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
        return {"message": _short(" ".join(text.split()))}
    return decoded if isinstance(decoded, dict) else {"message": _short(str(decoded))}


def _short(text: str, limit: int = 600) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
