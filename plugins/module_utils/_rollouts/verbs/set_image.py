# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Set image: release other images with an otherwise unchanged template. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..._errors import DeliveryError
from ..._types import Obj
from ..history import PROMOTED, promoted_after_change
from ..model import View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_overtaken, refuse_without_template
from ..view import containers_of
from .undo import record_patch

# Name with optional registry, then a tag, a digest or both (the grammar of the OCI distribution specification).
_REGISTRY = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_TAG = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
_IMAGE = re.compile(rf"{_REGISTRY}{_PART}(?:/{_PART})*{_TAG}(?:@sha256:[0-9a-f]{{64}})?")


@dataclass(frozen=True)
class SetImage:
    """What is asked: container name -> image; the name ``*`` means every container that is not an init container."""

    images: dict[str, str]
    guards: Guards = field(default_factory=Guards)

    def __post_init__(self) -> None:
        """Raise DeliveryError for what cannot be an image."""
        if not self.images:
            raise DeliveryError("no image is given", reason="BadOption", hint="set images to {container: image}")
        for container, image in self.images.items():
            tail = image.rsplit("/", 1)[-1]
            if not _IMAGE.fullmatch(image) or not (":" in tail or "@" in tail):
                raise DeliveryError(
                    f"{image!r} for container {container} is not an image with a tag or digest",
                    reason="BadOption",
                    hint="write it as repository/name:tag or repository/name@sha256:digest",
                )

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        refuse_without_template(now)
        template = now.template_owner["spec"]["template"]
        if not sent:
            self.guards.check(now)
            if not self._patch(now, template):
                return Done("the images are live already" if now.phase.settled else "the images are set already")
            refuse_overtaken(before, now)
            if now.template_owner is not now.raw:
                # The record belongs to the Rollout, the template to what it refers to: the record goes first.
                return Send({"metadata": {"annotations": {PROMOTED: promoted_after_change(now.raw)}}})
        if sent and now.template_owner is now.raw and now.version == before.version:
            return Await("the controller to take the change")
        operations = self._patch(now, template)
        if operations:
            if sent > int(before.template_owner is not before.raw):
                raise refuse(now, "other images were set meanwhile", "look at it again", "Overtaken")
            refuse_overtaken(before, now)
            record = record_patch(now.raw) if now.kind == "Rollout" and now.template_owner is now.raw else []
            return Send(_pinned(now.template_owner, operations + record), patch_type="json", to_template_owner=True)
        if now.phase.settled and now.raw["spec"].get("paused"):
            return Done("the images are set; it is paused by hand, so the release waits for rollout_resume")
        if not now.phase.settled or (now.current_hash == before.current_hash and not _reused(before, now)):
            return Await(f"the controller to start the new revision ({now.phase.message or now.phase.name})")
        return Done(f"revision {now.revision} is being released")

    def _patch(self, view: View, template: Obj) -> list[Obj]:
        names = [str(container.get("name")) for container in containers_of(template)]
        unknown = [name for name in self.images if name != "*" and name not in names]
        if unknown:
            raise refuse(
                view,
                f"it has no container {', '.join(unknown)}; its containers are {', '.join(names)}",
                "name the containers as the pod template does",
                "ContainerNotFound",
            )
        operations: list[Obj] = []
        for group in ("initContainers", "containers"):
            for index, container in enumerate((template.get("spec") or {}).get(group) or []):
                wanted = self.images.get(container["name"]) or (self.images.get("*") if group == "containers" else None)
                if wanted and wanted != container.get("image"):
                    path = f"/spec/template/spec/{group}/{index}"
                    operations.append({"op": "test", "path": f"{path}/name", "value": container["name"]})
                    operations.append({"op": "replace", "path": f"{path}/image", "value": wanted})
        return operations


def _pinned(owner: Obj, operations: list[Obj]) -> list[Obj]:
    version = owner["metadata"]["resourceVersion"]
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *operations]


def _reused(before: View, now: View) -> bool:
    """Return whether a newer generation was taken although the hash is the same (back to the template in flight)."""
    return bool(now.raw["metadata"].get("generation") != before.raw["metadata"].get("generation"))
