# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb `apply`. Private to this collection."""

from __future__ import annotations

from .. import _argspec
from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.credentials import Credentials
from .._operation import Call, Operation, Result
from .._types import Obj
from . import diff
from .item import Applied, summary
from .manifests import parse, read
from .run import apply_set
from .waiting import wait_until_ready


def _run(call: Call) -> Result:
    manifests = _manifests(call)
    if not manifests:
        return {
            "changed": False,
            "objects": [],
            "pending": [],
            "msg": "There is nothing to apply: no manifest was given.",
        }
    with Kube(Credentials.from_params(call.params), dry_run=call.check_mode, warn=call.warn) as kube:
        applied = apply_set(
            kube,
            manifests,
            namespace=call.params["namespace"],
            force=call.params["force"],
            keep_templates=call.params["pod_templates"] == "keep",
        )
        if call.params["wait"] and not call.check_mode:
            wait_until_ready(kube, applied, timeout=call.params["wait_timeout"], say=call.say)
    result: Result = {
        "changed": applied.changed,
        "objects": [summary(item) for item in applied.items],
        "pending": applied.pending,
        "msg": _message(applied, call.check_mode),
    }
    if call.diff_mode:
        result["diff"] = [
            diff.entry(item.title, item.live, item.answer)
            for item in applied.items
            if item.action in ("created", "changed")
        ]
    return result


def _manifests(call: Call) -> list[Obj]:
    given = call.params
    manifests = parse(given["definitions"]) if given["definitions"] else []
    for path in given["src"] or []:
        manifests += read(path)
    if given["template"]:
        raise DeliveryError(
            "option template works only where the task runs on the controller (connection local)",
            reason="BadOption",
            hint="give definitions with the template lookup instead",
        )
    return manifests


def _message(applied: Applied, check: bool) -> str:
    counts = {name: sum(item.action == name for item in applied.items) for name in ("created", "changed", "unchanged")}
    text = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if check:
        text += " (check mode: nothing was sent for good)"
    if applied.pending:
        text += f"; waiting for a release: {', '.join(applied.pending)}"
    return text + "."


APPLY = Operation(
    run=_run,
    options={
        **_argspec.connection(),
        **_argspec.namespace(required=False),
        "definitions": {"type": "raw", "aliases": ["definition"]},
        "src": {"type": "list", "elements": "path"},
        "template": {"type": "list", "elements": "path"},
        "pod_templates": {"type": "str", "choices": ["apply", "keep"], "default": "apply"},
        "force": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 120},
    },
    required_one_of=[("definitions", "src", "template")],
    private=("definitions", "definition"),
)
