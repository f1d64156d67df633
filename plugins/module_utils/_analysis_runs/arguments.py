# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of an analysis run: merged as Argo merges them, refused where Argo would go wrong later.

Pure functions. Private to this collection. An argument that comes from a Secret stays a reference: nothing here reads it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from .templates import Template

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
# An argument whose name says that its value is a secret; it should come from one, and is never shown.
_TELLING = re.compile(r"token|passw|secret|credential|api[-_]?key|authorization", re.IGNORECASE)


def given_arguments(values: Mapping[str, Any]) -> list[Obj]:
    """Return the option `arguments` as Argo writes arguments.

    Raises:
        DeliveryError: a value that is neither plain nor a reference to a key of a Secret.
    """
    return [_given(str(name), value) for name, value in values.items()]


def _given(name: str, value: Any) -> Obj:
    if isinstance(value, bool):
        return {"name": name, "value": str(value).lower()}
    if isinstance(value, (str, int, float)):
        return {"name": name, "value": str(value)}
    reference = ((value.get("valueFrom") or {}).get("secretKeyRef") or {}) if isinstance(value, Mapping) else {}
    if isinstance(reference, Mapping) and reference.get("name") and reference.get("key"):
        chosen = {"name": str(reference["name"]), "key": str(reference["key"])}
        return {"name": name, "valueFrom": {"secretKeyRef": chosen}}
    raise DeliveryError(
        f"the value of argument {name} is neither a string, a number, a boolean nor a reference to a Secret",
        reason="BadOption",
        hint="give a plain value, or valueFrom with secretKeyRef and in it name and key",
    )


def declared_arguments(templates: list[Template]) -> list[Obj]:
    """Return the arguments that templates declare, with their defaults.

    Raises:
        DeliveryError: two templates have different defaults for the same argument.
    """
    found: dict[str, Obj] = {}
    for template in templates:
        for argument in template.spec.get("args") or []:
            name = str(argument.get("name"))
            before = found.get(name, {}).get("value")
            if before is not None and argument.get("value") is not None and before != argument["value"]:
                raise DeliveryError(
                    f"argument {name} has different defaults in {first_with(templates, name)} and {template.ref.title}",
                    reason="ArgumentConflict",
                    hint="give it the same default in both templates, or none in one of them",
                )
            if before is None:
                found[name] = argument
    return list(found.values())


def first_with(templates: list[Template], argument: str) -> str:
    """Return the title of the first template that declares an argument."""
    for template in templates:
        if any(item.get("name") == argument for item in template.spec.get("args") or []):
            return template.ref.title
    return ""


def merged_arguments(templates: list[Template], given: list[Obj]) -> list[Obj]:
    """Return the arguments of a run: what templates declare, with what was given put in.

    Raises:
        DeliveryError: an argument that no template declares, that has no value, or whose value would not count.
    """
    merged = {str(item["name"]): dict(item) for item in declared_arguments(templates)}
    for argument in given:
        name = argument["name"]
        if name not in merged:
            raise _unknown(name, list(merged))
        if "value" in argument and _secret(merged[name]):
            # Argo keeps both, and then takes the one of the Secret.
            raise DeliveryError(
                f"argument {name} of {first_with(templates, name)} comes from a Secret; a value given for it would not count",
                reason="ArgumentFromSecret",
                hint="leave it out of arguments, or name another key by valueFrom",
            )
        merged[name].update(argument)
    unresolved = [name for name, item in merged.items() if item.get("value") is None and not _secret(item)]
    if unresolved:
        raise _unresolved(templates, unresolved, merged)
    return list(merged.values())


def check_uses(templates: list[Template], arguments: list[Obj]) -> None:
    """Refuse metrics that use what is no argument of the run.

    Raises:
        DeliveryError: names the first metric and what it uses.
    """
    known = {f"args.{item['name']}" for item in arguments}
    for template in templates:
        for metric in template.spec.get("metrics") or []:
            for tag in _TAG.findall(json.dumps(metric, ensure_ascii=False)):
                if tag.strip() not in known:
                    raise DeliveryError(
                        f"metric {metric.get('name')} of {template.ref.title} uses {{{{{tag}}}}}, which no template declares",
                        reason="ArgumentUndeclared",
                        hint="declare it in spec.args of the template",
                    )


def put_in(metric: Obj, arguments: list[Obj]) -> Obj:
    """Return a metric with its arguments put in, as the controller reads it; but those that are secret stay as they are."""
    values = {
        f"args.{item['name']}": json.dumps(str(item["value"]), ensure_ascii=False)[1:-1]
        for item in arguments
        if item.get("value") is not None and not _secret(item) and not telling(str(item["name"]))
    }
    text = _TAG.sub(
        lambda match: values.get(match.group(1).strip(), match.group(0)), json.dumps(metric, ensure_ascii=False)
    )
    try:
        resolved: Obj = json.loads(text)
    except ValueError:
        return metric
    return resolved


def shown_arguments(arguments: list[Obj]) -> dict[str, str]:
    """Return arguments by name as a result may show them; a Secret by its name and key."""
    return {str(item.get("name")): _shown(item) for item in arguments}


def hidden_arguments(arguments: list[Obj]) -> list[Obj]:
    """Return arguments as Argo writes them, without values that should have come from a Secret."""
    return [
        {**item, "value": "not shown"} if item.get("value") is not None and telling(str(item.get("name"))) else item
        for item in arguments
    ]


def telling(name: str) -> bool:
    """Return whether an argument's name says that its value is a secret."""
    return bool(_TELLING.search(name))


def _shown(item: Obj) -> str:
    reference = _secret(item)
    if reference:
        return f"Secret {reference.get('name')}, key {reference.get('key')}"
    return "not shown" if telling(str(item.get("name"))) else str(item.get("value") or "")


def _secret(item: Obj) -> Obj:
    reference: Obj = (item.get("valueFrom") or {}).get("secretKeyRef") or {}
    return reference


def _unknown(name: str, known: list[str]) -> DeliveryError:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are {', '.join(sorted(known))}" if known else "the templates take no arguments"
    return DeliveryError(f"no template declares an argument {name}", reason="ArgumentUnknown", hint=hint)


def _unresolved(templates: list[Template], names: list[str], merged: dict[str, Obj]) -> DeliveryError:
    words = [f"{name} of {first_with(templates, name)}" for name in names]
    text = f"argument {words[0]} has no value" if len(words) == 1 else f"arguments without a value: {', '.join(words)}"
    # A field of the Rollout, which a run of its own does not belong to: Argo accepts the run and then ends it with Error.
    fields = any((merged[name].get("valueFrom") or {}).get("fieldRef") for name in names)
    return DeliveryError(
        text,
        reason="ArgumentMissing",
        hint="a field of a Rollout is unknown to a run of its own: give the value in arguments"
        if fields
        else "give it in arguments",
    )
