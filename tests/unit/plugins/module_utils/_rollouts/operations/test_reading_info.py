# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""rollout_info as an operation: what it asks for, what it shows on which screen, and following."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Call, Screen
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.operations.reading import INFO

from tests.unit.plugins.builders import NAME, NAMESPACE, NEW, pod
from tests.unit.plugins.fake_api import Answer, FakeApi, Stream, event, fake_api, stand
from tests.unit.plugins.scenes import canary

TITLE = f"1 rollout or deployment in namespace {NAMESPACE}, 1 Paused"
ROLLOUTS, PODS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts", f"/api/v1/namespaces/{NAMESPACE}/pods"


class Shown:
    """What was shown: blocks with their titles, whether they were drawn over, and lines in between."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, list[str], bool]] = []
        self.lines: list[str] = []

    def show(self, title: str, lines: list[str], *, over: bool = False) -> None:
        self.blocks.append((title, lines, over))


def run(api: FakeApi, screen: Screen | None = None, **options: Any) -> tuple[dict[str, Any], Shown]:
    """Run it, as a door does."""
    given = {"host": api.address, "api_key": "not-a-real-token", "namespace": NAMESPACE, **options}
    checked = ArgumentSpecValidator(INFO.options).validate(given)
    assert not checked.error_messages
    shown = Shown()
    call = Call(
        params=checked.validated_parameters,
        check_mode=False,
        diff_mode=False,
        say=shown.lines.append,
        warn=shown.lines.append,
        show=shown.show,
        screen=screen or Screen(),
    )
    return INFO.run(call), shown


def standing(api: FakeApi) -> None:
    objects = canary(step=1)
    objects.pods = [pod("x2x4z")]
    stand(api, objects)


def test_one_look_shows_nothing_unless_asked() -> None:
    with fake_api() as api:
        standing(api)
        result, shown = run(api)
    assert (shown.blocks, shown.lines) == ([], [])
    assert (result["changed"], result["namespace"], result["msg"]) == (False, NAMESPACE, f"{TITLE}.")
    assert result["rollouts"][NAME]["revisions"][0]["pods"][0]["name"] == f"{NAME}-{NEW}-x2x4z"
    assert api.watched() == [], "who looks once follows nothing"


def test_without_pods_none_are_asked_for() -> None:
    """So that an account without permission for them can see the rest."""
    with fake_api() as api:
        standing(api)
        api.standing[PODS] = Answer(403, {"message": "pods is forbidden", "reason": "Forbidden"})
        result, _ = run(api, pods=False)
        with pytest.raises(DeliveryError, match="pods"):
            run(api)
    assert [item["pods"] for item in result["rollouts"][NAME]["revisions"]] == [[], [], []]


def test_a_table_and_a_tree_have_a_title() -> None:
    with fake_api() as api:
        standing(api)
        result, table = run(api, show="table")
        _, tree = run(api, Screen(unicode=True), show="tree")
    assert table.blocks == [(TITLE, result["table"], False)]
    [(title, lines, over)] = tree.blocks
    assert (title, over) == (TITLE, False)
    assert lines[0] == f"‖ {NAME}  canary  Paused"


@pytest.mark.parametrize("screen", [Screen(), Screen(unicode=True, colour=True, redraws=True)])
def test_json_is_one_document_and_nothing_else(screen: Screen) -> None:
    with fake_api() as api:
        standing(api)
        result, shown = run(api, screen, show="json", watch=1)
    [(title, lines, over)] = shown.blocks
    assert (title, over) == ("", False)
    document = json.loads("\n".join(lines))
    assert document == {key: result[key] for key in ("namespace", "read_at", "rollouts")}
    assert (lines[0], lines[-1]) == ("{", "}"), "so it can be cut out of Ansible's lines"
    assert "\x1b" not in "\n".join(lines)


def moved(api: FakeApi) -> None:
    """Let the canary go on as soon as somebody watches."""
    standing(api)
    later = canary(step=2).rollouts[0]
    later["metadata"]["resourceVersion"] = "1001"
    api.standing_watches[ROLLOUTS] = Stream([event("MODIFIED", later)])


def test_following_tells_lines_between_two_pictures() -> None:
    with fake_api() as api:
        moved(api)
        started = time.monotonic()
        result, shown = run(api, show="table", watch=2)
    assert 2 <= time.monotonic() - started < 6
    assert shown.lines == [f"{NAME}: step 3/7 set weight 30, weight 10 %, 1 of 10 pods new"]
    assert [title for title, _, _ in shown.blocks] == [TITLE, TITLE.replace("Paused", "Progressing")]
    assert result["rollouts"][NAME]["step"]["index"] == 2
    assert result["changed"] is False


def test_following_without_a_picture_tells_the_lines_only() -> None:
    with fake_api() as api:
        moved(api)
        _, shown = run(api, watch=1)
    assert len(shown.lines) == 1
    assert shown.blocks == []


def test_following_on_a_terminal_draws_over() -> None:
    with fake_api() as api:
        moved(api)
        _, shown = run(api, Screen(unicode=True, redraws=True), show="tree", watch=2)
    assert shown.lines == []
    assert all(over for _, _, over in shown.blocks)
    assert "Paused" in shown.blocks[0][0]
    assert "Progressing" in shown.blocks[-1][0]


def test_a_time_below_zero_is_refused() -> None:
    with fake_api() as api, pytest.raises(DeliveryError, match="watch is below 0"):
        run(api, watch=-1)
