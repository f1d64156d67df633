# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard would have said of a release that is over. Private: other collections must not import it.

`recording.py` is the release as data, `file.py` keeps it in a file (docs/guard-backtest.md), `fetching.py` reads it out of
Prometheus, `replay.py` takes it through the guard's own code, `report.py` tells, `operation.py` is the doors' side.
"""
