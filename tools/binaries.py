# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Build the sandbox's programs from source into the cache. ``make binaries`` calls it; the launcher does too.

A module's programs stay under a name made from its pins and build flags, so nothing is built twice and changing a pin
never disturbs a sandbox that is running.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError, run_main
from tools.gomodules import MODULES, GoModule, Patch, Tool, cache_key
from tools.gotoolchain import ensure_go, go_environment
from tools.locking import only_one
from tools.paths import cache_dir
from tools.report import Stopwatch, say
from tools.running import run_logged


@dataclass(frozen=True)
class Binaries:
    """The built programs by name, and the folder with Argo Rollouts' custom resource definitions.

    ``key`` names this set of builds: it is equal exactly when the programs are.
    """

    programs: Mapping[str, Path]
    crds: Path
    key: str

    def __getitem__(self, name: str) -> Path:
        return self.programs[name]


def override_variable(tool: str) -> str:
    """Return the environment variable that puts another program in the place of ``tool``."""
    return f"TRADESENSE_BINARY_{tool.upper().replace('-', '_')}"


def module_key(module: GoModule) -> str:
    """Return the name of the module's folder in the cache."""
    return cache_key(module, (module.path / "go.mod").read_bytes(), (module.path / "go.sum").read_bytes())


def ensure_binaries() -> Binaries:
    """Return all programs, building those that are not in the cache.

    Raises ToolError, with the end of the compiler's output, when a build fails.
    """
    root = cache_dir() / "bin"
    homes = {module: root / module_key(module) for module in MODULES}
    if not all(home.is_dir() for home in homes.values()):
        with only_one(root / "lock", waiting="binaries are being built by another run, waiting for it"):
            missing = {module: home for module, home in homes.items() if not home.is_dir()}
            _build_all(missing)
    return _collect(homes)


def _collect(homes: Mapping[GoModule, Path]) -> Binaries:
    programs = {tool.name: home / tool.name for module, home in homes.items() for tool in module.tools}
    overrides = {name: value for name in programs if (value := os.environ.get(override_variable(name)))}
    programs.update({name: Path(value).absolute() for name, value in overrides.items()})
    crds = next(home / name for module, home in homes.items() for _, _, name in module.copies if name == "crds")
    key = "+".join([*(home.name for home in homes.values()), *(f"{k}={v}" for k, v in sorted(overrides.items()))])
    return Binaries(programs, crds, key)


def _build_all(homes: Mapping[GoModule, Path]) -> None:
    if not homes:
        return
    go = ensure_go(list(homes))
    watch = Stopwatch()
    count = sum(len(module.tools) for module in homes)
    say(f"binaries: {count} programs to build from source; the first time this takes about ten minutes")
    for module, home in homes.items():
        _build_module(go, module, home)
    say(f"binaries: built in {watch}")


def _build_module(go: Path, module: GoModule, home: Path) -> None:
    # What is finished stays in the work folder, so an interrupted build goes on where it was.
    work = home.with_name(f"{home.name}.partial")
    (work / "log").mkdir(parents=True, exist_ok=True)
    extra = _write_patched(go, module, work)
    for tool in module.tools:
        if not (work / tool.name).exists():
            _build_tool(go, module, tool, work, extra)
    for required, folder, name in module.copies:
        _copy_writable(_module_dir(go, module, required) / folder, work / name)
    shutil.rmtree(work / "log")
    shutil.rmtree(work / "patched", ignore_errors=True)
    work.rename(home)


def _build_tool(go: Path, module: GoModule, tool: Tool, work: Path, extra: Sequence[str]) -> None:
    watch = Stopwatch()
    say(f"{tool.name}: building")
    output = work / f"{tool.name}.new"
    argv = [str(go), "build", *module.build_arguments(), *extra, "-o", str(output), tool.package]
    log = work / "log" / f"{tool.name}.log"
    run_logged(argv, what=f"building {tool.name}", log=log, cwd=module.path, env=go_environment())
    output.rename(work / tool.name)
    say(f"{tool.name}: built in {watch}")


def _write_patched(go: Path, module: GoModule, work: Path) -> list[str]:
    """Write patched copies of required modules, and return the build arguments that put them in place.

    go.mod itself stays as it is: the replacement stands in a copy of it. (Go's -overlay cannot be used, it refuses
    files of the module cache.)
    """
    if not module.patches:
        return []
    folder = work / "patched"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    go_mod = (module.path / "go.mod").read_text(encoding="utf-8")
    for required in sorted({patch.module for patch in module.patches}):
        copy = folder / Path(required).name
        _copy_writable(_module_dir(go, module, required), copy)
        go_mod += f"\nreplace {required} => {copy}\n"
    for patch in module.patches:
        file = folder / Path(patch.module).name / patch.file
        file.write_text(apply_patch(patch, file.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "go.mod").write_text(go_mod, encoding="utf-8")
    shutil.copyfile(module.path / "go.sum", folder / "go.sum")
    return [f"-modfile={folder / 'go.mod'}"]


def _copy_writable(source: Path, target: Path) -> None:
    """Copy a folder of the module cache, which is read-only, so that the copy can be changed and removed."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy_writable(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)


def apply_patch(patch: Patch, source: str) -> str:
    """Return ``source`` with the patch made. Raises ToolError unless the text to replace is there exactly once."""
    count = source.count(patch.old)
    if count != 1:
        raise ToolError(
            f"cannot patch {patch.file} of {patch.module}: {patch.old} is there {count} times",
            hint="The module has changed: look at the patch in tools/gomodules.py.",
        )
    return source.replace(patch.old, patch.new)


def _module_dir(go: Path, module: GoModule, required: str) -> Path:
    """Return the folder of a required module in Go's module cache, downloading the module first if need be."""
    try:
        done = subprocess.run(
            [str(go), "mod", "download", "-json", required],
            cwd=module.path,
            env=go_environment(),
            capture_output=True,
            text=True,
        )
    except OSError as error:
        raise ToolError(f"cannot run {go}: {error.strerror}") from error
    if done.returncode != 0:
        raise ToolError(f"cannot download {required}", detail=done.stderr or done.stdout)
    return Path(json.loads(done.stdout)["Dir"])


def main() -> int:
    """Build what is missing and tell where the programs are."""
    binaries = ensure_binaries()
    for name in sorted(binaries.programs):
        say(f"{name}: {binaries[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
