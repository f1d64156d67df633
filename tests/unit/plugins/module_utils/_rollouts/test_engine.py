# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop that carries out verbs, against a scripted server: what it sends, what it waits for, what it tells."""

from __future__ import annotations

import json

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ROLLOUT
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.choice import Choice, Need
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.engine import Progress, carry_out
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Guards, Verb
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.promote import Promote
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.undo import Undo
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import FIRST, NAME, NAMESPACE, OLD, laid_over
from tests.unit.plugins.fake_api import Answer, FakeApi, Stream, connected, event, fake_api, listing, stand
from tests.unit.plugins.scenes import canary, later

ROLLOUTS = ROLLOUT.path(NAMESPACE)
ALL = Need.REVISIONS | Need.TRAFFIC | Need.ANALYSIS
CONFLICT = Answer(409, {"reason": "Conflict", "message": "the object has been modified"})


def moved(objects: Objects, version: str) -> Obj:
    """Return the event by which the Rollout comes to be in this situation."""
    return event("MODIFIED", laid_over(objects.rollouts[0], {"metadata": {"resourceVersion": version}}))


def run(api: FakeApi, verb: Verb, *, names: tuple[str, ...] = (NAME,), timeout: float = 5) -> list[Progress]:
    with connected(api) as kube:
        return carry_out(kube, NAMESPACE, Choice(names), verb, need=ALL, timeout=timeout, say=lambda line: None)


def test_a_promotion_is_sent_once_with_the_version_it_was_decided_on() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.standing_watches[ROLLOUTS] = Stream(later=[moved(canary(step=2), "1003")])
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        [work] = run(api, Promote())
        assert (work.changed, work.error) == (True, None)
        assert work.text == "step 1 passed, now in step 2 of 7"
        [patch] = [asked for asked in api.asked if asked.method == "PATCH"]
        assert patch.path == f"{ROLLOUTS}/{NAME}/status"
        assert json.loads(patch.body) == {
            "status": {"pauseConditions": None},
            "metadata": {"resourceVersion": "1000"},
        }


def test_whoever_writes_second_looks_again_before_anything_is_sent() -> None:
    """Two promotions at the same time: the second one's version is stale, and its step is passed already."""
    with fake_api() as api:
        stand(api, canary(step=1))
        api.standing_watches[ROLLOUTS] = Stream(later=[moved(canary(step=6, weight=60), "1003")])
        api.answers.append(Answer(409, {"reason": "Conflict", "message": "the object has been modified"}))
        [work] = run(api, Promote(guards=Guards(step=1)))
        assert work.error is not None
        assert "step 1 was expected, but it is at step 6" in work.error.sentence()
        assert len([asked for asked in api.asked if asked.method == "PATCH"]) == 1


def test_an_undo_right_after_a_release_takes_back_that_release_and_no_more() -> None:
    """The first look is of the time before the release was seen; what is gone back to is decided on the second."""
    record = f"{OLD} {FIRST}"
    just_released = later(canary(at_rest=True, promoted=record), metadata={"generation": 13})
    seen = later(canary(step=0, status={"observedGeneration": "13"}, promoted=record), metadata={"generation": 13})
    back = later(canary(at_rest=True, status={"observedGeneration": "14"}), metadata={"generation": 14})
    with fake_api() as api:
        stand(api, just_released)
        api.standing_watches[ROLLOUTS] = Stream([moved(seen, "1003")], later=[moved(back, "1005")])
        api.answers.append(Answer(body=seen.rollouts[0]))
        [work] = run(api, Undo())
        [patch] = [json.loads(asked.body) for asked in api.asked if asked.method == "PATCH"]
    assert patch[1]["value"]["spec"]["containers"][0]["image"].endswith("v2.7.0")
    assert work.error is None
    assert work.text == f"{OLD} serves all traffic again as revision 7"


def test_a_name_that_does_not_exist_is_told_with_the_nearest_and_nothing_is_sent() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.append(Answer(body={"metadata": {"name": NAMESPACE}}))
        with pytest.raises(DeliveryError) as error:
            run(api, Promote(), names=("tradesense-trading-servise",))
        assert error.value.reason == "RolloutNotFound"
        assert f"Did you mean {NAME}?" in error.value.sentence()
        assert all(asked.method == "GET" for asked in api.asked)


def test_a_controller_that_does_nothing_ends_in_a_timeout_that_says_so() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        [work] = run(api, Promote(), timeout=0.3)
        assert work.error is not None
        assert work.error.reason == "Timeout"
        assert "is argo-rollouts running?" in work.error.sentence()


def test_a_rollout_deleted_meanwhile_is_told() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.standing_watches[ROLLOUTS] = Stream(later=[event("DELETED", canary(step=1).rollouts[0])])
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        [work] = run(api, Promote())
        assert work.error is not None
        assert work.error.reason == "Deleted"


def test_a_refusal_of_one_does_not_stop_the_others() -> None:
    aborted = {"abort": True, "abortedAt": "x", "phase": "Degraded", "message": "RolloutAborted: bad"}
    objects = canary(step=1)
    other = laid_over(canary(step=1, status=aborted).rollouts[0], {"metadata": {"name": "other", "uid": "uid-other"}})
    objects.rollouts.append(other)
    with fake_api() as api:
        stand(api, objects)
        api.standing_watches[ROLLOUTS] = Stream(later=[moved(canary(step=2), "1003")])
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        works = {work.name: work for work in run(api, Promote(), names=(NAME, "other"))}
        assert works[NAME].error is None
        assert works["other"].error is not None
        assert "was aborted" in works["other"].error.sentence()


def patches(api: FakeApi) -> int:
    return len([asked for asked in api.asked if asked.method == "PATCH"])


def test_a_promotion_whose_answer_was_lost_is_found_and_not_sent_for_the_next_step() -> None:
    """Sent again it is refused, and the next pause has come meanwhile: decided anew, it would end that one too."""
    next_pause = [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T11:00:00Z"}]
    after = laid_over(
        canary(step=6, weight=60, status={"pauseConditions": next_pause}).rollouts[0],
        {"metadata": {"resourceVersion": "1003"}},
    )
    with fake_api() as api:
        stand(api, canary(step=1))
        del api.standing[ROLLOUTS]
        api.answers.extend([listing("1000", canary(step=1).rollouts[0]), Answer(lost=True), CONFLICT])
        api.answers.append(listing("1003", after))
        [work] = run(api, Promote())
        assert (work.changed, work.error) == (True, None)
        assert work.text == "step 1 passed, now in step 6 of 7"
        assert patches(api) == 2


def test_a_lost_request_that_was_not_carried_out_is_decided_anew() -> None:
    """What made the repetition stale was somebody else's annotation."""
    noted = laid_over(canary(step=1).rollouts[0], {"metadata": {"resourceVersion": "1003", "annotations": {"a": "b"}}})
    with fake_api() as api:
        stand(api, canary(step=1))
        del api.standing[ROLLOUTS]
        api.standing_watches[ROLLOUTS] = Stream([event("MODIFIED", noted)])
        api.answers.extend([listing("1000", canary(step=1).rollouts[0]), Answer(lost=True), CONFLICT])
        api.answers.extend([listing("1003", noted), Answer(body=moved(canary(step=2), "1005")["object"])])
        [work] = run(api, Promote())
        assert (work.changed, work.error, work.sent) == (True, None, 1)
        bodies = [json.loads(asked.body) for asked in api.asked if asked.method == "PATCH"]
        assert [body["metadata"]["resourceVersion"] for body in bodies] == ["1000", "1000", "1003"]


def test_a_conflict_that_no_watch_tells_of_is_looked_into() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.extend([CONFLICT, CONFLICT, Answer(body=canary(step=1).rollouts[0])])
        [work] = run(api, Promote(), timeout=3.5)
        assert patches(api) == 3
        assert work.changed


def test_what_no_watch_told_is_found_by_the_last_look() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        del api.standing[ROLLOUTS]
        api.answers.extend([listing("1000", canary(step=1).rollouts[0]), Answer(body=canary(step=1).rollouts[0])])
        api.answers.append(listing("1003", moved(canary(step=2), "1003")["object"]))
        [work] = run(api, Promote(), timeout=0.5)
        assert (work.changed, work.error) == (True, None)
        assert work.text == "step 1 passed, now in step 2 of 7"


def test_a_last_look_that_cannot_be_had_is_told() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        del api.standing[ROLLOUTS]
        api.answers.extend([listing("1000", canary(step=1).rollouts[0]), Answer(body=canary(step=1).rollouts[0])])
        api.answers.append(Answer(403, {"message": "no", "reason": "Forbidden"}))
        [work] = run(api, Promote(), timeout=0.5)
        assert work.error is not None
        assert "That is as last seen, for not allowed: no." in work.error.sentence()


def test_a_watch_that_is_refused_for_good_does_not_hide_what_was_sent() -> None:
    with fake_api() as api:
        stand(api, canary(step=1))
        api.answers.append(Answer(body=canary(step=1).rollouts[0]))
        message = 'User "jane" cannot watch resource "rollouts" in API group "argoproj.io"'
        api.watches.extend([Answer(403, {"message": message, "reason": "Forbidden"})] * 9)
        [work] = run(api, Promote())
        assert work.changed
        assert work.error is not None
        assert "jane may not watch rollouts" in work.error.sentence()
