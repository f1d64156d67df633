# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian packages for the tests: downloaded by apt-get and unpacked into the cache, never installed.

The machine stays as it is and nobody has to be root. apt-get checks the archive's signatures as always, and takes what
the packages need as well, except what the machine has installed already.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.binaries import override_variable
from tools.errors import ToolError, run_main
from tools.locking import only_one
from tools.paths import cache_dir
from tools.report import Stopwatch, say
from tools.running import run_logged

NGINX = ("nginx",)
POSTGRES = ("postgresql-15", "postgresql-client-15")
REDIS = ("redis-server", "redis-tools")

# Where Debian puts programs.
_PROGRAM_FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/lib/postgresql/*/bin")
# For root, whose home others may not enter: PostgreSQL and nginx are run as somebody else.
_SHARED_CACHE = Path("/var/cache/tradesense-delivery")


@dataclass(frozen=True)
class Unpacked:
    """The files of some Debian packages below ``root``, as they would lie below / when installed."""

    root: Path
    packages: tuple[str, ...]

    def program(self, name: str) -> Path:
        """Return the program ``name``; ``TRADESENSE_BINARY_<NAME>`` puts another one in its place.

        Raises ToolError when no package brought it.
        """
        named = os.environ.get(override_variable(name))
        if named:
            return Path(named).absolute()
        found = next((path for path in self._programs() if path.name == name), None)
        if found is None:
            raise ToolError(
                f"the Debian packages {', '.join(self.packages)} have no program called {name}",
                hint=f"Name one outright: {override_variable(name)}=/path/to/{name}",
            )
        return found

    def environment(self) -> dict[str, str]:
        """Return what the programs need in their environment: where their shared libraries are."""
        libraries = os.pathsep.join(map(str, self._libraries()))
        return {"LD_LIBRARY_PATH": libraries} if libraries else {}

    def missing_libraries(self) -> list[str]:
        """Return the shared libraries that a program needs and that are neither here nor on the machine."""
        programs = [str(path) for path in self._programs()]
        if not programs:
            return []
        env = {**os.environ, **self.environment(), "LC_ALL": "C"}
        done = subprocess.run(["ldd", *programs], capture_output=True, text=True, env=env, timeout=60, check=False)
        lines = (line.split() for line in done.stdout.splitlines() if line.endswith("=> not found"))
        return sorted({words[0] for words in lines})

    def _programs(self) -> Iterable[Path]:
        folders = (folder for pattern in _PROGRAM_FOLDERS for folder in sorted(self.root.glob(pattern)))
        return (path for folder in folders for path in sorted(folder.iterdir()) if os.access(path, os.X_OK))

    def _libraries(self) -> list[Path]:
        folders = {path.parent for top in ("usr/lib", "lib") for path in self.root.glob(f"{top}/*-linux-*/lib*.so*")}
        return sorted(folders)


def ensure_packages(names: Sequence[str]) -> Unpacked:
    """Return the unpacked packages ``names``, downloading them if they are not in the cache.

    Raises ToolError when this is no Debian, an archive cannot be reached or there is no such package.
    """
    packages = tuple(sorted(set(names)))
    root = _cache() / "debian"
    unpacked = Unpacked(root / folder_name(packages, _release(), platform.machine()), packages)
    with only_one(root / "lock", waiting="Debian packages are being unpacked by another run, waiting for it"):
        # What was installed on the machine when they were unpacked may have been removed since.
        if not unpacked.root.is_dir() or unpacked.missing_libraries():
            _unpack(unpacked)
    missing = unpacked.missing_libraries()
    if missing:
        raise ToolError(f"the programs of {', '.join(packages)} need libraries that were not found: {missing}")
    return unpacked


def folder_name(packages: Sequence[str], release: str, machine: str) -> str:
    """Return the name of the folder for ``packages``: the first of them for people, a digest of all for us."""
    digest = hashlib.sha256("\n".join((*packages, release, machine)).encode()).hexdigest()[:16]
    return f"{packages[0]}-{digest}"


def apt_options(work: Path) -> list[str]:
    """Return the options that keep apt-get's lists and archives in ``work``, so that no root and no lock is needed."""
    settings = {
        "Dir::State::lists": work / "lists",
        "Dir::Cache::archives": work / "archives",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Debug::NoLocking": "true",
        # As root, apt-get would download as a user who may not write here.
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "30",
        # A list that could not be brought is an error, not a warning.
        "APT::Update::Error-Mode": "any",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _cache() -> Path:
    """Return a cache folder whose files another user can read too, when we are root and may become one."""
    folder = cache_dir()
    if os.geteuid() == 0 and not _open_to_all(folder):
        return _SHARED_CACHE
    return folder


def _open_to_all(folder: Path) -> bool:
    existing = [path for path in (folder, *folder.parents) if path.exists()]
    return all(path.stat().st_mode & 0o001 for path in existing)


def _release() -> str:
    for program in ("apt-get", "dpkg-deb", "ldd"):
        if shutil.which(program) is None:
            raise ToolError(
                f"{program} is not on this machine: these programs are taken from Debian packages",
                hint="Run this on Debian or Ubuntu.",
            )
    known = platform.freedesktop_os_release()
    return f"{known['ID']}-{known.get('VERSION_ID', 'testing')}"


def _unpack(unpacked: Unpacked) -> None:
    watch = Stopwatch()
    names = ", ".join(unpacked.packages)
    say(f"Debian packages {names}: downloading")
    home, work = unpacked.root, unpacked.root.with_name(f"{unpacked.root.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists", "archives", "root"):
        (work / folder).mkdir(parents=True)
    _apt_get(work, "update", what="reading Debian's package lists")
    flags = ("--yes", "--no-install-recommends", "--reinstall", "--download-only")
    _apt_get(work, "install", *flags, *unpacked.packages, what=f"downloading {names}")
    for archive in sorted((work / "archives").glob("*.deb")):
        argv = ["dpkg-deb", "--extract", str(archive), str(work / "root")]
        run_logged(argv, what=f"unpacking {archive.name}", log=home.with_name(f"{home.name}.unpack.log"))
    for shared in (home.parent, work / "root"):
        shared.chmod(0o755)
    shutil.rmtree(home, ignore_errors=True)
    (work / "root").rename(home)
    shutil.rmtree(work)
    say(f"Debian packages {names}: unpacked in {watch}")


def _apt_get(work: Path, *words: str, what: str) -> None:
    env = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    log = work.with_suffix(f".{words[0]}.log")
    run_logged(["apt-get", "--quiet", *apt_options(work), *words], what=what, log=log, env=env)


def main() -> int:
    """Parse the command line and tell where the packages' files are."""
    parser = argparse.ArgumentParser(prog="python -m tools.debian", description=__doc__)
    parser.add_argument("packages", nargs="+", help="names of Debian packages, such as nginx")
    say(str(ensure_packages(parser.parse_args().packages).root))
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
