#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Wait until rollouts reach a state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_wait
short_description: Wait until rollouts reach a state
version_added: 0.1.0
description:
  - Waits until each of the rollouts is in one of the named states, showing a line for every step, weight, measurement and switch of traffic.
  - Watches instead of polling, and ends early, with the reason, when a state cannot be reached any more.
  - State V(healthy) means that the new revision is promoted and serves all traffic, read from Service selectors, the canary Ingress and ready
    endpoints, not only from the phase.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.connection.namespace
  - tradesense.delivery.connection.rollouts
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.reads
options:
  state:
    description:
      - The states to wait for; any of them ends the wait.
      - V(healthy) is fully promoted and serving.
      - V(paused) is any pause.
      - V(ready_for_promotion) is a pause that only a promotion ends, after a blue-green's pre-promotion analysis succeeded.
      - V(aborted) is aborted, with all traffic on the stable revision.
      - V(degraded) is the phase of that name.
      - V(step) is a canary in the step O(step) or beyond it.
    type: list
    elements: str
    choices: [healthy, paused, ready_for_promotion, aborted, degraded, step]
    default: [healthy]
  step:
    description:
      - Index of the step that state V(step) waits for; the first step has index 0.
    type: int
  until_any:
    description:
      - States of O(state) that end the wait as soon as one of the rollouts is in one of them, whatever the others do.
    type: list
    elements: str
    choices: [healthy, paused, ready_for_promotion, aborted, degraded, step]
  timeout:
    description:
      - Seconds to wait. What each rollout still lacks is told when they are over.
    type: int
    default: 600
notes:
  - Needed permissions in the namespace are list and watch of rollouts (argoproj.io), list and watch of replicasets (apps), list and watch of
    analysisruns (argoproj.io).
  - Where a Deployment is meant, labels choose, or a rollout has a C(workloadRef), also list and watch of deployments (apps).
  - Where the strategy names Services, also list and watch of services, list and watch of endpointslices (discovery.k8s.io).
  - Where the strategy routes by Ingress, also list and watch of ingresses (networking.k8s.io).
seealso:
  - module: tradesense.delivery.rollout_info
  - module: tradesense.delivery.rollout_promote
"""

EXAMPLES = r"""
- name: Wait until the release is through
  tradesense.delivery.rollout_wait:
    namespace: tradesense-production
    rollouts: [tradesense-api-gateway, tradesense-trading-service]
    timeout: 3600

- name: Wait until somebody may promote
  tradesense.delivery.rollout_wait:
    namespace: tradesense-production
    rollouts: [tradesense-api-gateway]
    state: [ready_for_promotion, healthy]
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
    state:
      description: Which of the states was reached, empty when none was.
      type: str
      sample: healthy
table:
  description: The rollouts as lines of a table, for people.
  returned: success
  type: list
  elements: str
  sample: ["SERVICE                     STRATEGY  PHASE", "tradesense-trading-service  canary    Healthy"]
unreachable_states:
  description: Rollouts that can reach none of the states any more, with the reason.
  returned: failure
  type: dict
  sample:
    tradesense-trading-service: "the rollout was aborted in revision 7: metric error-rate-comparison measured 0.21, needs < 0.02"
lacking:
  description: Rollouts that were still on their way when the wait ended, with what they lacked.
  returned: failure
  type: dict
  sample: {tradesense-api-gateway: "is Progressing (active service cutover pending)"}
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: tradesense-api-gateway is healthy.
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
from ..module_utils._rollouts.operations.reading import WAIT


def main() -> None:
    """Run the module."""
    run_module(WAIT)


if __name__ == "__main__":
    main()
