#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Tell Slack and webhooks about a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: notify
short_description: Tell Slack and webhooks about a release
version_added: 0.2.0
description:
  - Tells an event of a release to Slack, to a webhook that takes JSON, or to both, each event once.
  - A channel that cannot be reached is a warning and not a failure, because no release and no rollback is to fail for it; RV(undelivered) names it.
  - What was told is in the returned RV(state). Give it to the next task about the same release; then nothing is told twice, and Slack's message is
    edited instead of followed by another one.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.notifications
  - tradesense.delivery.group_defaults
  - tradesense.delivery.attributes
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details:
      - Nothing is sent; RV(channels) says what would be.
  diff_mode:
    description: Returns what changed in diff mode.
    support: none
  idempotent:
    description: A second identical run changes nothing.
    support: partial
    details:
      - If it is given the RV(state) that the first one returned.
options:
  event:
    description:
      - What happened.
      - V(started) and V(finished) are the beginning and the good end of a release, V(hold) and V(rollback) what the guard does or, depending on
        O(mode), would do, V(recovery) and V(ineffective) what came of a rollback, V(error) something that kept the release from being judged or
        taken back.
    type: str
    required: true
    choices: [started, warning, hold, rollback, recovery, ineffective, error, finished]
  release:
    description:
      - Name of the release.
    type: str
    required: true
  service:
    description:
      - Name of the service; without it the event is about the release as a whole.
    type: str
  environment:
    description:
      - Name of the environment.
    type: str
  cluster:
    description:
      - Name of the cluster.
    type: str
  namespace:
    description:
      - Namespace of the service.
    type: str
  version:
    description:
      - The new version.
    type: str
  revision:
    description:
      - Number of the new revision.
    type: str
  hash:
    description:
      - Pod-template hash of the new revision.
    type: str
  stable_version:
    description:
      - The version that served before, or serves again.
    type: str
  stable_hash:
    description:
      - Pod-template hash of that version.
    type: str
  by:
    description:
      - Who or what releases.
    type: str
  summary:
    description:
      - What happened, in a sentence; for an error at least.
    type: str
  at:
    description:
      - When it happened, as in RFC 3339, as a unix time, as V(now), or as V(-15m) for fifteen minutes ago.
    type: str
    default: now
  mode:
    description:
      - What the guard may do by itself, all of it, hold releases at most, or nothing but tell.
    type: str
    choices: [enforce, hold_only, dry_run]
    default: enforce
  verdict:
    description:
      - What the guard has come to.
    type: str
    choices: [continue, hold, rollback, inconclusive]
  reasons:
    description:
      - Why, the most important first.
    type: list
    elements: dict
    suboptions:
      text:
        description: A sentence.
        type: str
        required: true
      metric:
        description: The metric that it is about.
        type: str
      value:
        description: What was measured.
        type: float
      threshold:
        description: What it is compared with.
        type: float
      evidence:
        description: The e-value.
        type: float
  impact:
    description:
      - What the release has cost, as far as it is known.
    type: dict
    suboptions:
      requests:
        description: Requests that the bad revision took.
        type: int
      orders:
        description: Orders that it took.
        type: int
      excess_errors:
        description: Failures that stable would not have had.
        type: float
      minutes:
        description: Time for which users reached the bad revision.
        type: float
      pods:
        description: Pods that going back changes.
        type: int
  times:
    description:
      - When what happened, each written like O(at).
    type: dict
    suboptions:
      started:
        description: The release began.
        type: str
      first_bad:
        description: The first request failed that stable would not have failed.
        type: str
      detected:
        description: The guard saw it.
        type: str
      decided:
        description: The guard gave its verdict.
        type: str
      traffic_off:
        description: The bad revision had no traffic any more.
        type: str
      recovered:
        description: Recovery was verified.
        type: str
  next_steps:
    description:
      - What to do next, in sentences. Without it, what usually is.
    type: list
    elements: str
  occurrence:
    description:
      - How many times the service has come to this in this release. With a higher number it is another event, but see O(repeat_after).
    type: int
    default: 1
  timeout:
    description:
      - Seconds for the event with all attempts. Requests that were not served are sent again until then, and C(Retry-After) is honoured.
    type: int
    default: 60
  state:
    description:
      - The RV(state) that was returned last. It holds no secret.
    type: dict
notes:
  - An answer that is lost is a reason to send again, because twice is better than not at all. The webhook's receiver knows by the
    C(Idempotency-Key), for Slack there is no such thing.
  - The options of a cluster are accepted but not used, except for O(namespace), which is told.
"""

EXAMPLES = r"""
- name: Say that a release has started
  tradesense.delivery.notify:
    event: started
    release: 20261127T101500Z
    environment: production
    slack_token: "{{ vault_slack_token }}"
    slack_channel: releases
  register: told

- name: Say that one of its services is rolled back, and why
  tradesense.delivery.notify:
    event: rollback
    release: 20261127T101500Z
    environment: production
    service: trading-service
    version: v2.9.0
    stable_version: v2.8.0
    verdict: rollback
    reasons:
      - text: "error rate: 18 % of 300 requests failed, stable 0.33 %"
        metric: error_rate
        value: 0.18
        threshold: 0.0033
        evidence: 2300
    impact:
      requests: 1200
      excess_errors: 96.4
    slack_token: "{{ vault_slack_token }}"
    slack_channel: releases
    webhook_url: "{{ vault_webhook_url }}"
    webhook_secret: "{{ vault_webhook_secret }}"
    webhook_severity: critical
    state: "{{ told.state }}"

- name: Say that something went wrong, by an incoming webhook, and fail if nobody could be told
  tradesense.delivery.notify:
    event: error
    release: 20261127T101500Z
    summary: The database cannot be reached
    slack_webhook_url: "{{ vault_slack_webhook_url }}"
    timeout: 20
  register: error_told
  failed_when: error_told.undelivered | default(["all"]) | length > 0
"""

RETURN = r"""
key:
  description: The key of the event, which is the same for the same event. Made of cluster, namespace, release, service and event.
  returned: success
  type: str
  sample: production-1/tradesense-production/20261127T101500Z/trading-service/rollback
channels:
  description:
    - What became of the event at each channel that is set, C(slack), C(slack_webhook) and C(webhook).
    - V(delivered), V(failed) or V(undelivered) when there was no time left, or why it was not sent, which is V(known) when it was told before,
      V(below_severity), V(dry_run) or V(too_soon). In check mode V(send) where it would be sent.
  returned: success
  type: dict
  sample: {slack: delivered, webhook: failed}
undelivered:
  description: The channels that should have been told and could not be.
  returned: success
  type: list
  elements: str
  sample: [webhook]
state:
  description: What was told where, for the option O(state) of the next task.
  returned: success
  type: dict
  sample:
    version: 1
    channels:
      webhook:
        told: {production-1/tradesense-production/20261127T101500Z/trading-service/rollback: 1795774502.8}
        troubled: [production-1/tradesense-production/20261127T101500Z/trading-service]
        threads: {}
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: Slack was told; the webhook could not be told (rollback, trading-service).
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: NoChannel
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: set slack_token and slack_channel, slack_webhook_url or webhook_url
where:
  description: The place, when the failure has one.
  returned: failure
  type: str
  sample: option state
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: []
"""

from ..module_utils._door import run_module
from ..module_utils._notify.operations import NOTIFY


def main() -> None:
    """Run the module."""
    run_module(NOTIFY)


if __name__ == "__main__":
    main()
