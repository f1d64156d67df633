# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which Python the set-up chooses, and where it looks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.interpreters import NEWEST_CORE_PYTHONS, OLDEST_CORE_PYTHON, Interpreter, candidates, choose, probe


def python(*version: int) -> Interpreter:
    major, minor, patch = version
    return Interpreter(Path(f"/opt/python{major}.{minor}.{patch}/bin/python"), (major, minor, patch))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([python(3, 12, 1), python(3, 13, 0), python(3, 11, 7)], (3, 13, 0)),
        ([python(3, 15, 0), python(3, 14, 2)], (3, 14, 2)),
        ([python(3, 12, 1), python(3, 12, 9), python(3, 12, 4)], (3, 12, 9)),
        ([python(3, 10, 13), python(3, 11, 7)], (3, 11, 7)),
    ],
    ids=["newest", "too new is passed over", "newest patch", "last resort"],
)
def test_the_newest_supported_python_is_chosen(found: list[Interpreter], expected: tuple[int, int, int]) -> None:
    chosen = choose(found, (*NEWEST_CORE_PYTHONS, OLDEST_CORE_PYTHON))
    assert chosen is not None
    assert chosen.version == expected


def test_nothing_is_chosen_when_nothing_fits() -> None:
    assert choose([python(3, 13, 0), python(3, 10, 1)], [OLDEST_CORE_PYTHON]) is None
    assert choose([], NEWEST_CORE_PYTHONS) is None


def _executable(path: Path, text: str = "#!/bin/sh\nexit 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_candidates_come_from_path_and_pyenv_but_never_from_shims(tmp_path: Path) -> None:
    on_path = _executable(tmp_path / "bin" / "python3.12")
    _executable(tmp_path / "bin" / "python3.12-config")
    _executable(tmp_path / "bin" / "ipython3")
    shim = _executable(tmp_path / ".pyenv" / "shims" / "python3.13")
    version = _executable(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin" / "python")
    found = candidates({"PATH": f"{shim.parent}:{on_path.parent}:{tmp_path / 'absent'}", "HOME": str(tmp_path)})
    assert set(found) == {on_path, version, Path(sys.executable).resolve()}


def test_links_to_one_interpreter_are_one_candidate(tmp_path: Path) -> None:
    real = _executable(tmp_path / "real" / "python3.12")
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python3.12"):
        (tmp_path / "bin" / name).symlink_to(real)
    found = candidates({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)})
    assert found.count(real) == 1


def test_pyenv_root_may_be_elsewhere(tmp_path: Path) -> None:
    version = _executable(tmp_path / "else" / "versions" / "3.12.1" / "bin" / "python")
    assert version in candidates({"PATH": "", "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path / "else")})


def test_a_probe_tells_the_version_of_a_real_interpreter() -> None:
    found = probe(Path(sys.executable).resolve())
    assert found is not None
    assert found.version == sys.version_info[:3]


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexit 127\n",
        "#!/bin/sh\necho nonsense\n",
        """#!/bin/sh\necho '{"version": [3, 14, 0], "final": false, "cpython": true, "gil": true}'\n""",
        """#!/bin/sh\necho '{"version": [3, 14, 0], "final": true, "cpython": false, "gil": true}'\n""",
        """#!/bin/sh\necho '{"version": [3, 14, 0], "final": true, "cpython": true, "gil": false}'\n""",
    ],
    ids=["fails", "talks nonsense", "pre-release", "other implementation", "free-threaded"],
)
def test_a_probe_refuses_what_is_not_an_ordinary_python(tmp_path: Path, script: str) -> None:
    assert probe(_executable(tmp_path / "python3.14", script)) is None
