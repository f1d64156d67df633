# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, and the cache that outlives it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"


def cache_dir() -> Path:
    """Return the folder for built and installed tools, shared by every checkout of this user.

    ``TRADESENSE_CACHE`` names it outright; otherwise it follows the XDG convention.
    """
    named = os.environ.get("TRADESENSE_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    xdg = os.environ.get("XDG_CACHE_HOME")
    base = Path(xdg) if xdg else Path.home() / ".cache"
    return base.absolute() / "tradesense-delivery"
