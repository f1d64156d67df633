# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The verbs on workloads, as operations of the collection. Private to this collection."""

from __future__ import annotations

from typing import Any

from .. import _argspec
from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.credentials import Credentials
from .._operation import Call, Operation, Result
from .engine import Progress, carry_out
from .estate import Estate, Need, read
from .moves import Guards, Verb
from .report import details, table, tree
from .states import HEALTHY, STATES
from .verbs.abort import Abort
from .verbs.promote import Promote
from .verbs.set_image import SetImage
from .verbs.undo import Undo
from .waiting import failure_of, wait_for

_EVERYTHING = Need.REVISIONS | Need.TRAFFIC | Need.ANALYSIS


def _connect(call: Call) -> Kube:
    return Kube(Credentials.from_params(call.params), dry_run=call.check_mode, warn=call.warn)


def _names(call: Call) -> list[str]:
    names = list(dict.fromkeys(str(name) for name in call.params["rollouts"] or []))
    if not names or not all(names):
        raise DeliveryError("no rollout is named", reason="BadOption", hint="set rollouts to a list of names")
    return names


def _guards(params: dict[str, Any]) -> Guards:
    return Guards(params["expected_revision"], params["expected_hash"], params["expected_step"])


def _verb(call: Call, verb: Verb, need: Need) -> Result:
    with _connect(call) as kube:
        works = carry_out(
            kube,
            call.params["namespace"],
            _names(call),
            verb,
            need=need,
            timeout=call.params["timeout"],
            say=call.say,
        )
    result: Result = {
        "changed": any(work.changed for work in works),
        "rollouts": {work.name: _entry(work) for work in works},
        "msg": "; ".join(f"{work.name}: {work.text}" for work in works if not work.error) + ".",
    }
    failed = [work for work in works if work.error]
    if failed:
        raise _failure(failed, result)
    if call.diff_mode:
        result["diff"] = [
            {
                "before": f"{_summary(work.before)}\n",
                "after": f"{work.text}\n",
                "before_header": work.name,
                "after_header": work.name,
            }
            for work in works
            if work.changed
        ]
    return result


def _entry(work: Progress) -> Result:
    entry = {**work.now.to_ansible(), "changed": work.changed, "result": work.text}
    if work.error:
        entry["error"] = work.error.sentence()
    return entry


def _summary(view: Any) -> str:
    return f"revision {view.revision}, {view.phase.name} {view.phase.message}".rstrip()


def _failure(failed: list[Progress], result: Result) -> DeliveryError:
    first = failed[0].error
    if first is None:
        raise AssertionError("called without a failed rollout")
    if len(failed) == 1:
        return DeliveryError(first.msg, reason=first.reason, hint=first.hint, where=first.where, result=result)
    text = " ".join(work.error.sentence() for work in failed if work.error)
    return DeliveryError(text.rstrip("."), reason=first.reason, result=result)


def _info(call: Call) -> Result:
    names = _names(call) if call.params["rollouts"] else None
    with _connect(call) as kube:
        views = read(kube, call.params["namespace"], names, _EVERYTHING)
    lines = table(views)
    for line in {"table": lines, "tree": tree(views)}.get(call.params["show"], []):
        call.say(line)
    return {
        "changed": False,
        "rollouts": {name: {**view.to_ansible(), **details(view)} for name, view in views.items()},
        "table": lines,
        "msg": f"{len(views)} rollouts and deployments in namespace {call.params['namespace']}.",
    }


def _wait(call: Call) -> Result:
    names, states = _names(call), list(call.params["state"])
    if not states:
        raise DeliveryError("no state is named", reason="BadOption", hint="set state to one or more of its choices")
    if "step" in states and call.params["step"] is None:
        raise DeliveryError(
            "state step needs the option step", reason="BadOption", hint="set step to the index to wait for"
        )
    namespace, timeout = call.params["namespace"], call.params["timeout"]
    with _connect(call) as kube, Estate(kube, namespace, names, _EVERYTHING) as estate:
        waited = wait_for(
            estate,
            names,
            states,
            step=call.params["step"],
            until_any=list(call.params["until_any"] or []),
            timeout=timeout,
            say=lambda name, line: call.say(f"{name}: {line}"),
        )
        failure = failure_of(waited, namespace, kube.cluster, states, timeout)
    result: Result = {
        "changed": False,
        "rollouts": {
            name: {**view.to_ansible(), "state": waited.reached.get(name, "")} for name, view in waited.views.items()
        },
    }
    if failure:
        failure.result = {**result, "unreachable_states": waited.failed, "lacking": waited.lacking}
        raise failure
    return {
        **result,
        "table": table(waited.views),
        "msg": "; ".join(f"{name} is {state}" for name, state in waited.reached.items()) + ".",
    }


def _set_image(call: Call) -> Result:
    verb = SetImage({str(key): str(value) for key, value in call.params["images"].items()}, _guards(call.params))
    return _verb(call, verb, Need.REVISIONS)


def _promote(call: Call) -> Result:
    given = call.params
    verb = Promote(given["full"], given["skip_current_step"], given["skip_all_steps"], given["force"], _guards(given))
    return _verb(call, verb, _EVERYTHING)


def _abort(call: Call) -> Result:
    return _verb(call, Abort(_guards(call.params)), _EVERYTHING)


def _undo(call: Call) -> Result:
    given = call.params
    verb = Undo(given["to_revision"], str(given["to_hash"] or ""), given["full"], _guards(given))
    return _verb(call, verb, _EVERYTHING)


def _spec(options: dict[str, dict[str, Any]], *, timeout: int) -> dict[str, dict[str, Any]]:
    return {**_argspec.connection(), **_argspec.selection(required=True), **_argspec.waiting(timeout), **options}


INFO = Operation(
    _info,
    {
        **_argspec.connection(),
        **_argspec.selection(required=False),
        "show": {"type": "str", "choices": ["nothing", "table", "tree"], "default": "nothing"},
    },
)
WAIT = Operation(
    _wait,
    _spec(
        {
            "state": {"type": "list", "elements": "str", "choices": list(STATES), "default": [HEALTHY]},
            "step": {"type": "int"},
            "until_any": {"type": "list", "elements": "str", "choices": list(STATES)},
        },
        timeout=600,
    ),
)
SET_IMAGE = Operation(
    _set_image, _spec({"images": {"type": "dict", "required": True}, **_argspec.guards()}, timeout=30)
)
PROMOTE = Operation(
    _promote,
    _spec(
        {
            "full": {"type": "bool", "default": False},
            "skip_current_step": {"type": "bool", "default": False},
            "skip_all_steps": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            **_argspec.guards(),
        },
        timeout=120,
    ),
    mutually_exclusive=[("full", "skip_current_step", "skip_all_steps")],
)
ABORT = Operation(_abort, _spec(_argspec.guards(), timeout=60))
UNDO = Operation(
    _undo,
    _spec(
        {
            "to_revision": {"type": "int"},
            "to_hash": {"type": "str"},
            "full": {"type": "bool", "default": False},
            **_argspec.guards(),
        },
        timeout=120,
    ),
    mutually_exclusive=[("to_revision", "to_hash")],
)
