# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard's decisions. Pure functions, no requests. Private: other collections must not import it.

`policy_schema.py` has every key of `tradesense_guard_policy` with its default, `policy_reading.py` makes a `policy.py` of it;
`facts.py` is what is known besides counts. In each window `observing.py` takes the counts into the `state.py` of a release,
`levels.py` says how strong the evidence is, `decision.py` what follows, and `cycle.py` puts the three together; `sentences.py`
has the words, `stages.py` the way of a release through the guard. `preflight.py` says whether a rollback may be done,
`recovery.py` whether it helped.
"""
