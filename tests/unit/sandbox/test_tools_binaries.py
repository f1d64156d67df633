# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the name of a build depends on, and the small decisions around building."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.binaries import apply_patch, override_variable
from tools.errors import ToolError
from tools.gomodules import CONTROL_PLANE, MODULES, GoModule, Patch, Tool, cache_key, required_go
from tools.gotoolchain import parse_version
from tools.paths import cache_dir

MODULE = GoModule("kwok", (Tool("kwok", "example.test/kwok"),))


def test_the_key_begins_with_the_module_and_does_not_vary() -> None:
    key = cache_key(MODULE, b"mod", b"sum")
    assert key.startswith("kwok-")
    assert key == cache_key(GoModule("kwok", (Tool("kwok", "example.test/kwok"),)), b"mod", b"sum")


@pytest.mark.parametrize(
    ("module", "go_mod", "go_sum"),
    [
        (MODULE, b"mod2", b"sum"),
        (MODULE, b"mod", b"sum2"),
        (MODULE, b"mods", b"um"),
        (replace(MODULE, tags=("x",)), b"mod", b"sum"),
        (replace(MODULE, ldflags=("-X a.b=c",)), b"mod", b"sum"),
        (replace(MODULE, tools=(Tool("kwok", "example.test/other"),)), b"mod", b"sum"),
        (replace(MODULE, patches=(Patch("m", "f", "a", "b"),)), b"mod", b"sum"),
        (replace(MODULE, copies=(("m", "f", "n"),)), b"mod", b"sum"),
    ],
    ids=["go.mod", "go.sum", "boundary", "tags", "ldflags", "package", "patch", "copies"],
)
def test_whatever_changes_the_programs_changes_the_key(module: GoModule, go_mod: bytes, go_sum: bytes) -> None:
    assert cache_key(module, go_mod, go_sum) != cache_key(MODULE, b"mod", b"sum")


def test_every_tool_is_pinned_in_its_go_mod() -> None:
    for module in MODULES:
        text = (module.path / "go.mod").read_text(encoding="utf-8")
        for tool in module.tools:
            assert tool.package in text, f"{tool.package} is missing in sandbox/go/{module.name}/go.mod"


def test_the_api_server_is_told_the_version_that_is_pinned() -> None:
    text = (CONTROL_PLANE.path / "go.mod").read_text(encoding="utf-8")
    flags = " ".join(CONTROL_PLANE.ldflags)
    version = next(line.split()[-1] for line in text.splitlines() if "k8s.io/kubernetes => " in line)
    major, minor, _ = version.removeprefix("v").split(".")
    assert f"component-base/version.gitVersion={version}" in flags
    assert f"component-base/version.gitMajor={major}" in flags
    assert f"component-base/version.gitMinor={minor}" in flags


def test_required_go_reads_the_go_line() -> None:
    assert required_go("module x\n\ngo 1.26.7\n\nrequire go.example v1\n") == (1, 26, 7)
    with pytest.raises(ValueError, match="no go line"):
        required_go("module x\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 darwin/arm64", (1, 27)),
        ("go version devel +abc linux/amd64", None),
        ("", None),
    ],
)
def test_parse_version(text: str, expected: tuple[int, ...] | None) -> None:
    assert parse_version(text) == expected


def test_versions_are_compared_as_numbers() -> None:
    newer, older = parse_version("go1.26.10"), parse_version("go1.26.9")
    assert newer is not None
    assert older is not None
    assert newer > older


def test_a_patch_replaces_its_one_place() -> None:
    patch = Patch("module", "file.go", '"0.0.0.0:%d"', '"127.0.0.1:%d"')
    assert apply_patch(patch, 'listen = "0.0.0.0:%d"') == 'listen = "127.0.0.1:%d"'


@pytest.mark.parametrize("source", ["", 'a = "0.0.0.0:%d"; b = "0.0.0.0:%d"'])
def test_a_patch_that_does_not_fit_exactly_once_is_an_error(source: str) -> None:
    with pytest.raises(ToolError, match=r"cannot patch file\.go of module"):
        apply_patch(Patch("module", "file.go", '"0.0.0.0:%d"', '"127.0.0.1:%d"'), source)


def test_override_variable() -> None:
    assert override_variable("kube-apiserver") == "TRADESENSE_BINARY_KUBE_APISERVER"


def test_the_cache_can_be_put_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("TRADESENSE_CACHE", raising=False)
    assert cache_dir() == Path("/home/someone/.cache/tradesense-delivery")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/x")
    assert cache_dir() == Path("/var/cache/x/tradesense-delivery")
    monkeypatch.setenv("TRADESENSE_CACHE", "~/builds")
    assert cache_dir() == Path("/home/someone/builds")
