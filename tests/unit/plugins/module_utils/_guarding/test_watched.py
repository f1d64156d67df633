# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a look at a release comes to, and that most looks send nothing. A FAKE takes the place of the ConfigMap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding import keeping
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.looking import Look, look_at
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.news import Place
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import Record
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.release import release_of
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.telling import Audience
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.watched import Post, Watched
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import ServiceWindow
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Mode, Stage, Verdict

from tests.unit.plugins.builders import NAME
from tests.unit.plugins.module_utils._guard.guard_builders import GOOD, POLICY, state, window
from tests.unit.plugins.scenes import canary, view

NOW = 1040.0
ABORTED = view(canary(status={"abort": True, "phase": "Degraded", "message": "RolloutAborted: it was too slow"}))


def at(stage: Stage) -> State:
    """Return the state of a release that is at a stage."""
    return replace(state(), stage=stage)


def looked(
    seen: View, *windows: ServiceWindow, mode: Mode = Mode.ENFORCE, down: float = 0.0, stage: Stage = Stage.OBSERVING
) -> Look:
    """Return what a look at a release comes to."""
    before = at(stage)
    release = release_of(seen, before, bake=600.0, now=NOW)
    assert release is not None
    return look_at(POLICY.in_mode(mode), before, release, seen, windows, now=NOW, down=down)


@pytest.mark.parametrize(
    ("mode", "action", "stage"),
    [
        (Mode.ENFORCE, Verdict.ROLLBACK, Stage.PREFLIGHT),
        (Mode.HOLD_ONLY, Verdict.HOLD, Stage.OBSERVING),
        (Mode.DRY_RUN, Verdict.CONTINUE, Stage.OBSERVING),
    ],
)
def test_what_the_controller_aborted_is_taken_back(mode: Mode, action: Verdict, stage: Stage) -> None:
    look = looked(ABORTED, mode=mode)
    assert (look.decision.verdict, look.decision.action, look.state.stage) == (Verdict.ROLLBACK, action, stage)
    assert "the controller aborted it" in look.decision.text


def test_what_is_not_called_for_any_more_is_held() -> None:
    look = looked(view(canary()), window(0, *GOOD), stage=Stage.PREFLIGHT)
    assert look.decision.action is not Verdict.ROLLBACK
    assert look.state.stage is Stage.HOLDING


class TestWatched:
    @pytest.fixture
    def saved(self, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
        """Take what is written."""
        found: list[Record] = []
        monkeypatch.setattr(keeping, "save", lambda *given: found.append(given[-1]))
        monkeypatch.setattr(keeping, "load", lambda *given: found[-1] if found else Record())
        return found

    @pytest.fixture
    def said(self) -> list[str]:
        """What was said."""
        return []

    @pytest.fixture
    def watched(self, saved: list[Record], said: list[str]) -> Watched:
        """A release that is watched; nothing can be sent, for there is no cluster."""

        class Nowhere:
            dry_run = False

        post = Post(Nowhere(), Place("", "nowhere", "shop"), "me", Audience(), lambda _name, line: said.append(line))  # type: ignore[arg-type]
        one = Watched(post, NAME, lease=90.0)
        seen = view(canary())
        one.see(seen, NOW)
        begun = at(Stage.OBSERVING)
        release = release_of(seen, begun, bake=600.0, now=NOW)
        assert release is not None
        one.start(begun, release, POLICY, "")
        return one

    def test_a_quiet_look_sends_nothing_and_is_over(
        self, watched: Watched, saved: list[Record], said: list[str]
    ) -> None:
        written = len(saved)
        for index in range(3):
            assert watched.take_in([window(index, *GOOD)], NOW + 30 * index) is None
        assert len(saved) == written
        assert watched.record.state is not None
        assert watched.record.state.seen == 2
        assert sum("window" in line for line in said) == 3

    def test_what_has_to_be_done_is_left_to_whoever_asked(self, watched: Watched, saved: list[Record]) -> None:
        written = len(saved)
        watched.see(ABORTED, NOW)
        assert watched.take_in([], NOW) is not None
        assert len(saved) == written
        assert watched.decision is not None
        assert watched.decision.action is Verdict.ROLLBACK
