#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Read the status of rollouts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_info
short_description: Read the status of rollouts
version_added: 0.1.0
description:
  - Reads Argo Rollouts and Deployments of a namespace with their revisions, images, weights and analysis runs.
  - The phase is never taken from a status that the controller has not brought up to date. Then it is V(Progressing), and the message says what is
    awaited.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.connection.namespace
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.reads
options:
  rollouts:
    description:
      - Names of the rollouts; all of the namespace by default.
    type: list
    elements: str
    aliases: [name]
  show:
    description:
      - What to show on the screen at once, beside the result.
      - V(table) has a line for each rollout; V(tree) has its revisions, ReplicaSets and analysis runs too.
    type: str
    choices: [nothing, table, tree]
    default: nothing
notes:
  - Needed permissions are list and watch of rollouts and analysisruns (argoproj.io), replicasets (apps), services, ingresses and endpointslices in
    the namespace, and list and watch of deployments (apps) where no rollout of that name exists or one has a C(workloadRef).
seealso:
  - module: tradesense.delivery.rollout_wait
"""

EXAMPLES = r"""
- name: Read one rollout
  tradesense.delivery.rollout_info:
    namespace: tradesense-production
    rollouts: [tradesense-trading-service]
  register: status

- name: Say where the canary stands
  ansible.builtin.debug:
    msg: "{{ status.rollouts['tradesense-trading-service'].phase }}"

- name: Read all rollouts of a namespace
  tradesense.delivery.rollout_info:
    namespace: tradesense-production
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
    step:
      description: Where a canary with steps stands. C(index) equals C(total) when all steps are done.
      type: dict
      sample: {index: 1, total: 9}
    weight:
      description: Percent of the traffic for the canary, as its steps set it and as the router has it.
      type: dict
      sample: {set: 10, actual: 10}
    images:
      description: Images of the live revisions with tags that say which revision runs them.
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
    serving:
      description: >-
        Where the traffic really goes, read from Service selectors, the canary Ingress and ready endpoints; none when the rollout names no Service.
      type: dict
      sample: {hash: 5d8f7b9c4d, ready: {5d8f7b9c4d: 10, 6c96ffff68: 1}, canary_weight: 10}
    revisions:
      description: The ReplicaSets of the rollout.
      type: list
      elements: dict
      sample:
        - hash: 5d8f7b9c4d
          revision: 6
          replica_set: tradesense-trading-service-5d8f7b9c4d
          desired: 10
          ready: 10
          images: ["tradesense/trading-service:v2.7.0"]
    analysis_runs:
      description: The analysis runs of the rollout, oldest first, with their measurements.
      type: list
      elements: dict
      sample:
        - name: tradesense-trading-service-6c96ffff68-7-3
          kind: Step
          hash: 6c96ffff68
          phase: Running
          message: ""
          measurements: [{metric: error-rate-comparison, phase: Successful, value: "0.0012", condition: "< 0.02", message: ""}]
table:
  description: The rollouts as lines of a table, for people.
  returned: success
  type: list
  elements: str
  sample: ["SERVICE                     STRATEGY  PHASE", "tradesense-trading-service  canary    Healthy"]
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: 3 rollouts and deployments in namespace tradesense-production.
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: RolloutNotFound
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: did you mean tradesense-trading-service?
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
from ..module_utils._rollouts.operations import INFO


def main() -> None:
    """Run the module."""
    run_module(INFO)


if __name__ == "__main__":
    main()
