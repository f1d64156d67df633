# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When a virtual environment counts as current."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.environments import Environment, is_current, stamp_text

PINS = b"ansible-core==2.21.5\n"
VERSION = (3, 13, 0)


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    path = tmp_path / "python3.13"
    path.write_text("", encoding="utf-8")
    return path


@pytest.fixture
def made(tmp_path: Path, interpreter: Path) -> Environment:
    environment = Environment(tmp_path / ".venv", ((3, 13), (3, 12)), "no Python")
    (environment.path / "bin").mkdir(parents=True)
    python = environment.path / "bin" / "python"
    python.write_text("", encoding="utf-8")
    python.chmod(0o755)
    environment.stamp.write_text(stamp_text(environment.path, PINS, interpreter, VERSION), encoding="utf-8")
    return environment


def test_an_untouched_environment_is_current(made: Environment) -> None:
    assert is_current(made, PINS)


def test_changed_pins_make_it_stale(made: Environment) -> None:
    assert not is_current(made, PINS + b"pytest==9.2.0\n")


def test_a_vanished_interpreter_makes_it_stale(made: Environment, interpreter: Path) -> None:
    interpreter.unlink()
    assert not is_current(made, PINS)


def test_a_vanished_python_link_makes_it_stale(made: Environment) -> None:
    (made.path / "bin" / "python").unlink()
    assert not is_current(made, PINS)


def test_a_python_that_is_no_longer_allowed_makes_it_stale(made: Environment) -> None:
    assert not is_current(Environment(made.path, ((3, 12),), "no Python"), PINS)


def test_a_moved_environment_is_stale(made: Environment) -> None:
    moved = Environment(made.path.with_name("moved"), made.minors, made.missing)
    made.path.rename(moved.path)
    assert not is_current(moved, PINS)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"interpreter": 1, "version": 2}'])
def test_a_broken_stamp_makes_it_stale(made: Environment, text: str) -> None:
    made.stamp.write_text(text, encoding="utf-8")
    assert not is_current(made, PINS)
