# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Loads filters and tests where that has to be done once. Private to this collection.

Ansible imports an action in its own process and forks a worker for each task. A worker that meets a filter loads the
files of all filters of Ansible; at the first one of a collection also those of the whole collection, and compiles what
they import anew. That is 0.2 s for each task of a play that renders templates. What the action has loaded is there in
all its workers.
"""

from __future__ import annotations

import importlib
import pkgutil

from ansible.plugins.loader import filter_loader, test_loader

from .. import filter as filters


def load_filters() -> None:
    """Load Ansible's filters and tests, and this collection's filters."""
    filter_loader.get("ansible.builtin.to_json")
    test_loader.get("ansible.builtin.defined")
    for found in pkgutil.iter_modules(filters.__path__, f"{filters.__name__}."):
        importlib.import_module(found.name)
