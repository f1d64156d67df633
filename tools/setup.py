# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Make the checkout ready to work in: virtual environment and collection link. ``make setup`` calls it.

Runs on any Python >= 3.11, with nothing installed; a second run takes no noticeable time.
"""

from __future__ import annotations

import argparse
import sys

from tools.environments import Environment, ensure, link_collection
from tools.errors import run_main
from tools.interpreters import NEWEST_CORE_PYTHONS, OLDEST_CORE_PYTHON
from tools.paths import REQUIREMENTS, ROOT

# Python 3.11 is the last resort of the ordinary environment: it gets the oldest supported ansible-core.
NEWEST = Environment(
    ROOT / ".venv",
    (*NEWEST_CORE_PYTHONS, OLDEST_CORE_PYTHON),
    "No Python 3.11, 3.12, 3.13 or 3.14 on this machine.",
)
OLDEST = Environment(
    ROOT / ".venv-oldest",
    (OLDEST_CORE_PYTHON,),
    "No Python 3.11 on this machine, so the oldest supported pair (ansible-core 2.19 on Python 3.11) cannot be tested.",
)

# What "make bench" compares with is kept apart, so that no test ever runs with a collection that a user may not have.
BENCH = Environment(ROOT / ".venv-bench", NEWEST.minors, NEWEST.missing, REQUIREMENTS / "bench.txt")


def main() -> int:
    """Parse the command line and do the work."""
    parser = argparse.ArgumentParser(prog="python -m tools.setup", description=__doc__)
    parser.add_argument(
        "--oldest", action="store_true", help="also make .venv-oldest: ansible-core 2.19 on Python 3.11"
    )
    arguments = parser.parse_args()
    link_collection()
    ensure(NEWEST)
    if arguments.oldest:
        ensure(OLDEST)
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
