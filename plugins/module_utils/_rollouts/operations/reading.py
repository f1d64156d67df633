# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Looking at workloads and waiting for them, as operations of the collection. Private to this collection."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

from ... import _argspec
from ..._errors import DeliveryError
from ..._operation import Call, Operation, Result
from ..choice import EVERYTHING, Choice, Need
from ..estate import Estate
from ..following import follow_lines, follow_picture
from ..model import View
from ..report.data import details, document, entry_of, in_utc
from ..report.table import summary, table
from ..report.tree import brief_tree, tree
from ..states import HEALTHY, STATES
from ..waiting import failure_of, wait_for
from .shared import connect, operation


def _info(call: Call) -> Result:
    given, choice = call.params, Choice.from_params(call.params, everything=True)
    if given["watch"] < 0:
        raise DeliveryError("watch is below 0", reason="BadOption", hint="set watch to a number of seconds")
    need = EVERYTHING | (Need.PODS if given["pods"] else Need.NOTHING)
    with connect(call) as kube, Estate(kube, given["namespace"], choice, need) as estate:
        views = _watch(call, estate) if given["watch"] else estate.views()
    read_at = datetime.now(UTC)
    rollouts = {name: {**entry_of(view), **details(view)} for name, view in views.items()}
    if given["show"] == "json":
        found = document(given["namespace"], read_at, rollouts)
        call.show("", json.dumps(found, indent=2, ensure_ascii=not call.screen.unicode).splitlines())
    elif not (given["watch"] and call.screen.redraws):
        _show(call, views)
    return {
        "changed": False,
        "namespace": given["namespace"],
        "rollouts": rollouts,
        "table": table(views),
        "read_at": in_utc(read_at),
        "msg": f"{summary(views, given['namespace'])}.",
    }


def _watch(call: Call, estate: Estate) -> dict[str, View]:
    """Show what happens for as long as asked; return the workloads at the end."""
    seconds, drawable = float(call.params["watch"]), call.params["show"] in ("table", "tree")
    if call.screen.redraws and drawable:
        _show(call, estate.views(), over=True)
        follow_picture(estate, seconds, lambda views: _show(call, views, over=True))
    else:
        _show(call, estate.views())
        follow_lines(estate, seconds, lambda name, line: call.say(f"{name}: {line}"))
    return estate.views()


def _show(call: Call, views: dict[str, View], *, over: bool = False) -> None:
    """Show workloads as a table or a tree, if either is asked for."""
    title, show = summary(views, call.params["namespace"]), call.params["show"]
    if show == "table":
        call.show(title, table(views), over=over)
    elif show == "tree":
        draw = brief_tree if over else tree
        call.show(title, draw(views, call.screen, datetime.now(UTC)), over=over)


def _wait(call: Call) -> Result:
    choice, states = Choice.from_params(call.params), list(call.params["state"])
    if not states:
        raise DeliveryError("no state is named", reason="BadOption", hint="set state to one or more of its choices")
    if "step" in states and call.params["step"] is None:
        raise DeliveryError(
            "state step needs the option step", reason="BadOption", hint="set step to the index to wait for"
        )
    namespace, timeout, began = call.params["namespace"], call.params["timeout"], time.monotonic()
    with connect(call, timeout) as kube, Estate(kube, namespace, choice, EVERYTHING) as estate:
        waited = wait_for(
            estate,
            states,
            step=call.params["step"],
            until_any=list(call.params["until_any"] or []),
            began=began,
            timeout=timeout,
            say=lambda name, line: call.say(f"{name}: {line}"),
        )
        failure = failure_of(waited, namespace, kube.cluster, states, timeout)
    result: Result = {
        "changed": False,
        "rollouts": {
            name: {**entry_of(view), "state": waited.reached.get(name, "")} for name, view in waited.views.items()
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


INFO = Operation(
    _info,
    {
        **_argspec.connection(),
        **_argspec.selection(),
        "pods": {"type": "bool", "default": True},
        "show": {"type": "str", "choices": ["nothing", "table", "tree", "json"], "default": "nothing"},
        "watch": {"type": "int", "default": 0},
    },
    mutually_exclusive=list(_argspec.ONE_SELECTION),
)
WAIT = operation(
    _wait,
    {
        "state": {"type": "list", "elements": "str", "choices": list(STATES), "default": [HEALTHY]},
        "step": {"type": "int"},
        "until_any": {"type": "list", "elements": "str", "choices": list(STATES)},
    },
    timeout=600,
)
