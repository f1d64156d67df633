#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Watch releases, and take back what harms users."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guard
short_description: Watch releases, and take back what harms users
version_added: 0.2.0
description:
  - Watches all releases of a namespace in one process, during the rollout and for the bake time after promotion, and judges each new revision by what
    Prometheus counted on its pods and, at the same time, on those of the stable one.
  - Holds a release that looks worse, and rolls back one that is worse. Over a whole release, and however often it looks, a release that is as good as
    stable is held with a probability of 5 % at most, and rolled back with one of 1 % at most; the policy sets both.
  - An incident that hits both revisions alike, and data that is missing, hold a release and never roll it back.
  - Before a rollback it is checked that there is something good to go back to; after it, that users are served by that and are well again.
  - While a rollback may not be done, a canary's traffic is taken off at least, if stable is well.
  - Its state is kept in the cluster, in a ConfigMap beside each rollout. A guard that was killed goes on where it was. Of several guards, one acts.
  - Tells Slack or a webhook what it does, once, and never waits for them.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.connection.namespace
  - tradesense.delivery.connection.rollouts
  - tradesense.delivery.prometheus
  - tradesense.delivery.notifications
  - tradesense.delivery.attributes
attributes:
  check_mode:
    description: Can run in check mode and tell what it would do.
    support: full
    details:
      - Nothing is done and nothing is remembered, as if the policy's mode were V(dry_run).
  diff_mode:
    description: Returns what changed in diff mode.
    support: none
  idempotent:
    description: A second identical run changes nothing.
    support: partial
    details:
      - What it does follows from what happens to users meanwhile.
options:
  policy:
    description:
      - What is measured, and by what it is judged, as docs/guard-policy.md of the collection describes it. Every key has a default, so the empty one is a
        good one.
      - A release is judged to its end by the policy it began with, but for C(mode).
    type: dict
    default: {}
  policy_overrides:
    description: What an environment lays over it, key by key.
    type: dict
    default: {}
  trading:
    description: The rollouts that take orders; only they are judged by orders, position updates and risk checks.
    type: list
    elements: str
    default: []
  until:
    description:
      - With V(finished) the task ends when no release is left to be watched, the bake time included.
      - With V(arrived) it ends when every rollout is healthy, waits for a promotion or cannot get further by itself. One that is held is on its way.
      - With V(any_ready) it ends then, or as soon as one of them waits for a promotion.
      - With V(stopped) it goes on for releases to come, until O(timeout).
    type: str
    choices: [finished, arrived, any_ready, stopped]
    default: finished
  environment:
    description: Name of the environment, for what is told.
    type: str
    default: ""
  timeout:
    description: Seconds to watch at most; V(0) means no end.
    type: int
    default: 3600
  freeze:
    description:
      - Name of the freeze that is on. It stops rollbacks too if C(rollback.freeze) of the policy is V(strict).
    type: str
    default: ""
  request_timeout:
    description:
      - Seconds for one request to the API server or to Prometheus. One that tells an event has 10.
    type: float
    default: 30.0
  heartbeat:
    description:
      - Path of a file whose time is set after every look at the cluster, every few seconds, for whoever restarts a guard that hangs.
    type: path
notes:
  - Without O(rollouts) and O(label_selectors), all rollouts of the namespace are watched. Deployments are not, as they have no revision to hold.
  - Needed permissions in the namespace are list, watch and patch of rollouts (argoproj.io); patch of rollouts/status (argoproj.io); list and watch of
    replicasets (apps), pods, services, endpointslices (discovery.k8s.io), ingresses (networking.k8s.io) and analysisruns (argoproj.io); get,
    create and patch of configmaps and of leases (coordination.k8s.io); list of resourcequotas. The account that role C(guard) makes has these alone, and
    patches what it watches only. Without the last one nobody looks whether a rollback has room.
  - When it is told to end, by Ctrl-C or SIGTERM, it gives its Leases back, so that the next one acts at once.
seealso:
  - module: tradesense.delivery.rollout_undo
  - module: tradesense.delivery.prometheus_query
"""

EXAMPLES = r"""
- name: Guard what is on its way, and take it back if it harms users
  tradesense.delivery.guard:
    namespace: tradesense-production
    prometheus_url: http://prometheus.example:9090
    trading: [tradesense-trading-service]
    policy:
      bake: 30m
    timeout: 60
  register: guarded

- name: Say what became of it
  ansible.builtin.debug:
    msg: "{{ guarded.msg }}"
"""

RETURN = r"""
verdict:
  description: The worst verdict on any of the releases, V(continue), V(hold), V(inconclusive) or V(rollback).
  returned: success
  type: str
  sample: continue
timed_out:
  description: Whether O(timeout) ended the task before what O(until) says.
  returned: success
  type: bool
  sample: false
rollouts:
  description: The rollouts for which there was a release, by name.
  returned: success
  type: dict
  contains:
    verdict:
      description: The verdict on the release; one that was rolled back keeps V(rollback).
      type: str
      sample: rollback
    stage:
      description:
        - Where it stands. V(warmup), V(observing), V(holding) or V(baking) while it is watched, V(preflight), V(rolling_back) and V(verifying) during
          a rollback, and at the end V(done), V(recovered), V(ineffective) or V(blocked).
      type: str
      sample: recovered
    hash:
      description: Pod-template hash of the revision that was judged.
      type: str
      sample: 6c96ffff68
    mode:
      description: What the guard was allowed to do, V(enforce), V(hold_only) or V(dry_run).
      type: str
      sample: enforce
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
    warnings:
      description: What is worth a look and changes nothing, in the form of C(reasons).
      type: list
      elements: dict
      sample: []
    page:
      description: Whether somebody has to look at once.
      type: bool
      sample: true
    promotable:
      description: Whether enough was seen to promote it.
      type: bool
      sample: false
    certified:
      description: Whether it was shown that it is not worse than stable.
      type: bool
      sample: false
    windows:
      description: Number of windows with data that counted.
      type: int
      sample: 4
    requests:
      description: Requests of the new revision in them.
      type: int
      sample: 248
    evidence:
      description: The e-values, against stable (C(relative), and C(by_metric)), against thresholds (C(absolute)), of stable against thresholds
        (C(stable)), and of requests that are not split as the weight says (C(split)).
      type: dict
      sample: {relative: 2300.0, absolute: 150.0, stable: 0.2, split: 0.4, by_metric: {error_rate: 7100.0}}
    impact:
      description: What the new revision has cost users since it was watched, in requests and orders. The excess is what stable would not have had.
        C(minutes) are those in which users reached it, C(pods) the pods that run it, or ran it when the rollback began.
      type: dict
      sample: {requests: 248, failed: 52, excess_failures: 51.7, slow: 1, excess_slow: 0.4, orders: 70, failed_orders: 0, excess_failed_orders: 0.0,
        minutes: 1.9, pods: 3}
    rollback:
      description: The rollback, null if there was none.
      type: dict
      contains:
        from:
          description: The hash that was taken back.
          type: str
          sample: 6c96ffff68
        to:
          description: The hash that was gone back to.
          type: str
          sample: 5d8f7b9c4d
        at:
          description: When it was decided, seconds since the epoch.
          type: float
          sample: 1795817311.4
        why:
          description: The reasons in one line.
          type: str
          sample: "error rate: 21 % of 62 requests failed"
        seconds:
          description: How long it took until the target served all users, null if it has not come to that.
          type: float
          sample: 0.4
        recovery:
          description: V(recovered), V(ineffective), or V(waiting) while it is not verified.
          type: str
          sample: recovered
        checks:
          description: What was verified, by name, each with C(verdict) and C(text).
          type: dict
          sample: {traffic: {verdict: recovered, text: the bad revision has no traffic}}
    marks:
      description: When each stage was reached first, seconds since the epoch.
      type: dict
      sample: {observing: 1795817281.2, preflight: 1795817311.4}
    banned:
      description: Hashes that were taken back and must not be released again by themselves, oldest first.
      type: list
      elements: str
      sample: [6c96ffff68]
    msg:
      description: What became of the release, in a sentence.
      type: str
      sample: revision 6c96ffff68 was rolled back to 5d8f7b9c4d, and it recovered
msg:
  description: The same for all of them.
  returned: always
  type: str
  sample: There was no release to watch.
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: Timeout
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: look at the pods of what is named, or raise timeout
where:
  description: The cluster and the object that failed.
  returned: failure
  type: str
  sample: Rollout tradesense-trading-service in namespace tradesense-staging
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: ["tradesense-trading-service: step 1/9 set weight 10, weight 10 %, 1 of 10 pods new"]
"""

from ..module_utils._door import run_module
from ..module_utils._guarding.operation import GUARD


def main() -> None:
    """Run the module."""
    run_module(GUARD)


if __name__ == "__main__":
    main()
