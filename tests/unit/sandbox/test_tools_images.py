# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Building images: which engine, the command, and what the labels say."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.images import IMAGES, KINDS, Build, Run, Source, choose_engine, command, describe, parse_source
from tools.paths import ROOT

BUILD = Build("v2.8.0", "abc123", "2026-01-02T03:04:05Z")


def answers(**known: str) -> Run:
    """Commands that work, by their first word that is neither an option nor a path, and what they print."""

    def run(argv: Sequence[str]) -> str | None:
        return next((known[word] for word in (" ".join(argv[:2]), *argv) if word in known), None)

    return run


@pytest.mark.parametrize(
    ("wanted", "known", "engine"),
    [
        ("", {"buildah": "1.39", "docker info": "", "docker buildx": ""}, "buildah"),
        ("", {"docker info": "", "docker buildx": "v0.24"}, "docker"),
        ("docker", {"buildah": "1.39", "docker info": "", "docker buildx": ""}, "docker"),
    ],
)
def test_the_first_engine_that_works_is_taken(wanted: str, known: dict[str, str], engine: str) -> None:
    assert choose_engine(wanted, answers(**known)) == engine


@pytest.mark.parametrize(
    ("wanted", "known", "problem"),
    [
        ("", {}, 'buildah: "buildah --version" does not work\ndocker: "docker info" does not work'),
        ("docker", {"docker info": ""}, 'docker: "docker buildx version" does not work'),
        ("buildah", {"docker info": "", "docker buildx": ""}, 'buildah: "buildah --version" does not work'),
    ],
)
def test_without_an_engine_it_says_what_to_do(wanted: str, known: dict[str, str], problem: str) -> None:
    with pytest.raises(ToolError, match="nothing here that can build images") as caught:
        choose_engine(wanted, answers(**known))
    assert caught.value.detail == problem
    assert caught.value.hint.startswith("Install buildah, or docker with buildx and start its engine")


def test_a_folder_names_its_service(tmp_path: Path) -> None:
    folder = tmp_path / "tradesense-web"
    folder.mkdir()
    assert parse_source("frontend", str(folder)) == Source("frontend", "web", folder)
    assert parse_source("frontend", f"admin-dashboard={folder}") == Source("frontend", "admin-dashboard", folder)


def test_the_guard_is_called_so_whatever_the_checkout_is_called(tmp_path: Path) -> None:
    assert parse_source("guard", str(tmp_path)) == Source("guard", "guard", tmp_path)
    assert parse_source("guard", f"watcher={tmp_path}") == Source("guard", "watcher", tmp_path)


def test_every_image_has_its_files_and_its_kind() -> None:
    assert sorted(path.parent.name for path in IMAGES.glob("*/Dockerfile")) == sorted(KINDS)
    assert all((IMAGES / kind / "Dockerfile.dockerignore").is_file() for kind in KINDS)


def test_what_goes_into_the_guards_image_is_there_and_is_no_more_than_the_collection() -> None:
    text = (IMAGES / "guard" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    taken = re.findall(r"^!(\S+)$", text, re.MULTILINE)
    assert re.findall(r"^\*$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for name in taken)
    assert {"galaxy.yml", "meta", "plugins", "playbooks", "roles", "requirements/guard.txt"} <= set(taken)
    assert not {"inventories", "tests", "sandbox", "tools", "images", "collections"} & set(taken)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("Web App=.", "'Web App' is not the name of a service"),
        ("web=nowhere", "there is no folder"),
        ("=.", "'' is not"),
    ],
)
def test_what_is_no_application_is_refused(word: str, problem: str) -> None:
    with pytest.raises(ToolError, match=problem):
        parse_source("frontend", word)


def test_labels_come_from_git(tmp_path: Path) -> None:
    run = answers(describe="v2.8.0-3-gabc", **{"rev-parse": "abcdef"})
    build = describe(Source("backend", "api-gateway", tmp_path), "", run, 0.0)
    assert build == Build("v2.8.0-3-gabc", "abcdef", "1970-01-01T00:00:00Z")
    assert describe(Source("backend", "api-gateway", tmp_path), "v3.0.0", run, 0.0).version == "v3.0.0"


@pytest.mark.parametrize(
    ("said", "problem"), [(None, "git names none"), ("latest", "'latest' is none"), ("v1+2", "none")]
)
def test_without_a_version_nothing_is_built(tmp_path: Path, said: str | None, problem: str) -> None:
    run = answers(**({"describe": said} if said else {}))
    with pytest.raises(ToolError, match=re.escape(problem)) as caught:
        describe(Source("backend", "api-gateway", tmp_path), "", run, 0.0)
    assert "VERSION=v2.8.0" in caught.value.hint


@pytest.mark.parametrize(
    ("engine", "start"),
    [
        ("buildah", ["buildah", "build", "--format", "docker", "--ignorefile"]),
        ("docker", ["docker", "buildx", "build", "--load", "--file"]),
    ],
)
def test_the_command(tmp_path: Path, engine: str, start: list[str]) -> None:
    words = command(
        engine, Source("frontend", "web", tmp_path), BUILD, "registry.example/ts", ["NODE_IMAGE=node:1@sha256:2"]
    )
    assert words[: len(start)] == start
    pairs = list(itertools.pairwise(words))
    assert ("--file", str(IMAGES / "frontend" / "Dockerfile")) in pairs
    assert ("--build-context", f"delivery={IMAGES / 'frontend'}") in pairs
    assert ("--tag", "registry.example/ts/web:v2.8.0") in pairs
    assert [value for flag, value in pairs if flag == "--build-arg"] == [
        "VERSION=v2.8.0",
        "REVISION=abc123",
        "BUILD_DATE=2026-01-02T03:04:05Z",
        "NODE_IMAGE=node:1@sha256:2",
    ]
    assert words[-1] == str(tmp_path)


def test_it_runs_the_engine_and_fails_with_its_words(tmp_path: Path) -> None:
    """The whole tool, with a buildah of ours that writes down what it is asked."""
    buildah = tmp_path / "bin" / "buildah"
    buildah.parent.mkdir()
    buildah.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit 0\nprintf "%s\\n" "$@" >"$ASKED"\necho "no space left" >&2; exit "$CODE"\n',
        encoding="utf-8",
    )
    buildah.chmod(0o755)
    asked = tmp_path / "asked"
    application = tmp_path / "web"
    application.mkdir()
    words = [sys.executable, "-m", "tools.images", "--frontend", str(application), "--version", "v2.8.0"]
    for code in (0, 1):
        env = {"PATH": str(buildah.parent) + ":/usr/bin:/bin", "ASKED": str(asked), "CODE": str(code)}
        env |= {"TRADESENSE_CACHE": str(tmp_path / "cache"), "SOURCE_DATE_EPOCH": "0"}
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert "BUILD_DATE=1970-01-01T00:00:00Z" in asked.read_text(encoding="utf-8").splitlines()
        assert ("tradesense/web:v2.8.0: built" in done.stdout) == (code == 0)
    assert "building tradesense/web:v2.8.0 failed" in done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_build_argument_is_a_secret_and_every_base_has_a_version(kind: str) -> None:
    text = (IMAGES / kind / "Dockerfile").read_text(encoding="utf-8")
    arguments = re.findall(r"^ARG (\w+)(?:=(\S+))?$", text, re.MULTILINE)
    bases = {name: value for name, value in arguments if name.endswith("_IMAGE")}
    assert {name for name, _ in arguments} - set(bases) == {"VERSION", "REVISION", "BUILD_DATE"}
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z0-9.-]+", value) for value in bases.values())
    stages = re.findall(r"^FROM (\S+) AS (\w+)$", text, re.MULTILINE)
    assert [stage for stage, _ in stages if not stage.startswith("${")] == (["builder"] if kind == "backend" else [])


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_image_runs_as_the_catalogs_user_on_its_port(kind: str) -> None:
    text = (IMAGES / kind / "Dockerfile").read_text(encoding="utf-8")
    production = text[text.index("AS production") :]
    assert re.findall(r"^USER (\S+)$", production, re.MULTILINE) == ["1001:1001"]
    assert re.findall(r"^EXPOSE (\S+)$", production, re.MULTILINE) == ([] if kind == "guard" else ["8000"])
    assert "curl" not in production.replace("there is no curl", "")
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", production))
    assert labels == {"title", "description", "vendor", "source", "version", "revision", "created"}
