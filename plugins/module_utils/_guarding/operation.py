# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard as an operation of the collection. Private to this collection."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from .. import _argspec
from .._analysis.access import Access
from .._analysis.client import Prometheus
from .._errors import DeliveryError
from .._guard.policy_reading import read_policies
from .._kube.client import Kube
from .._kube.credentials import Credentials
from .._notify.operations import SECRETS
from .._operation import Call, Operation, Result
from .._rollouts.choice import Choice
from .ending import tidily
from .heartbeat import heartbeat
from .loop import ANY_READY, ARRIVED, FINISHED, STOPPED, Guard, Setting
from .result import entry_of, sentence, verdict_of, worst
from .sampling import Sampler
from .telling import Audience


def _guard(call: Call) -> Result:
    given = call.params
    if given["timeout"] < 0:
        raise DeliveryError("timeout is below 0", reason="BadOption", hint="set timeout to seconds, 0 for no end")
    setting = Setting(
        namespace=given["namespace"],
        choice=replace(Choice.from_params(given, deployments=False, everything=True), rollouts_only=True),
        policies=read_policies(given["policy"], given["policy_overrides"]),
        trading=frozenset(given["trading"] or ()),
        timeout=float(given["timeout"]) or None,
        until=given["until"],
        audience=Audience.from_params(given),
        freeze=given["freeze"],
    )
    kube = Kube(Credentials.from_params(given), dry_run=call.check_mode, warn=call.warn)
    access = Access.from_params(given)
    # Two queries at once; what there is to warn of is the same for both.
    one = Prometheus(access, warn=call.warn, compressed=False)
    other = Prometheus(access, warn=lambda _text: None, compressed=False)
    with kube, one, other:
        sampler = Sampler([one, other], setting.namespace)

        speaking = threading.Lock()

        def say(name: str, line: str) -> None:
            # Rollouts are worked on at the same time.
            with speaking:
                call.say(f"{name}: {line}" if name else line)

        guard = Guard(kube, sampler, setting, say, heartbeat(given["heartbeat"]))
        with tidily():
            watched = guard.run()
    with_release = {name: one for name, one in sorted(watched.items()) if one.had_release}
    told = "; ".join(f"{name}: {sentence(one)}" for name, one in with_release.items())
    return {
        "changed": any(one.changed for one in watched.values()),
        "timed_out": guard.timed_out,
        "verdict": worst(verdict_of(one) for one in with_release.values()),
        "rollouts": {name: entry_of(one, time.time()) for name, one in with_release.items()},
        "msg": f"{told or 'There was no release to watch'}.",
    }


GUARD = Operation(
    _guard,
    {
        # All of them have a request_timeout; that of the cluster counts.
        **_argspec.notifications(),
        **_argspec.prometheus(),
        **_argspec.connection(),
        **_argspec.selection(),
        **_argspec.waiting(3600),
        "policy": {"type": "dict", "default": {}},
        "policy_overrides": {"type": "dict", "default": {}},
        "trading": {"type": "list", "elements": "str", "default": []},
        "until": {"type": "str", "choices": [FINISHED, ARRIVED, ANY_READY, STOPPED], "default": FINISHED},
        "environment": {"type": "str", "default": ""},
        "freeze": {"type": "str", "default": ""},
        "heartbeat": {"type": "path"},
    },
    mutually_exclusive=list(_argspec.ONE_SELECTION),
    private=("prometheus_url", "prometheus_headers", *SECRETS),
)
