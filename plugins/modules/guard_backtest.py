#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Say what the guard would have said of a release that is over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guard_backtest
short_description: Say what the guard would have said of a release that is over
version_added: 0.2.0
description:
  - Takes a release of the past through the guard's own code, window by window, and says when it would have held it or rolled it back, why, and how many
    requests had gone wrong by then. So a policy can be tried on what really happened before it may act.
  - The samples come from Prometheus, or from a recording of it. Nothing in the cluster is read or changed.
  - Without O(src), O(start), O(service), O(canary_hash) and O(namespace) are required.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.prometheus
  - tradesense.delivery.group_defaults
  - tradesense.delivery.attributes
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details:
      - Everything is done but for the file of O(record).
  diff_mode:
    description: Returns what changed in diff mode.
    support: none
  idempotent:
    description: A second identical run changes nothing.
    support: full
    details:
      - A recording of the same time is the same file, as long as Prometheus has the data and O(end) is not in the future.
options:
  namespace:
    description: Namespace of the service, as the labels of its series say it. Not used together with O(src).
    type: str
  service:
    description: Name of the service, as the labels of its series say it, for instance V(tradesense-trading-service).
    type: str
  canary_hash:
    description: Pod-template hash of the new revision, as C(current_hash) of M(tradesense.delivery.rollout_info) told it then.
    type: str
  stable_hash:
    description:
      - Pod-template hash of the revision before. Without it there is nothing to compare with, and the release is judged by thresholds and the error budget
        alone.
    type: str
  trading:
    description: Whether the service takes orders; only then it is judged by orders, position updates and risk checks.
    type: bool
    default: false
  start:
    description:
      - When the release began, and the first window with it. Written as in RFC 3339, for instance V(2026-11-23T10:15:00Z), as a unix time, or as V(-3h) for
        three hours ago by the clock of the host that runs the task.
    type: str
  end:
    description: When to stop, written like O(start); now by default.
    type: str
  duration:
    description: How long the release was, instead of O(end), for instance V(45m) or V(1h30m).
    type: str
  ready:
    description:
      - When the new pods were Ready, written like O(start), which is the default. The policy's C(warm_up) is counted from there.
    type: str
  promoted:
    description:
      - When all requests went to the new revision, written like O(start). From then on it is judged as in the bake time, without a comparison. By default it
        was not promoted before O(end).
    type: str
  weights:
    description:
      - The weight of the new revision over time, in ascending order. With it the split of the requests is judged too; a wrong one holds a release.
    type: list
    elements: dict
    suboptions:
      since:
        description: When the weight was set, written like O(start).
        type: str
        required: true
      weight:
        description: Per cent of the requests, V(0) to V(100). Without it the weight is not known from then on.
        type: float
  history:
    description:
      - How long before O(start) the stable revision is looked at, for instance V(150m) or V(4h); two and a half hours show bursts of
        up to five minutes. How bursty its failures are is measured there, and what is usual, for a release without anything beside it.
      - With V(0) the policy's C(burstiness) is taken.
    type: str
    default: 150m
  policy:
    description:
      - The guard's policy, C(tradesense_guard_policy), as docs/guard-policy.md of the collection describes it. Every key has a default.
      - Its C(mode) does not matter. What is told is what the guard would have done in the mode V(enforce).
    type: dict
    default: {}
  policy_overrides:
    description: What an environment lays over it, key by key.
    type: dict
    default: {}
  src:
    description:
      - Path of a recording, on the host that runs the task, that is replayed instead of asking Prometheus. docs/guard-backtest.md of the collection describes
        the format.
      - A policy with other thresholds, bounds, weights or evidence can be tried on it; one with other series needs another recording.
    type: path
  record:
    description:
      - Path of a file that the samples are written to, on the host that runs the task. It can be replayed with O(src), wherever Prometheus is out of reach
        and after it has forgotten.
      - The file holds counters of pods with their names and labels, and nothing secret.
    type: path
notes:
  - What Kubernetes alone knows is not replayed, that is new pods that crash or never become available, which are a reason to roll back, and the checks before
    a rollback.
  - A new pod is counted from its first scrape on, because Prometheus does not know when it was created; the guard counts from its creation.
  - The other options of a cluster are accepted but not used.
seealso:
  - module: tradesense.delivery.prometheus_query
  - module: tradesense.delivery.rollout_info
"""

EXAMPLES = r"""
- name: Say what the guard would have done about a release of yesterday
  tradesense.delivery.guard_backtest:
    prometheus_url: http://prometheus.example:9090
    namespace: tradesense-production
    service: tradesense-trading-service
    trading: true
    canary_hash: 6c96ffff68
    stable_hash: 5d8f7b9c4d
    start: 2026-11-23T10:15:00Z
    duration: 45m
    promoted: 2026-11-23T10:45:00Z
    record: recordings/trading-2.8.0.json
  register: replayed

- name: Show when it would have rolled back, and what it would have saved
  ansible.builtin.debug:
    msg: "{{ replayed.msg }}"

- name: Try a stricter policy on the same release
  tradesense.delivery.guard_backtest:
    src: recordings/trading-2.8.0.json
    policy:
      metrics:
        error_rate: {margin: 1.0}
  register: stricter

- name: Fail if it would not have found it within two minutes
  ansible.builtin.assert:
    that:
      - stricter.rolled_back is not none
      - stricter.rolled_back.seconds <= 120
"""

RETURN = r"""
verdict:
  description: The worst that the guard would have said, V(continue), V(hold), V(inconclusive) or V(rollback).
  returned: success
  type: str
  sample: rollback
held:
  description: When it would first have stopped the release or taken it back; null if never.
  returned: success
  type: dict
  contains:
    window:
      description: Number of the window, from 0.
      type: int
      sample: 5
    time:
      description: End of the window, in UTC.
      type: str
      sample: "2026-11-23T10:18:00Z"
    seconds:
      description: Seconds from the start of the release to the end of the window.
      type: float
      sample: 180.0
    verdict:
      description: What it would have said, V(hold), V(inconclusive) or V(rollback).
      type: str
      sample: rollback
    reasons:
      description: Why, the most important first.
      type: list
      elements: dict
      contains:
        text:
          description: The reason in words.
          type: str
          sample: "error rate: 21 % of 62 requests failed"
        metric:
          description: The metric that it is about, null if it is about none.
          type: str
          sample: error_rate
        value:
          description: Its value in the last window, a share or a count; null if there is none.
          type: float
          sample: 0.21
        threshold:
          description: What it is compared with, the value of stable or a threshold of the policy; null if there is none.
          type: float
          sample: 0.001
        evidence:
          description: The e-value, how many times better a worse revision explains what was counted; null if there is none.
          type: float
          sample: 2300.0
    impact:
      description: What the new revision had cost by then, in the form of RV(impact).
      type: dict
      sample: {requests: 372, failed: 78, excess_failures: 77.6, slow: 0, excess_slow: 0.0, orders: 36, failed_orders: 0, excess_failed_orders: 0.0}
rolled_back:
  description: When it would have rolled the release back, in the form of RV(held); null if never.
  returned: success
  type: dict
  sample: {window: 5, time: "2026-11-23T10:18:00Z", seconds: 180.0, verdict: rollback, reasons: [], impact: {requests: 372, failed: 78}}
impact:
  description:
    - What the new revision has cost users from O(start) to O(end), as it was, the warm-up included. What is beyond the impact in RV(rolled_back) might have
      been saved.
  returned: success
  type: dict
  contains:
    requests:
      description: Requests of the new revision.
      type: int
      sample: 4310
    failed:
      description: How many of them failed.
      type: int
      sample: 905
    excess_failures:
      description: Failures that stable would not have had.
      type: float
      sample: 901.2
    slow:
      description: Requests slower than the threshold of C(response_time_p99).
      type: int
      sample: 0
    excess_slow:
      description: Of these, what stable would not have had.
      type: float
      sample: 0.0
    orders:
      description: Orders of the new revision, 0 unless O(trading).
      type: int
      sample: 431
    failed_orders:
      description: How many of them failed.
      type: int
      sample: 2
    excess_failed_orders:
      description: Of these, what stable would not have had.
      type: float
      sample: 0.0
promotable:
  description: Whether after the last of RV(windows) enough would have been seen to promote the release.
  returned: success
  type: bool
  sample: false
certified:
  description: Whether it was shown by then that it is not worse than stable.
  returned: success
  type: bool
  sample: false
burstiness:
  description:
    - How much noisier than independent ones the failures of stable were before the release, by metric, as variance in units of that of independent ones.
      Metrics that are not here were judged by the policy's number.
  returned: success
  type: dict
  sample: {error_rate: 1.31}
windows:
  description: What the guard would have said after each window, up to the one that would have rolled back.
  returned: success
  type: list
  elements: dict
  contains:
    window:
      description: Number of the window, from 0.
      type: int
      sample: 5
    start:
      description: Its begin, in UTC.
      type: str
      sample: "2026-11-23T10:17:30Z"
    end:
      description: Its end, in UTC.
      type: str
      sample: "2026-11-23T10:18:00Z"
    verdict:
      description: What it would have said, V(continue), V(hold), V(inconclusive) or V(rollback).
      type: str
      sample: rollback
    stage:
      description: Where the release would have stood after it, V(warmup), V(observing), V(holding), V(baking), or V(preflight) for the begin of a rollback.
      type: str
      sample: preflight
    reason:
      description: Why, in one line; empty for a release that simply goes on.
      type: str
      sample: "error rate: 21 % of 62 requests failed, on stable 0.1 % of 548 requests failed (last window); evidence 7100"
    warnings:
      description: What would have been worth a look and changes nothing.
      type: list
      elements: str
      sample: []
    page:
      description: Whether somebody would have been called.
      type: bool
      sample: true
    evidence:
      description: The e-values, against stable (C(relative), and C(by_metric)), against thresholds (C(absolute)), of stable against thresholds
        (C(stable)), and of requests that are not split as the weight says (C(split)).
      type: dict
      sample: {relative: 2300.0, absolute: 150.0, stable: 0.2, split: 0.4, by_metric: {error_rate: 7100.0}}
    canary:
      description: Requests of the new revision in the window, and how many of them failed; null without data.
      type: dict
      sample: {requests: 62, failed: 13}
    stable:
      description: The same of the revision before.
      type: dict
      sample: {requests: 548, failed: 1}
msg:
  description: What the guard would have done, in a sentence.
  returned: always
  type: str
  sample: >-
    revision 6c96ffff68 of tradesense-trading-service would have been rolled back after 180 s, at 2026-11-23T10:18:00Z: error rate: 21 % of 62 requests
    failed; 78 requests and orders had gone wrong by then, 907 by the end.
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: NoData
error_type:
  description: The type of the error, in Prometheus' words.
  returned: when Prometheus refused the query
  type: str
  sample: bad_data
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: check service, canary_hash, start, and the policy's labels and series
where:
  description: Prometheus and the query, or the file.
  returned: failure
  type: str
  sample: http://prometheus.example:9090, namespace tradesense-production
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: ["window 5, 2026-11-23T10:18:00Z, 21 % of 62 requests failed: rollback: error rate: 21 % of 62 requests failed"]
"""

from ..module_utils._backtest.operation import BACKTEST
from ..module_utils._door import run_module


def main() -> None:
    """Run the module."""
    run_module(BACKTEST)


if __name__ == "__main__":
    main()
