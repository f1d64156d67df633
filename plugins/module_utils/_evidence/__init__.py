# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics for judging a release while it runs, however often one looks. Private: other collections must not import it.

Only arithmetic on counts: nothing here knows Prometheus or Kubernetes. `counts.py` has the counts of a window, `starts.py` when
processes start and what they may spend, `process.py` the mixture of processes; `relative.py` compares a canary with stable,
`absolute.py` a revision with a fixed threshold, `share.py` the split of traffic with its weight, `certifying.py` shows that a
canary is not worse, `burn_rate.py` watches an error budget, `combining.py` makes one value of many, `burstiness.py` measures how
much noisier than independent requests a service is, `impact.py` says what a release has cost.

E-values are kept as natural logarithms. Reached under a null hypothesis at most with probability alpha, at whatever moment one
stops: log e >= log(1/alpha) (Ville's inequality).
"""
