# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the API server or the network refused, in words a user can act on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import (
    ApiFailure,
    Ask,
    missing_crds,
    refused,
    unreachable,
)

ASK = Ask("patch", "Rollout web in namespace team", "https://api.example")
LIST = Ask("get", "rollouts.argoproj.io in namespace team", "https://api.example")


def status(code: int, message: str, reason: str = "", causes: list[Any] | None = None) -> bytes:
    details = {"causes": causes} if causes else {}
    body = {"kind": "Status", "code": code, "message": message, "reason": reason, "details": details}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("code", "message", "reason", "words", "hint"),
    [
        (401, "Unauthorized", "Unauthorized", "does not accept these credentials", "get a new token"),
        (
            403,
            'rollouts.argoproj.io "web" is forbidden: User "jane" cannot patch resource "rollouts/status" '
            'in API group "argoproj.io" in the namespace "team"',
            "Forbidden",
            "jane may not patch rollouts/status",
            'grant verb "patch" on resource "rollouts/status" of API group "argoproj.io"',
        ),
        (403, "exceeded quota: pods", "Forbidden", "not allowed: exceeded quota: pods", ""),
        (404, 'rollouts.argoproj.io "web" not found', "NotFound", "it does not exist", ""),
        (
            404,
            'namespaces "team" not found',
            "NamespaceNotFound",
            "the namespace team does not exist",
            "create it first",
        ),
        (404, "404 page not found", "MissingCRDs", "does not know Argo Rollouts", "install Argo Rollouts"),
        (
            422,
            "spec.replicas: Invalid value",
            "Invalid",
            "does not accept the object: spec.replicas",
            "correct the field",
        ),
        (400, "strict decoding error: unknown field", "BadRequest", "does not accept the object", "correct the field"),
        (503, "the server is currently unable", "ServiceUnavailable", "patch failed with 503", ""),
    ],
)
def test_every_refusal_is_a_sentence_with_a_reason(code: int, message: str, reason: str, words: str, hint: str) -> None:
    named = "" if reason in ("NamespaceNotFound", "MissingCRDs") else reason
    failure = refused(ASK, code, status(code, message, named))
    assert failure.code == code
    assert failure.reason == reason
    assert words in failure.msg
    assert hint in failure.hint
    assert failure.where == "https://api.example, Rollout web in namespace team"
    assert "\n" not in failure.sentence()


def test_a_conflict_names_field_and_manager() -> None:
    causes = [
        {"field": ".spec.replicas", "message": 'conflict with "kubectl" with subresource "scale" using apps/v1'},
        {"field": ".spec.x", "message": "something else"},
    ]
    failure = refused(ASK, 409, status(409, "Apply failed with 2 conflicts", "Conflict", causes))
    assert "spec.replicas belongs to kubectl; .spec.x: something else" in failure.msg
    assert failure.causes[0] == (".spec.replicas", 'conflict with "kubectl" with subresource "scale" using apps/v1')
    assert "force" in failure.hint


def test_a_conflict_is_told_manager_by_manager() -> None:
    causes = [
        {"field": path, "message": f'conflict with "{manager}" using v1'}
        for path, manager in (
            (".data.A", "two"),
            (".data.B", "two"),
            (".data.A", "one"),
            ('.spec.x[name="a"].image', "two"),
        )
    ]
    failure = refused(ASK, 409, status(409, "Apply failed with 4 conflicts", "Conflict", causes))
    assert failure.msg.endswith('data.A, data.B, spec.x[name="a"].image belong to two; data.A belongs to one')


def test_very_many_conflicts_are_cut() -> None:
    causes = [{"field": f".data.KEY_{number}", "message": 'conflict with "one"'} for number in range(500)]
    assert len(refused(ASK, 409, status(409, "", "Conflict", causes)).sentence()) < 1000


def test_a_stale_version_is_a_conflict_without_causes() -> None:
    failure = refused(ASK, 409, status(409, "the object has been modified", "Conflict"))
    assert (failure.reason, failure.causes) == ("Conflict", ())


def test_another_kind_that_is_unknown_is_not_taken_for_argo() -> None:
    ask = Ask("get", "certificates.cert-manager.io", "https://api.example")
    assert refused(ask, 404, status(404, "the server could not find the requested resource")).reason == "KindNotFound"
    assert refused(LIST, 404, b"404 page not found\n").reason == "MissingCRDs"


@pytest.mark.parametrize("message", ['data.password: Invalid value: "hunter2": bad', "cannot decode `hunter2`"])
def test_the_values_of_a_secret_are_not_repeated(message: str) -> None:
    ask = Ask("patch", "Secret db in namespace team", "https://api.example")
    assert "hunter2" not in refused(ask, 422, status(422, message)).sentence()


def test_of_a_refused_secret_the_fields_are_told() -> None:
    ask = Ask("patch", "Secret db in namespace team", "https://api.example")
    causes = [
        {"field": "data[tls.crt]", "message": "Required value"},
        {"field": "metadata.labels", "message": 'Invalid value: "hunter2 x": a valid label must be'},
        {"field": "metadata.labels", "message": 'Invalid value: "hunter2 x": a valid label must be'},
    ]
    failure = refused(ask, 422, status(422, 'Secret "db" is invalid: hunter2', "Invalid", causes))
    assert failure.msg.endswith(
        "does not accept the object: data[tls.crt]: Required value; metadata.labels: Invalid value"
    )
    assert "hunter2" not in repr((failure.sentence(), failure.causes))


def test_a_conflict_about_a_secret_is_told_like_any_other() -> None:
    ask = Ask("patch", "Secret db in namespace team", "https://api.example")
    causes = [{"field": ".data.PASSWORD", "message": 'conflict with "kubectl" using v1'}]
    assert "data.PASSWORD belongs to kubectl" in refused(ask, 409, status(409, "", "Conflict", causes)).msg


@pytest.mark.parametrize("body", [None, b"", "", b"<html>\n<b>502</b>\n</html>", b"\xff\xfe", b"[1]", b'"text"'])
def test_an_answer_that_is_no_status_is_told_all_the_same(body: Any) -> None:
    failure = refused(ASK, 502, body)
    assert failure.reason == "HTTP502"
    assert "502" in failure.msg
    assert "\n" not in failure.sentence()


def test_a_long_answer_is_cut() -> None:
    assert len(refused(ASK, 500, status(500, "x" * 5000)).sentence()) < 800


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
            "self-signed certificate (_ssl.c:1000)'))",
            "CertificateNotTrusted",
            "self-signed certificate",
        ),
        ("SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number')", "TLSFailed", "TLS handshake"),
        ("Failed to resolve 'api' ([Errno -2] Name or service not known)", "Unreachable", "cannot be resolved"),
        ("HTTPSConnectionPool: Read timed out. (read timeout=30)", "Unreachable", "did not answer in time"),
        ("[Errno 111] Connection refused", "Unreachable", "cannot be reached (Connection refused)"),
        ("something\nnew", "Unreachable", "cannot be reached (OSError)"),
    ],
)
def test_no_answer_is_told_with_its_cause(text: str, reason: str, words: str) -> None:
    failure = unreachable(ASK, OSError(text))
    assert (failure.code, failure.reason) == (0, reason)
    assert words in failure.msg
    assert failure.hint
    assert "\n" not in failure.sentence()


def test_a_failure_keeps_the_parts_of_its_error() -> None:
    error = missing_crds(LIST)
    failure = ApiFailure(error, 404)
    assert failure.to_ansible() == error.to_ansible()
    assert failure.to_ansible()["reason"] == "MissingCRDs"
