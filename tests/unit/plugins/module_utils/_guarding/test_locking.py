# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A Lease is renewed without looking first, and looked at as soon as it is not what it was."""

from __future__ import annotations

import json

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.locking import Lock
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure

from tests.unit.plugins.fake_api import Answer, FakeApi, connected, fake_api

ME, OTHER = "me", "somebody-else"
MISSING = Answer(404, {"reason": "NotFound", "message": 'leases "web-guard" not found'})
CONFLICT = Answer(409, {"reason": "Conflict", "message": "the object has been modified"})


def lease(holder: str, version: str) -> Answer:
    """Return the answer that holds a Lease."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 90, "renewTime": "2026-01-01T00:00:00.000000Z"}
    return Answer(
        body={"metadata": {"name": "web-guard", "resourceVersion": version}, "spec": {**spec, "leaseTransitions": 3}}
    )


def held(api: FakeApi, kube: Kube) -> Lock:
    """Return a lock that was just taken, as version 7; how is forgotten."""
    lock = Lock(kube, "team", "web", me=ME, seconds=90.0)
    api.answers.extend([lease("", "6"), lease(ME, "7")])
    assert lock.take()
    assert [asked.method for asked in api.asked] == ["GET", "PATCH"]
    api.asked.clear()
    return lock


def test_one_that_is_not_there_is_made_and_then_renewed_by_one_request_each() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = Lock(kube, "team", "web", me=ME, seconds=90.0)
        api.answers.extend([MISSING, lease(ME, "7"), lease(ME, "8"), lease(ME, "9")])
        assert [lock.take(), lock.take(), lock.take()] == [True, True, True]
        assert lock.holder == ME
        assert [asked.method for asked in api.asked] == ["GET", "POST", "PATCH", "PATCH"]
        versions = [json.loads(asked.body)["metadata"]["resourceVersion"] for asked in api.asked[2:]]
        assert versions == ["7", "8"], "each write is decided upon what the one before had made of it"
        assert json.loads(api.asked[-1].body)["spec"]["leaseTransitions"] == 3


def test_one_that_somebody_else_took_is_lost() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = held(api, kube)
        api.answers.extend([CONFLICT, lease(OTHER, "8")])
        assert not lock.take()
        assert lock.holder == OTHER
        api.answers.append(lease(OTHER, "9"))
        assert not lock.take()
        assert [asked.method for asked in api.asked] == ["PATCH", "GET", "GET"]


def test_one_that_was_only_labelled_by_somebody_else_is_still_ours() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = held(api, kube)
        api.answers.extend([CONFLICT, lease(ME, "8"), lease(ME, "9")])
        assert lock.take()
        assert [asked.method for asked in api.asked] == ["PATCH", "GET", "PATCH"]


def test_one_that_was_deleted_is_made_anew() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = held(api, kube)
        api.answers.extend([MISSING, MISSING, lease(ME, "1")])
        assert lock.take()
        assert [asked.method for asked in api.asked] == ["PATCH", "GET", "POST"]


def test_after_an_error_nothing_is_taken_for_known() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = held(api, kube)
        api.answers.append(Answer(403, {"reason": "Forbidden", "message": "no"}))
        with pytest.raises(ApiFailure):
            lock.take()
        api.answers.extend([lease(ME, "7"), lease(ME, "8")])
        assert lock.take()
        assert [asked.method for asked in api.asked] == ["PATCH", "GET", "PATCH"]


def test_one_that_was_given_back_is_looked_at_again() -> None:
    with fake_api() as api, connected(api) as kube:
        lock = held(api, kube)
        api.answers.extend([lease(ME, "7"), lease("", "8"), lease(OTHER, "9")])
        lock.release()
        assert not lock.take()
        assert [asked.method for asked in api.asked] == ["GET", "PATCH", "GET"]
