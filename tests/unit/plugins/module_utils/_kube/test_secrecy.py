# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What may be repeated of the API server's words about a Secret."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.secrecy import harmless

SILENT = "its words are not repeated, because they may hold values of the Secret"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "failed to create typed patch object (x/db; /v1, Kind=Secret): .stringData.PIN: expected string, got "
            "&value.valueUnstructured{Value:31415926}",
            "failed to create typed patch object, .stringData.PIN: expected string",
        ),
        (
            "failed to create typed patch object (x/db; /v1, Kind=Secret): .data.P: expected string, got "
            '&value.valueUnstructured{Value:map[string]interface {}{"a":31415926, "b":"hunter2"}}',
            "failed to create typed patch object, .data.P: expected string",
        ),
        (
            "failed to create typed patch object (/db; /v1, Kind=Secret): .data: expected map, got &{hunter2}",
            "failed to create typed patch object, .data: expected map",
        ),
        (
            "failed to create typed patch object (/x; /v1, Kind=Secret): errors:\n  .dta: field not declared in schema\n"
            "  .typ: field not declared in schema",
            "failed to create typed patch object, .dta: field not declared in schema, .typ: field not declared in schema",
        ),
        (
            'strict decoding error: unknown field "dta", duplicate field "data.A"',
            'unknown field "dta", duplicate field "data.A"',
        ),
        ("error decoding from json: illegal base64 data at input byte 7", "illegal base64 data at input byte 7"),
        ('Invalid value: "hunter2": field is immutable', "Invalid value, field is immutable"),
        (
            "Forbidden: field is immutable when `immutable` is set",
            "Forbidden, field is immutable when `immutable` is set",
        ),
        ("Required value", "Required value"),
        ("Too long: may not be more than 1048576 bytes", "Too long, may not be more than 1048576 bytes"),
        ('conflict with "kubectl" with subresource "x" using v1', 'conflict with "kubectl" with subresource "x"'),
        ('namespaces "team" not found', 'namespaces "team" not found'),
        ('secrets "db" not found', 'secrets "db" not found'),
        (
            'secrets "db" is forbidden: User "jane" cannot patch resource "secrets" in API group "" in the namespace "team"',
            'User "jane" cannot patch resource "secrets" in API group ""',
        ),
        (
            'secrets "db" is forbidden: exceeded quota: few, requested: secrets=1, used: secrets=5, limited: secrets=5',
            "exceeded quota: few, requested: secrets=1, used: secrets=5, limited: secrets=5",
        ),
        (
            'admission webhook "rules.example" denied the request: the password hunter2 is too weak',
            'admission webhook "rules.example" denied the request',
        ),
        ("HTTP status 502", "HTTP status 502"),
        ("cannot decode `hunter2`", SILENT),
        ("hunter2", SILENT),
        ("", SILENT),
    ],
)
def test_what_is_known_to_be_harmless_is_repeated_and_nothing_else(message: str, told: str) -> None:
    assert harmless(message) == told
    assert "hunter2" not in harmless(message)
    assert "31415926" not in harmless(message)
