# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Build the images of services with buildah or docker. ``make images`` calls it."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError, run_main
from tools.paths import ROOT, cache_dir
from tools.report import say
from tools.running import run_logged

IMAGES = ROOT / "images"
# The guard is this collection itself, so its folder says nothing.
KINDS = {"frontend": "", "backend": "", "guard": "guard"}
"""Folder of images/ -> the service that is built from it; empty: the repository's folder names it."""
# Longer than a computer that is awake needs to answer; docker without a running engine answers at once.
_ANSWER_SECONDS = 20
# How each engine shows that it can build, in the order in which they are asked.
ENGINES = {"buildah": (("buildah", "--version"),), "docker": (("docker", "info"), ("docker", "buildx", "version"))}
_SERVICE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# What a tag of an image may be, and no more than the catalog takes as a version.
_TAG = re.compile(r"v?[0-9][A-Za-z0-9._-]{0,126}")

Run = Callable[[Sequence[str]], str | None]
"""Runs a command; its output without the newline, or None when it cannot be run or fails."""


@dataclass(frozen=True)
class Source:
    """An application to build: its kind (a folder of images/), its service and its repository."""

    kind: str
    service: str
    path: Path


@dataclass(frozen=True)
class Build:
    """What is built into the image as labels. ``version`` is its tag, too."""

    version: str
    revision: str
    date: str


def run(argv: Sequence[str]) -> str | None:
    """Run a command that answers at once."""
    try:
        done = subprocess.run(
            list(argv), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def choose_engine(wanted: str, run: Run) -> str:
    """Return the engine to build with, ``wanted`` or the first that works.

    Raises ToolError, saying what each of them lacks, when there is none.
    """
    names = [wanted] if wanted else list(ENGINES)
    problems = []
    for name in names:
        failed = next((probe for probe in ENGINES[name] if run(probe) is None), None)
        if failed is None:
            return name
        problems.append(f'{name}: "{" ".join(failed)}" does not work')
    raise ToolError(
        "there is nothing here that can build images",
        detail="\n".join(problems),
        hint="Install buildah, or docker with buildx and start its engine (docker info tells). Nothing was built.",
    )


def parse_source(kind: str, word: str) -> Source:
    """Return the application that ``PATH`` or ``SERVICE=PATH`` means. Raises ToolError when it cannot be one."""
    service, equals, path = word.rpartition("=")
    folder = Path(path).expanduser().absolute()
    service = service if equals else KINDS[kind] or folder.name.removeprefix("tradesense-")
    if not _SERVICE.fullmatch(service):
        raise ToolError(
            f"{word}: {service!r} is not the name of a service",
            hint=f"Name it: {kind.upper()}=api-gateway={path}",
        )
    if not folder.is_dir():
        raise ToolError(f"{word}: there is no folder {folder}")
    return Source(kind, service, folder)


def describe(source: Source, version: str, run: Run, now: float) -> Build:
    """Return what the labels say: the version that is given or git's, git's revision, and the time.

    Raises ToolError when there is no version, or one that the catalog would refuse.
    """
    git = ("git", "-C", str(source.path))
    version = version or run((*git, "describe", "--tags", "--always", "--dirty")) or ""
    if not _TAG.fullmatch(version):
        found = f"{version!r} is none" if version else "git names none"
        raise ToolError(
            f"{source.path} has no version to tag the image of {source.service} with: {found}",
            hint="Tag the commit (git tag v2.8.0), or name a version: make images VERSION=v2.8.0 ...",
        )
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return Build(version, run((*git, "rev-parse", "HEAD")) or "unknown", date)


def command(engine: str, source: Source, build: Build, repository: str, bases: Sequence[str] = ()) -> list[str]:
    """Return the command that builds the image. ``bases`` are further build arguments, such as pinned base images."""
    here = IMAGES / source.kind
    arguments = [f"VERSION={build.version}", f"REVISION={build.revision}", f"BUILD_DATE={build.date}", *bases]
    words = (
        ["buildah", "build", "--format", "docker"] if engine == "buildah" else ["docker", "buildx", "build", "--load"]
    )
    if engine == "buildah":
        # buildx finds it by its name. Format docker: OCI's has no place for a health check.
        words += ["--ignorefile", str(here / "Dockerfile.dockerignore")]
    words += ["--file", str(here / "Dockerfile"), "--target", "production"]
    words += ["--build-context", f"delivery={here}"]
    words += [word for argument in arguments for word in ("--build-arg", argument)]
    return [*words, "--tag", f"{repository}/{source.service}:{build.version}", str(source.path)]


def main() -> int:
    """Parse the command line and do the work."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__)
    for kind in KINDS:
        text = f"repositories of {kind} applications: PATH or SERVICE=PATH"
        parser.add_argument(f"--{kind}", nargs="*", default=[], metavar="PATH", help=text)
    parser.add_argument("--version", default="", help="tag and label; default: what git describe says")
    parser.add_argument("--repository", default="tradesense", help="what the images' names begin with")
    parser.add_argument("--engine", default="", choices=["", *ENGINES], help="default: the first that works")
    parser.add_argument("--base", nargs="*", default=[], metavar="NAME=IMAGE", help="base images, to pin by digest")
    words = parser.parse_args()
    engine = choose_engine(words.engine, run)
    sources = [parse_source(kind, word) for kind in KINDS for word in getattr(words, kind)]
    if not sources:
        raise ToolError(
            "no application was named",
            hint="make images FRONTEND=path/to/web BACKEND=path/to/api-gateway GUARD=. (images/README.md)",
        )
    for base in words.base:
        if not re.fullmatch(r"[A-Z_]+_IMAGE=\S+", base):
            raise ToolError(
                f"{base} is not a base image", hint="Such as NGINX_IMAGE=nginx:1.28.0-alpine3.21@sha256:..."
            )
    now = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    builds = [(source, describe(source, words.version, run, now)) for source in sources]
    for source, build in builds:
        name = f"{words.repository}/{source.service}:{build.version}"
        log = cache_dir() / "logs" / f"image-{source.service}.log"
        say(f"{name}: building with {engine}")
        run_logged(command(engine, source, build, words.repository, words.base), what=f"building {name}", log=log)
        say(f"{name}: built")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
