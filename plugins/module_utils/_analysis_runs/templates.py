# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which templates an analysis run is made of. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._errors import DeliveryError
from .._types import Obj


@dataclass(frozen=True)
class Ref:
    """The name of an AnalysisTemplate of the namespace or of a ClusterAnalysisTemplate."""

    name: str
    cluster: bool = False

    @property
    def title(self) -> str:
        """What a message calls it."""
        return f"{'ClusterAnalysisTemplate' if self.cluster else 'AnalysisTemplate'} {self.name}"


@dataclass(frozen=True)
class Template:
    """A template as it was read."""

    ref: Ref
    spec: Obj


# Reads a template; the second argument is what refers to it, empty when the task does.
Read = Callable[[Ref, str], Obj]


def with_nested(refs: list[Ref], read: Read) -> list[Template]:
    """Return the templates and those they refer to, each once, in the order in which Argo merges them.

    That is: each template before those it refers to, and the AnalysisTemplates before the ClusterAnalysisTemplates.

    Raises:
        DeliveryError: templates that refer to each other in a circle, which Argo would follow for ever; or what `read` raises.
    """
    found: dict[Ref, Template] = {}
    for ref in refs:
        _visit(ref, (), read, found)
    return sorted(found.values(), key=lambda template: template.ref.cluster)


def _visit(ref: Ref, path: tuple[Ref, ...], read: Read, found: dict[Ref, Template]) -> None:
    if ref in path:
        circle = " -> ".join(item.title for item in (*path[path.index(ref) :], ref))
        raise DeliveryError(
            f"analysis templates refer to each other in a circle: {circle}",
            reason="TemplateCircle",
            hint="remove one of the references from spec.templates",
        )
    if ref in found:
        return
    found[ref] = Template(ref, read(ref, path[-1].title if path else "").get("spec") or {})
    for nested in found[ref].spec.get("templates") or []:
        inner = Ref(str(nested.get("templateName") or ""), bool(nested.get("clusterScope")))
        _visit(inner, (*path, ref), read, found)
