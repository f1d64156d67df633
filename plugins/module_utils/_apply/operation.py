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
from .item import Applied
from .manifests import parse, read
from .run import apply_set, prune
from .secret_data import folded
from .sets import KIND_NAMES, labelled, pruning_of
from .surplus import no_manifests
from .waiting import wait_until_ready


def _run(call: Call) -> Result:
    given = call.params
    settings = pruning_of(given["prune"], given["prune_namespaces"], given["prune_kinds"], given["prune_limit"])
    manifests = _manifests(call)
    if settings:
        manifests = [labelled(manifest, settings.name) for manifest in manifests]
    if not manifests and settings:
        raise no_manifests(settings)
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
            namespace=given["namespace"],
            force=given["force"],
            keep_templates=given["pod_templates"] == "keep",
            pruning=settings,
            rerun_jobs=given["wait"],
        )
        waits = given["wait"] and not call.check_mode
        if waits:
            # Before anything goes: what comes in its place has to stand first.
            wait_until_ready(kube, applied, timeout=given["wait_timeout"], say=call.say)
        if settings:
            prune(kube, applied, settings, timeout=given["wait_timeout"] if waits else None)
    result: Result = {
        "changed": applied.changed,
        "objects": applied.entries(),
        "pending": applied.pending,
        "msg": _message(applied, call.check_mode),
    }
    if call.diff_mode:
        result["diff"] = [
            diff.entry(item.title, item.live, item.answer)
            for item in applied.items
            if item.action in ("created", "changed")
        ]
        result["diff"] += [
            diff.entry(item.title, item.live, None) for item in applied.surplus if item.action == "pruned"
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
    return [folded(manifest) for manifest in manifests]


def _message(applied: Applied, check: bool) -> str:
    counts = {name: applied.actions.count(name) for name in ("created", "changed", "unchanged", "pruned", "kept")}
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
        "prune": {"type": "str"},
        "prune_namespaces": {"type": "list", "elements": "str"},
        "prune_kinds": {"type": "list", "elements": "str", "choices": KIND_NAMES},
        "prune_limit": {"type": "int", "default": 50},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 120},
    },
    required_one_of=[("definitions", "src", "template")],
    required_by={"prune_namespaces": "prune"},
    private=("definitions", "definition"),
)
