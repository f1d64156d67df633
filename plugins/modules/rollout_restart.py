#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Replace all pods of a rollout by new ones."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_restart
short_description: Replace all pods of a rollout by new ones
version_added: 0.2.0
description:
  - Replaces the pods without another template, a few at a time and within the disruption budget, and waits until every pod is new and available.
  - The controller looks for further pods every 30 seconds, so many pods take minutes.
  - With O(at), only pods older than that moment are replaced, and a second identical call changes nothing. Without, each call that finds no restart
    going on begins one.
  - A Deployment is restarted as kubectl does it, by an annotation of its template; that makes a new revision.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.connection.namespace
  - tradesense.delivery.connection.rollouts
  - tradesense.delivery.connection.guards
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.writes
options:
  at:
    description:
      - Replace pods that were created before this moment, as RFC 3339 with a time zone, for instance V(2026-11-24T03:30:00Z). By default the
        present moment.
      - A moment still to come plans the restart of a rollout, and is not waited for. Until then Argo Rollouts calls it V(Progressing).
    type: str
  timeout:
    description:
      - Seconds to wait until the controller has done it.
    type: int
    default: 600
notes:
  - Needed permissions in the namespace are list and watch of rollouts (argoproj.io), list and watch of replicasets (apps), list and watch of
    pods, patch of rollouts (argoproj.io).
  - Where a Deployment is meant, labels choose, or a rollout has a C(workloadRef), also list and watch of deployments (apps).
  - For a Deployment, also patch of deployments (apps).
seealso:
  - module: tradesense.delivery.rollout_wait
"""

EXAMPLES = r"""
- name: Replace all pods, for instance after a certificate changed
  tradesense.delivery.rollout_restart:
    namespace: tradesense-production
    rollouts: [tradesense-api-gateway]

- name: Replace what is older than the incident, once
  tradesense.delivery.rollout_restart:
    namespace: tradesense-production
    rollouts: [tradesense-api-gateway, tradesense-trading-service]
    at: "2026-11-24T03:30:00Z"
"""

RETURN = r"""
rollouts:
  description: The rollouts by name, as they were when the task ended.
  returned: always, unless a name is unknown or the cluster cannot be reached
  type: dict
  contains:
    kind:
      description: V(Rollout) or V(Deployment).
      type: str
      sample: Rollout
    strategy:
      description: V(canary), V(blue_green) or V(rolling).
      type: str
      sample: canary
    phase:
      description: V(Healthy), V(Progressing), V(Paused) or V(Degraded), as Argo Rollouts defines them.
      type: str
      sample: Paused
    message:
      description: The controller's reason for the phase.
      type: str
      sample: CanaryPauseStep
    revision:
      description: Number of the current revision.
      type: int
      sample: 7
    stable_revision:
      description: Number of the stable revision.
      type: int
      sample: 6
    current_hash:
      description: Pod-template hash of the current revision.
      type: str
      sample: 6c96ffff68
    stable_hash:
      description: Pod-template hash of the stable revision.
      type: str
      sample: 5d8f7b9c4d
    in_flight:
      description: Whether the current revision is another than the stable one.
      type: bool
      sample: true
    aborted:
      description: Whether the current revision was aborted.
      type: bool
      sample: false
    paused:
      description: Whether the rollout is paused, by a step, by the controller or by hand.
      type: bool
      sample: true
    pause_reasons:
      description: Why it is paused.
      type: list
      elements: str
      sample: [CanaryPauseStep]
    states:
      description:
        - Which of the states of M(tradesense.delivery.rollout_wait) hold, all but V(step); read from traffic too, as far as the module looks at it.
        - The tests P(tradesense.delivery.healthy#test), P(tradesense.delivery.paused#test), P(tradesense.delivery.promotable#test) and others read it.
      type: list
      elements: str
      sample: [paused, ready_for_promotion]
    on_stable:
      description:
        - Whether all production traffic goes to ready pods of the stable revision, read from Service selectors, the canary Ingress and ready endpoints.
        - None where that is not known, because the module does not look at traffic.
      type: bool
      sample: false
    step:
      description: Where a canary with steps stands. C(index) equals C(total) when all steps are done.
      type: dict
      sample: {index: 1, total: 9}
    weight:
      description: Percent of the traffic for the canary, as its steps set it and as the router has it.
      type: dict
      sample: {set: 10, actual: 10}
    images:
      description:
        - Images of the live revisions with tags that say which revision runs them, V(stable), V(canary), V(active), V(preview) or V(current).
        - A revision with such a tag is told without pods too. What a running experiment runs has the tag C(experiment:) and the template's name.
      type: list
      elements: dict
      sample: [{name: trading-service, image: "tradesense/trading-service:v2.8.0", tags: [canary]}]
    replicas:
      description: Numbers of pods.
      type: dict
      sample: {desired: 10, current: 11, updated: 1, ready: 11, available: 11}
    release:
      description: The release that changed the pod template last, followed by C(rolled-back) when it was taken back; empty when none did.
      type: str
      sample: 20261123T101502Z
    changed:
      description: Whether this rollout changed.
      type: bool
      sample: true
    result:
      description: What came of the verb, in words.
      type: str
      sample: all pods are newer than 2026-11-24T03:30:00Z
    error:
      description: Why the verb failed for this rollout.
      type: str
      returned: when it failed
      sample: "Rollout tradesense-trading-service in namespace tradesense-staging: it is paused by hand (spec.paused), and the controller would not restart it."
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: "tradesense-api-gateway: all pods are newer than 2026-11-24T03:30:00Z."
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: Refused
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: resume it first
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
  sample: ["tradesense-api-gateway: all pods are newer than 2026-11-24T03:30:00Z"]
"""

from ..module_utils._door import run_module
from ..module_utils._rollouts.operations.verbs import RESTART


def main() -> None:
    """Run the module."""
    run_module(RESTART)


if __name__ == "__main__":
    main()
