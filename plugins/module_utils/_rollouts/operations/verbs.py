# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The verbs on workloads, as operations of the collection. Private to this collection."""

from __future__ import annotations

import datetime

from ... import _argspec
from ..._operation import Call, Result
from ..choice import EVERYTHING, Need
from ..verbs.abort import Abort
from ..verbs.pause import Pause, Resume
from ..verbs.promote import Promote
from ..verbs.restart import Restart, moment_of
from ..verbs.retry import Retry
from ..verbs.set_image import SetImage
from ..verbs.undo import Undo
from .shared import guards_of, operation, run_verb


def _set_image(call: Call) -> Result:
    verb = SetImage({str(key): str(value) for key, value in call.params["images"].items()}, guards_of(call.params))
    return run_verb(call, verb, Need.REVISIONS)


def _promote(call: Call) -> Result:
    given = call.params
    verb = Promote(given["full"], given["skip_current_step"], given["skip_all_steps"], given["force"], guards_of(given))
    # The next step of a canary is read from the Rollout alone.
    need = EVERYTHING if given["full"] or given["skip_all_steps"] else Need.REVISIONS | Need.SWITCHES
    return run_verb(call, verb, need, deployments=False)


def _pause(call: Call) -> Result:
    return run_verb(call, Pause(guards_of(call.params)), Need.REVISIONS | Need.ONCE)


def _resume(call: Call) -> Result:
    return run_verb(call, Resume(guards_of(call.params)), Need.REVISIONS)


def _retry(call: Call) -> Result:
    return run_verb(call, Retry(guards_of(call.params)), Need.REVISIONS, deployments=False)


def _restart(call: Call) -> Result:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    named = call.params["at"] is not None
    at = moment_of(call.params["at"]) if named else now
    need = Need.REVISIONS | Need.PODS | Need.FOLLOWED
    return run_verb(call, Restart(at, named, now, guards_of(call.params)), need)


def _abort(call: Call) -> Result:
    need = Need.REVISIONS | Need.TRAFFIC | Need.FOLLOWED
    return run_verb(call, Abort(guards_of(call.params)), need, deployments=False)


def _undo(call: Call) -> Result:
    given = call.params
    verb = Undo(given["to_revision"], str(given["to_hash"] or ""), given["full"], guards_of(given))
    return run_verb(call, verb, EVERYTHING)


SET_IMAGE = operation(_set_image, {"images": {"type": "dict", "required": True}, **_argspec.guards()}, timeout=30)
PROMOTE = operation(
    _promote,
    {
        "full": {"type": "bool", "default": False},
        "skip_current_step": {"type": "bool", "default": False},
        "skip_all_steps": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        **_argspec.guards(),
    },
    timeout=120,
    mutually_exclusive=[("full", "skip_current_step", "skip_all_steps")],
)
PAUSE = operation(_pause, _argspec.guards(), timeout=30)
RESUME = operation(_resume, _argspec.guards(), timeout=30)
RETRY = operation(_retry, _argspec.guards(), timeout=30)
RESTART = operation(_restart, {"at": {"type": "str"}, **_argspec.guards()}, timeout=600)
ABORT = operation(_abort, _argspec.guards(), timeout=60)
UNDO = operation(
    _undo,
    {
        "to_revision": {"type": "int"},
        "to_hash": {"type": "str"},
        "full": {"type": "bool", "default": False},
        **_argspec.guards(),
    },
    timeout=120,
    mutually_exclusive=[("to_revision", "to_hash")],
)
