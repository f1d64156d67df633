# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every role: its defaults and its argument specs say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if path.is_dir())


def read(path: Path) -> Any:
    """Return the content of a YAML file, an empty mapping when there is no file."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def entry_points(role: Path) -> dict[str, Any]:
    """Return the entry points that the argument specs describe."""
    result: dict[str, Any] = read(role / "meta" / "argument_specs.yml")["argument_specs"]
    return result


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestRole:
    def test_the_files_a_role_needs_are_there(self, role: Path) -> None:
        for name in ("README.md", "defaults/main.yml", "meta/main.yml", "meta/argument_specs.yml", "tasks/main.yml"):
            assert (role / name).is_file(), name

    def test_options_and_defaults_are_the_same_in_the_same_order(self, role: Path) -> None:
        defaults = list(read(role / "defaults" / "main.yml"))
        points = entry_points(role)
        options = {name for point in points.values() for name in point.get("options", {})}
        assert set(defaults) == {name for name in options if not required(points, name)}
        for point in points.values():
            named = [name for name in point.get("options", {}) if name in defaults]
            assert named == [name for name in defaults if name in named]

    def test_a_default_in_the_specs_is_the_default(self, role: Path) -> None:
        defaults = read(role / "defaults" / "main.yml")
        for point in entry_points(role).values():
            for name, option in point.get("options", {}).items():
                if "default" in option:
                    assert option["default"] == defaults[name], name
                elif isinstance(defaults.get(name), (int, float)) or defaults.get(name) in ("", [], {}):
                    pytest.fail(f"{name}: the argument specs do not name its default")

    def test_variables_carry_the_roles_name(self, role: Path) -> None:
        for name in read(role / "defaults" / "main.yml"):
            assert name.startswith(f"{role.name}_")
        for name in read(role / "vars" / "main.yml"):
            assert name.startswith(f"__{role.name}_")

    def test_each_entry_point_has_a_task_file_and_words(self, role: Path) -> None:
        for name, point in entry_points(role).items():
            assert (role / "tasks" / f"{name}.yml").is_file()
            assert point["short_description"]
            assert point["description"]
            for option in point.get("options", {}).values():
                assert option["description"]
                assert option["type"]

    def test_the_main_tasks_are_short(self, role: Path) -> None:
        assert len((role / "tasks" / "main.yml").read_text(encoding="utf-8").splitlines()) <= 30

    def test_the_readme_names_every_variable(self, role: Path) -> None:
        text = (role / "README.md").read_text(encoding="utf-8")
        for name in read(role / "defaults" / "main.yml"):
            assert f"`{name}`" in text, name


def required(points: dict[str, Any], name: str) -> bool:
    """Return whether every entry point that has an option requires it, so that it can have no default."""
    return all(point["options"][name].get("required") for point in points.values() if name in point.get("options", {}))
