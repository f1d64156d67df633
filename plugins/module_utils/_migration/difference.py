# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the next release will change in the pods, besides their version. Private to this collection."""

from __future__ import annotations

from .._apply.changes import changed_fields
from .._apply.ownership import with_released_parts
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import DEPLOYMENT
from .._types import Obj
from .wanted import Wanted


def fields_to_change(kube: Kube, wanted: Wanted, template: Obj) -> list[str]:
    """Return the fields in which a live pod template differs from the wanted one, images and version apart.

    The server is asked to spell the wanted one out, by a dry run: the live one has all of its defaults. Where it would not
    take it (it may not be asked, or a quota is full), nothing is known.
    """
    spec = wanted.rollout["spec"]
    probe = {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.name,
        "metadata": {"name": f"{wanted.name}-as-wanted", "namespace": wanted.namespace},
        "spec": {"selector": spec["selector"], "template": spec["template"]},
    }
    try:
        complete = kube.apply(DEPLOYMENT, probe, dry=True)["spec"]["template"]
    except ApiFailure as failure:
        if failure.code == 403:
            return []
        raise
    return changed_in(template, complete)


def changed_in(live: Obj, complete: Obj) -> list[str]:
    """Return the fields that a release of the wanted template would change."""
    parts = [{"spec": {"template": _without_time(item)}} for item in (live, with_released_parts(complete, live))]
    return changed_fields(*parts)


def _without_time(template: Obj) -> Obj:
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if key != "creationTimestamp"}
    return {**template, "metadata": metadata}
