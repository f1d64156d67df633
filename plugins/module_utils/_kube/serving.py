# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which kinds a cluster serves, as an operation of the collection. Private: other collections must not import it."""

from __future__ import annotations

from typing import Any

from .. import _argspec
from .._errors import DeliveryError
from .._operation import Call, Operation, Result
from .client import Kube
from .credentials import Credentials


def _info(call: Call) -> Result:
    asked = [(str(kind["api_version"]), str(kind["kind"])) for kind in call.params["kinds"]]
    if not asked or not all(all(pair) for pair in asked):
        raise DeliveryError(
            "no kind is named" if not asked else "a kind has an empty api_version or kind",
            reason="BadOption",
            hint="set kinds to a list of api_version and kind, such as route.openshift.io/v1 and Route",
        )
    with Kube(Credentials.from_params(call.params), dry_run=call.check_mode, warn=call.warn) as kube:
        kinds: list[dict[str, Any]] = [
            {"api_version": version, "kind": name, "served": kube.serves(version, name)} for version, name in asked
        ]
    return {"changed": False, "kinds": kinds, "msg": _sentence(kinds)}


def _sentence(kinds: list[dict[str, Any]]) -> str:
    missing = [f"{kind['kind']} of {kind['api_version']}" for kind in kinds if not kind["served"]]
    if not missing:
        return f"The cluster serves {'it' if len(kinds) == 1 else f'all {len(kinds)} kinds'}."
    return f"The cluster does not serve {', '.join(missing)}."


KIND_INFO = Operation(
    run=_info,
    options={
        "kinds": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "api_version": {"type": "str", "required": True},
                "kind": {"type": "str", "required": True},
            },
        },
        # Kinds belong to the cluster; the action group's defaults may hold a namespace.
        **_argspec.namespace(required=False),
        **_argspec.connection(),
    },
)
"""Module kind_info."""
