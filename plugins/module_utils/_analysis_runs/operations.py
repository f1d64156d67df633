# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Running and reading analyses, as operations of the collection. Private to this collection."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from .. import _argspec
from .._apply import diff
from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.credentials import Credentials
from .._operation import Call, Operation, Result
from .._types import Obj
from .arguments import given_arguments, hidden_arguments, put_in
from .building import generated_name, manifest, spec_of
from .choosing import chosen, summary
from .entry import entry_of
from .following import ENDING_SECONDS, Following
from .limits import limits_of, shortest
from .outcome import failure_of, sentence, timeout_of
from .reading import read_runs, read_templates
from .state import KINDS, PHASES, VERDICTS, over, phase_of
from .templates import Ref

# A template's name, a dash, and this many random characters.
_SUFFIX_BYTES = 4


def _run(call: Call) -> Result:
    given = call.params
    refs = _refs(given)
    arguments = given_arguments(given["arguments"] or {})
    _check(given)
    with Kube(
        Credentials.from_params(given),
        dry_run=call.check_mode,
        warn=call.warn,
        # The run has the task's timeout, and then has to be ended.
        seconds=given["timeout"] + 2 * ENDING_SECONDS,
    ) as kube:
        spec = spec_of(read_templates(kube, given["namespace"], refs), arguments, given["ttl"])
        _check_length(call, spec)
        wanted = manifest(
            spec,
            name=given["name"] or generated_name(refs[0].name, secrets.token_hex(_SUFFIX_BYTES)),
            namespace=given["namespace"],
            instance_id=given["instance_id"] or "",
            task=secrets.token_hex(8),
        )
        with Following(kube, wanted) as run:
            return _followed(call, run)


def _followed(call: Call, run: Following) -> Result:
    if run.created:
        call.say(f"{run.name}: {'would be created' if call.check_mode else 'created'}")
    waits = call.params["wait"] and not (call.check_mode and not over(run.item))
    ended = _wait(call, run) if waits else True
    # What the metrics lacked is only known before the run is ended.
    late = run.item
    note = "" if ended else _end(run)
    result: Result = {"changed": run.created, "run": entry_of(run.item)}
    if not waits:
        result["msg"] = sentence(run.name, run.item, created=run.created, check_mode=call.check_mode)
    elif note and phase_of(run.item) not in VERDICTS:
        raise timeout_of(run.name, late, call.params["timeout"], note, where=run.where, result=result)
    else:
        failure = failure_of(run.name, run.item, call.params["accept"], where=run.where, result=result)
        if failure:
            raise failure
        call.say(f"{run.name}: {result['run']['phase']}")
        result["msg"] = sentence(run.name, run.item)
    if call.diff_mode and run.created:
        result["diff"] = [diff.entry(f"AnalysisRun {run.name}", None, _shown(run.item))]
    return result


def _wait(call: Call, run: Following) -> bool:
    try:
        return run.until_over(call.params["timeout"], call.say)
    except DeliveryError as error:
        if run.created and error.reason != "Deleted":
            error.msg += f"; analysis run {run.name}, which this task created: {_end(run)}"
        error.result = {"changed": run.created, "run": entry_of(run.item)}
        raise
    except BaseException:
        # Interrupted, by Ansible's own timeout for instance: what this task began must not go on without it.
        if run.created:
            with contextlib.suppress(Exception):
                run.end(patience=0)
        raise


def _end(run: Following) -> str:
    return run.end() if run.created else "it goes on, because another task created it"


def _refs(given: dict[str, Any]) -> list[Ref]:
    refs = [Ref(str(name), False) for name in given["templates"] or []]
    refs += [Ref(str(name), True) for name in given["cluster_templates"] or []]
    if not refs or not all(ref.name for ref in refs):
        raise DeliveryError(
            "no template is named",
            reason="BadOption",
            hint="set templates or cluster_templates to a list of names",
        )
    return list(dict.fromkeys(refs))


def _check(given: dict[str, Any]) -> None:
    if given["name"] == "":
        raise DeliveryError("name is empty", reason="BadOption", hint="give the run a name, or leave the option out")
    for option in ("timeout", "ttl"):
        if given[option] is not None and given[option] < 0:
            raise DeliveryError(f"{option} is less than 0", reason="BadOption", hint="give a number of seconds")
    if not given["accept"]:
        raise DeliveryError("no phase is accepted", reason="BadOption", hint="set accept to one or more of its choices")


def _check_length(call: Call, spec: Obj) -> None:
    metrics = [put_in(metric, spec.get("args") or []) for metric in spec["metrics"]]
    endless = [str(metric.get("name")) for metric in metrics if limits_of(metric).endless]
    if endless and call.params["wait"]:
        raise DeliveryError(
            f"metric {', '.join(endless)} has an interval and no count: only a failure would end it, no success",
            reason="Endless",
            hint="give the metric a count in its template, or set wait to false and end the run yourself",
        )
    if endless:
        call.warn(f"metric {', '.join(endless)} has an interval and no count: the run goes on until somebody ends it")
    longest = max(shortest(metric) for metric in metrics)
    if call.params["wait"] and longest > call.params["timeout"]:
        call.warn(f"the analysis takes {longest:g} s at least, and timeout is {call.params['timeout']} s")


def _shown(item: Obj) -> Obj:
    """Return a run for a diff: of each provider, whose headers may hold a secret, the name only."""
    spec = item.get("spec") or {}
    metrics = [{**metric, "provider": next(iter(metric.get("provider") or {}), "")} for metric in spec["metrics"]]
    arguments = {"args": hidden_arguments(spec["args"])} if spec.get("args") else {}
    metadata = {key: value for key, value in item["metadata"].items() if key != "annotations"}
    return {**item, "metadata": metadata, "spec": {**spec, "metrics": metrics, **arguments}}


def _info(call: Call) -> Result:
    given = call.params
    names = [str(name) for name in given["names"] or []]
    rollouts = [str(name) for name in given["rollouts"] or []]
    labels = ",".join(str(part) for part in given["label_selectors"] or [])
    with Kube(Credentials.from_params(given), dry_run=call.check_mode, warn=call.warn) as kube:
        items = read_runs(kube, given["namespace"], names, rollouts, labels)
    found = chosen(items, names=names, rollouts=rollouts, phases=given["phases"] or (), kinds=given["kinds"] or ())
    return {
        "changed": False,
        "runs": [entry_of(item) for item in found],
        "msg": summary(found, given["namespace"]),
    }


RUN = Operation(
    _run,
    {
        **_argspec.connection(),
        **_argspec.namespace(required=True),
        "templates": {"type": "list", "elements": "str"},
        "cluster_templates": {"type": "list", "elements": "str"},
        "arguments": {"type": "dict"},
        "name": {"type": "str"},
        "instance_id": {"type": "str"},
        "wait": {"type": "bool", "default": True},
        **_argspec.waiting(600),
        "accept": {"type": "list", "elements": "str", "choices": list(VERDICTS), "default": ["Successful"]},
        "ttl": {"type": "int"},
    },
    required_one_of=[("templates", "cluster_templates")],
    private=("arguments",),
)
INFO = Operation(
    _info,
    {
        **_argspec.connection(),
        **_argspec.namespace(required=True),
        "names": {"type": "list", "elements": "str", "aliases": ["name"]},
        "rollouts": {"type": "list", "elements": "str"},
        "label_selectors": {"type": "list", "elements": "str"},
        "phases": {"type": "list", "elements": "str", "choices": list(PHASES)},
        "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
    },
)
