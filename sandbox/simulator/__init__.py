# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The workload simulator: what makes pods without containers take traffic, fail and show metrics.

It watches a real API server, splits simulated requests as the router would, and serves the metrics
each pod would have. README.md next to this file has the traffic rules, the behaviours and the API.
"""
