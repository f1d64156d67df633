# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From raw counters of pods to counts in windows. Pure functions. Private: other collections must not import it.

`definitions.py` says what each metric is made of, `queries.py` asks for it, one query a metric for all watched services;
`tracks.py` sorts the answer by revision and pod, `counting.py` takes differences, `measuring.py` adds them up, `clock.py` numbers
the windows, `model.py` is what comes out. Missing data is None, and never 0.
"""
