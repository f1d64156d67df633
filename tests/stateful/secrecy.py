# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Watches the processes of a user for words that must not be in their arguments or environment."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path


class Watch:
    """Looks at every process of a user again and again, as everybody on the machine could."""

    def __init__(self, uid: int, words: Iterable[str]) -> None:
        self.seen: set[str] = set()
        self.processes = 0
        self._uid, self._words = uid, [word.encode() for word in words]
        self._known: set[tuple[str, bytes]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    self._look(folder)

    def _look(self, folder: Path) -> None:
        try:
            if folder.stat().st_uid != self._uid:
                return
            command = (folder / "cmdline").read_bytes()
            if (folder.name, command) in self._known:
                return
            environment = (folder / "environ").read_bytes()
        except OSError:
            return
        self._known.add((folder.name, command))
        self.processes += 1
        if any(word in command + environment for word in self._words):
            self.seen.add(command.replace(b"\0", b" ").decode(errors="replace"))
