# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Questions to what a module returned, for the tests and filters of playbooks. Pure functions. Private to this collection.

Whatever is no answer is an error: a test that is False for a typing mistake would let a playbook go the wrong way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._analysis_runs.run import BAD, Measurement, Metric, Run, why_bad
from .._errors import DeliveryError
from . import phase as phases
from .model import Pod
from .pods import in_trouble
from .states import DEGRADED, HEALTHY, PAUSED, READY

# Question -> the state that answers it; the others are answered by a field of their own.
_STATES = {"healthy": HEALTHY, "paused": PAUSED, "degraded": DEGRADED, "promotable": READY}
_FIELDS = {"aborted": "aborted", "in_flight": "in_flight", "on_stable": "on_stable"}
QUESTIONS = (*_STATES, *_FIELDS, "progressing")
TAGS = ("stable", "canary", "active", "preview", "current")

Entry = Mapping[str, Any]


def holds(question: str, value: object) -> bool:
    """Return whether something is so of a rollout, or of all that a result holds.

    Args:
        question: one of QUESTIONS.
        value: an entry of a result's ``rollouts``, all of them, or a whole result.

    Raises:
        DeliveryError: it is none of these, or does not tell.
    """
    # All are asked, so that an entry that does not tell is an error also behind one that says no.
    answers = [_answer(question, name, entry) for name, entry in entries_of(value).items()]
    return all(answers)


def entries_of(value: object) -> dict[str, Entry]:
    """Return the entries of rollouts by name; one that was given alone has no name.

    Raises:
        DeliveryError: there is none.
    """
    if not isinstance(value, Mapping):
        raise _unfit(f"it is {_kind(value)}, not a rollout of a result")
    if _is_entry(value):
        return {"": value}
    found = value["rollouts"] if "rollouts" in value and not _is_entry(value["rollouts"]) else value
    if isinstance(found, Mapping) and found and all(_is_entry(entry) for entry in found.values()):
        return {str(name): entry for name, entry in found.items()}
    raise _unfit(_why_none(value))


def images(value: object, tag: str) -> dict[str, str]:
    """Return container -> image of the revision with a tag, empty when no revision has it.

    Raises:
        DeliveryError: the value is no rollout, or there is no such tag.
    """
    if tag not in TAGS:
        raise DeliveryError(f"there is no tag {tag}", reason="BadOption", hint=f"use one of {', '.join(TAGS)}")
    if not (isinstance(value, Mapping) and _is_entry(value)):
        raise _unfit("rollout_images takes one rollout")
    listed = _field("", value, "images", list)
    return {str(image["name"]): str(image["image"]) for image in listed if tag in image["tags"]}


def problems(value: object) -> list[str]:
    """Return what is wrong with rollouts, a sentence each; see the filter `rollout_problems`.

    Raises:
        DeliveryError: the value is neither a rollout nor a result with some.
    """
    return [f"{name}: {text}" if name else text for name, entry in entries_of(value).items() for text in _wrong(entry)]


def _answer(question: str, name: str, entry: Entry) -> bool:
    if question == "progressing":
        return str(entry["phase"]) == phases.PROGRESSING
    if question in _STATES:
        return _STATES[question] in _field(name, entry, "states", list)
    if question == "on_stable" and entry.get("on_stable", False) is None:
        raise _unfit(
            f"where the traffic of {name or 'the rollout'} goes is not known",
            "the module did not look; ask what rollout_info returns",
        )
    return bool(_field(name, entry, _FIELDS[question], bool))


def _field(name: str, entry: Entry, field: str, kind: type) -> Any:
    if not isinstance(entry.get(field), kind):
        raise _unfit(f"the entry {name or 'of the rollout'} has no {field}")
    return entry[field]


def _is_entry(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("phase"), str) and "strategy" in value


def _why_none(value: Mapping[str, Any]) -> str:
    if value.get("skipped"):
        return "the task was skipped, so its result holds no rollout"
    if "results" in value:
        return "it is the result of a loop: take one of its results"
    if value.get("failed") and "rollouts" not in value:
        return f"the task failed, so its result holds no rollout ({str(value.get('msg', '')).rstrip('.')})"
    if value.get("rollouts") == {}:
        return "the result holds no rollout at all"
    return "it is a mapping, but neither a result with rollouts nor one of them"


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    return f"the text {value!r}" if isinstance(value, str) else f"a value of type {type(value).__name__}"


def _unfit(msg: str, hint: str = "") -> DeliveryError:
    usual = "give result.rollouts['name'], or the whole result, of a rollout_* module"
    return DeliveryError(msg, reason="BadInput", hint=hint or usual)


def _wrong(entry: Entry) -> list[str]:
    found = []
    message = str(entry.get("message") or "no reason given")
    if entry.get("aborted"):
        found.append(f"revision {entry.get('revision')} was aborted: {message}")
    elif entry["phase"] == phases.DEGRADED:
        found.append(f"it is Degraded: {message}")
    if any(str(reason).startswith("Inconclusive") for reason in entry.get("pause_reasons") or []):
        found.append(f"its analysis was inconclusive, and it waits for a decision: {message}")
    if entry.get("error"):
        found.append(str(entry["error"]).rstrip("."))
    return [*found, *_bad_runs(entry), *_bad_revisions(entry), *_bad_traffic(entry)]


def _bad_runs(entry: Entry) -> list[str]:
    """Return why analysis runs of the revision in flight are bad; earlier ones are history."""
    if not (entry.get("in_flight") or entry.get("aborted")):
        return []
    runs = [_run(item) for item in entry.get("analysis_runs") or [] if item["hash"] == entry.get("current_hash")]
    return [why_bad(run) for run in runs if why_bad(run)]


def _run(item: Entry) -> Run:
    metrics = [Metric(**metric) for metric in item["metrics"]]
    return Run(
        name=item["name"],
        phase=item["phase"],
        kind=item["kind"],
        hash=item["hash"],
        message=item["message"],
        measurements=tuple(Measurement(key="", **measurement) for measurement in item["measurements"]),
        bad_metrics=tuple(metric.name for metric in metrics if metric.phase in BAD and not metric.dry_run),
    )


def _bad_revisions(entry: Entry) -> list[str]:
    found = []
    for revision in entry.get("revisions") or []:
        named = f"revision {revision['revision']}"
        if revision["message"]:
            found.append(f"{named} cannot make its pods: {revision['message']}")
        counted: dict[str, list[str]] = {}
        for pod in map(_pod, revision["pods"]):
            if in_trouble(pod):
                counted.setdefault(pod.status, []).append(pod.message)
        for status, messages in counted.items():
            reason = next((message for message in messages if message), "")
            pods = f"{len(messages)} pods of {named} are" if len(messages) > 1 else f"a pod of {named} is"
            found.append(f"{pods} {status}{f': {reason}' if reason else ''}")
    return found


def _pod(item: Entry) -> Pod:
    containers = item["containers"]
    return Pod(
        name=item["name"],
        status=item["status"],
        message=item["message"],
        ready=item["ready"],
        containers_ready=containers["ready"],
        containers=containers["total"],
        restarts=item["restarts"],
        created=item["created"],
    )


def _bad_traffic(entry: Entry) -> list[str]:
    serving = entry.get("serving") or {}
    wanted = (entry.get("replicas") or {}).get("desired")
    nobody = serving.get("hash") and not serving["ready"].get(serving["hash"])
    return ["no pod serves its production traffic"] if nobody and wanted else []
