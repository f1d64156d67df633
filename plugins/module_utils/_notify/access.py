# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which channels the options of a task name. Private to this collection."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._errors import DeliveryError
from .._words import Severity
from .channels import Channel, SlackApp, SlackWebhook, Webhook
from .policy import Rules
from .secret import Secret
from .sender import Limits

# A signature by a shorter secret could be found by trying.
_SHORTEST_SECRET = 16
_ENVIRONMENT = "look at the environment variables TRADESENSE_SLACK_* and TRADESENSE_WEBHOOK_* too"


def channels_of(params: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return the channels that the options ``slack_*`` and ``webhook_*`` describe; none when none is set.

    Raises:
        DeliveryError: an unusable address, or options that contradict each other or lack each other.
    """
    _check(params)
    found: list[Channel] = []
    rules = _rules(params, "slack_severity")
    if params.get("slack_token"):
        url = str(params["slack_api_url"]).strip().rstrip("/")
        local = _local("slack_api_url", url)
        found.append(SlackApp(_token("slack_token", params), str(params["slack_channel"]).strip(), url, rules, local))
    if params.get("slack_webhook_url"):
        url = str(params["slack_webhook_url"]).strip()
        found.append(SlackWebhook(Secret(url), rules, _local("slack_webhook_url", url)))
    if params.get("webhook_url"):
        url = str(params["webhook_url"]).strip()
        found.append(
            Webhook(
                Secret(url),
                Secret(str(params.get("webhook_secret") or "")),
                _token("webhook_token", params),
                _rules(params, "webhook_severity"),
                _local("webhook_url", url),
            )
        )
    return tuple(found)


def verify_of(params: Mapping[str, Any]) -> bool | str:
    """Return by what certificates are verified: the path of a file, or True for those that requests trusts.

    Raises:
        DeliveryError: the file does not exist.
    """
    path = os.path.expanduser(str(params.get("notify_ca_cert") or ""))
    if path and not os.path.isfile(path):
        raise DeliveryError(f"the file of notify_ca_cert does not exist: {path}", reason="BadOption")
    return path or True


def limits_of(params: Mapping[str, Any]) -> Limits:
    """Return the bounds of the effort for a task that waits for it.

    Raises:
        DeliveryError: a number that cannot be.
    """
    request, event = float(params["request_timeout"]), float(params["timeout"])
    if request <= 0 or event <= 0:
        raise DeliveryError("options request_timeout and timeout must be above 0", reason="BadOption")
    return Limits(request=min(request, event), event=event)


def _rules(params: Mapping[str, Any], severity: str) -> Rules:
    repeat = float(params["repeat_after"])
    if repeat < 0:
        raise DeliveryError("option repeat_after must be 0 or more", reason="BadOption")
    return Rules(Severity(params[severity]), bool(params["tell_dry_run"]), repeat)


def _check(params: Mapping[str, Any]) -> None:
    problem = ""
    secret = params.get("webhook_secret") or ""
    if params.get("slack_token") and params.get("slack_webhook_url"):
        problem = "of slack_token and slack_webhook_url only one can be used"
    elif params.get("slack_token") and not str(params.get("slack_channel") or "").strip():
        problem = "slack_token is set, and slack_channel is not"
    elif (secret or params.get("webhook_token")) and not params.get("webhook_url"):
        problem = "webhook_secret or webhook_token is set, and webhook_url is not"
    elif secret and len(str(secret)) < _SHORTEST_SECRET:
        problem = f"webhook_secret is shorter than {_SHORTEST_SECRET} characters"
    if problem:
        raise DeliveryError(problem, reason="BadOption", hint=_ENVIRONMENT)


def _token(option: str, params: Mapping[str, Any]) -> Secret:
    token = str(params.get(option) or "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        raise DeliveryError(f"{option} has characters that no header can have", reason="BadOption")
    return Secret(token)


def _local(option: str, url: str) -> bool:
    """Return whether an address is on this machine; only there it may do without TLS.

    The address is not repeated in errors: it is a secret.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    local = _loopback(host)
    if not host or parts.username or parts.password or parts.fragment or not url.isascii() or not url.isprintable():
        problem = f"{option} is not an address of https without user name and fragment"
    elif parts.scheme == "https" or (parts.scheme == "http" and local):
        return local
    else:
        problem = f"{option} does not begin with https://, so that everybody on the way could read it"
    raise DeliveryError(problem, reason="BadOption", hint="http:// is for addresses of this machine itself only")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
