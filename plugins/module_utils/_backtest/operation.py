# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The backtest as an operation of the collection. Private to this collection."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import _argspec
from .._analysis.access import Access
from .._analysis.client import Prometheus
from .._analysis.times import duration, moment
from .._errors import DeliveryError
from .._guard.policy import Policies
from .._guard.policy_reading import policy_of, read_policies
from .._operation import Call, Operation, Result
from .fetching import fetch
from .file import from_json, to_json
from .recording import Recording, Release
from .replay import MOST, replay
from .report import lines, to_ansible


def _backtest(call: Call) -> Result:
    given = call.params
    policies = read_policies(given["policy"], given["policy_overrides"])
    recording = _read(given["src"]) if given["src"] else _fetched(call, policies)
    changed = bool(given["record"]) and _keep(given["record"], to_json(recording), dry_run=call.check_mode)
    found = replay(recording, policies)
    for metric in found.skipped:
        call.warn(f"The recording has no {metric}, so the guard would have had more to go by.")
    for line in lines(found):
        call.say(line)
    return {"changed": changed, **to_ansible(recording.release, found)}


def _fetched(call: Call, policies: Policies) -> Recording:
    given = call.params
    policy = policy_of(policies.written(given["service"] or ""), trading=given["trading"])
    release = release_of(given, time.time(), policy.delay)
    # What takes too long is not asked for in the first place.
    if release.end - release.start > MOST * policy.window:
        raise _bad_option(
            f"the time from start to end is {(release.end - release.start) / 3600:.0f} h",
            f"choose {MOST * policy.window / 3600:.0f} h or less",
        )
    with Prometheus(Access.from_params(given), warn=call.warn) as prometheus:
        return fetch(prometheus, policy, release)


def release_of(given: Mapping[str, Any], now: float, delay: float) -> Release:
    """Return the release that the options of a task mean.

    Args:
        given: the options.
        now: seconds since the epoch.
        delay: seconds until Prometheus certainly has what happened; what is later is left out.

    Raises:
        DeliveryError: an option is missing, cannot be read, or does not go together with another.
    """
    for name in ("namespace", "service", "canary_hash"):
        if not given[name]:
            raise _bad_option(f"{name} is missing", f"set {name}, or src to replay a recording")
    if given["canary_hash"] == given["stable_hash"]:
        raise _bad_option("canary_hash and stable_hash are the same", "give the hashes of two revisions")
    start = moment("start", given["start"], now)
    if given["duration"] is not None:
        end = start + duration("duration", given["duration"])
    else:
        end = moment("end", given["end"] or "now", now)
    if start >= now:
        raise _bad_option(f"start, {given['start']}, is not in the past", "give a time that is over")
    if end <= start:
        raise _bad_option(f"end, {given['end']}, is not after start, {given['start']}", "give a later end")
    ready = start if given["ready"] is None else moment("ready", given["ready"], now)
    promoted = None if given["promoted"] is None else moment("promoted", given["promoted"], now)
    return Release(
        namespace=given["namespace"],
        service=given["service"],
        trading=given["trading"],
        canary=given["canary_hash"],
        stable=given["stable_hash"] or None,
        start=start,
        end=min(end, now - delay),
        history=0.0 if given["history"].strip() in ("0", "0s") else duration("history", given["history"]),
        ready=ready,
        promoted=promoted,
        weights=_weights(given["weights"] or [], now),
    )


def _weights(given: list[dict[str, Any]], now: float) -> tuple[tuple[float, float | None], ...]:
    found: list[tuple[float, float | None]] = []
    for number, each in enumerate(given):
        if each["weight"] is not None and not 0 <= each["weight"] <= 100:
            raise _bad_option(f"weights[{number}].weight, {each['weight']}, is no percentage", "give 0 to 100")
        since = moment(f"weights[{number}].since", each["since"], now)
        if found and since <= found[-1][0]:
            raise _bad_option(
                f"weights[{number}].since is not after the one before", "give the weights in the order of time"
            )
        found.append((since, None if each["weight"] is None else each["weight"] / 100))
    return tuple(found)


def _read(path: str) -> Recording:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DeliveryError(
            f"the recording cannot be read: {reason}",
            reason="BadRecording",
            hint="set src to the path of a file that record has written, on the host that runs the task",
            where=path,
        ) from error
    return from_json(text, path)


def _keep(path: str, text: str, *, dry_run: bool) -> bool:
    """Write a recording, whole or not at all, and return whether the file is another one now."""
    target = Path(path)
    try:
        if target.exists() and target.read_bytes() == text.encode():
            return False
        if not dry_run:
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, delete=False) as file:
                file.write(text)
            Path(file.name).chmod(0o666 & ~_umask())
            Path(file.name).replace(target)
    except OSError as error:
        raise DeliveryError(
            f"the recording cannot be written: {error.strerror}",
            reason="BadOption",
            hint="set record to a path in a folder that there is, and that the user of the task may write to",
            where=path,
        ) from error
    return True


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def _bad_option(msg: str, hint: str) -> DeliveryError:
    return DeliveryError(msg, reason="BadOption", hint=hint)


BACKTEST = Operation(
    _backtest,
    {
        **_argspec.prometheus(),
        **_argspec.group_defaults(),
        "service": {"type": "str"},
        "canary_hash": {"type": "str"},
        "stable_hash": {"type": "str"},
        "trading": {"type": "bool", "default": False},
        "start": {"type": "str"},
        "end": {"type": "str"},
        "duration": {"type": "str"},
        "ready": {"type": "str"},
        "promoted": {"type": "str"},
        "weights": {
            "type": "list",
            "elements": "dict",
            "options": {"since": {"type": "str", "required": True}, "weight": {"type": "float"}},
        },
        "history": {"type": "str", "default": "150m"},
        "policy": {"type": "dict", "default": {}},
        "policy_overrides": {"type": "dict", "default": {}},
        "src": {"type": "path"},
        "record": {"type": "path"},
    },
    mutually_exclusive=[
        ("end", "duration"),
        *[("src", name) for name in ("start", "service", "canary_hash", "stable_hash", "record")],
    ],
    required_one_of=[("src", "start")],
    required_by=dict.fromkeys(("end", "duration", "ready", "promoted", "weights", "record"), "start"),
    private=("prometheus_url", "prometheus_headers"),
)
