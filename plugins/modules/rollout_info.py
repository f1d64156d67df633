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
  - Reads Argo Rollouts and Deployments of a namespace with their revisions, images, weights, pods and analysis runs.
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
  label_selectors:
    description:
      - Labels of the rollouts, as requirements that all have to hold, for instance V(tier=backend). Labels that match nothing give an empty result.
    type: list
    version_added: 0.2.0
    elements: str
  pods:
    description:
      - Whether to read the pods too. Without them the revisions tell only how many there are.
    type: bool
    version_added: 0.2.0
    default: true
  show:
    description:
      - What to show on the screen at once, beside the result.
      - V(table) has a line for each rollout.
      - V(tree) has its step, weight, images and traffic, its revisions with their pods, and its analysis runs with what they measured.
      - V(json) is one document with C(namespace), C(read_at) and C(rollouts) as in the result.
      - Marks and colours are shown where the terminal has them. Ansible's own settings count, for instance E(ANSIBLE_NOCOLOR).
    type: str
    choices: [nothing, table, tree, json]
    default: nothing
  watch:
    description:
      - Seconds to follow the rollouts. The default is one look.
      - On a terminal a table or tree is drawn again in its place whenever something changes. Everywhere else, and where the play has several hosts,
        there is a line for each step, weight, measurement, switch of traffic and pod in trouble, and the whole picture at the beginning and at the end.
      - Rollouts that are created meanwhile are not shown.
      - Ctrl-C ends it, and the play with it.
    type: int
    version_added: 0.2.0
    default: 0
notes:
  - Needed permissions in the namespace are list of rollouts (argoproj.io), list of replicasets (apps), list of analysisruns (argoproj.io).
  - Where a Deployment is meant, labels choose, or a rollout has a C(workloadRef), also list of deployments (apps).
  - Where the strategy names Services, also list of services, list of endpointslices (discovery.k8s.io).
  - Where the strategy routes by Ingress, also list of ingresses (networking.k8s.io).
  - Unless O(pods=false), also list of pods.
  - With O(watch), also watch of rollouts (argoproj.io), watch of deployments (apps), watch of replicasets (apps), watch of analysisruns
    (argoproj.io), watch of services, watch of endpointslices (discovery.k8s.io), watch of ingresses (networking.k8s.io), watch of pods.
seealso:
  - module: tradesense.delivery.rollout_wait
  - module: tradesense.delivery.analysis_info
  - plugin: tradesense.delivery.rollout_problems
    plugin_type: filter
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

- name: Follow a release of another pipeline for ten minutes
  tradesense.delivery.rollout_info:
    namespace: tradesense-production
    rollouts: [tradesense-trading-service]
    show: tree
    watch: 600
"""

RETURN = r"""
namespace:
  description: The namespace.
  returned: success
  type: str
  sample: tradesense-production
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
    serving:
      description: >-
        Where the traffic really goes, read from Service selectors, the canary Ingress and ready endpoints; none when the rollout names no Service.
      type: dict
      sample: {hash: 5d8f7b9c4d, ready: {5d8f7b9c4d: 10, 6c96ffff68: 1}, canary_weight: 10}
    revisions:
      description: The ReplicaSets of the rollout, newest first.
      type: list
      elements: dict
      contains:
        hash:
          description: Pod-template hash.
          type: str
          sample: 6c96ffff68
        revision:
          description: Number of the revision.
          type: int
          sample: 7
        replica_set:
          description: Name of the ReplicaSet.
          type: str
          sample: tradesense-trading-service-6c96ffff68
        roles:
          description: What it is now, of V(stable), V(canary), V(active), V(preview) and, for a Deployment, V(current); none for an old one.
          type: list
          elements: str
          sample: [canary]
        status:
          description:
            - V(Healthy), V(Progressing), V(ScalingDown), V(ScaledDown) or V(Degraded).
            - Degraded means that its pods cannot be made, or that one of them does not get ready by itself.
          type: str
          sample: Degraded
        message:
          description: Why its pods cannot be made, empty when they can.
          type: str
          sample: 'pods "tradesense-trading-service-6c96ffff68-x2x4z" is forbidden: exceeded quota: team'
        desired:
          description: Number of pods it should have.
          type: int
          sample: 1
        ready:
          description: Number of its ready pods.
          type: int
          sample: 0
        available:
          description: Number of its pods that were ready for long enough.
          type: int
          sample: 0
        images:
          description: Images of its containers.
          type: list
          elements: str
          sample: ["tradesense/trading-service:v2.8.0"]
        scale_down_at:
          description: When its pods are to go, in UTC; empty when they are not.
          type: str
          sample: "2026-11-23T10:15:32Z"
        banned:
          description: Whether the guard took it back, so that it is not to be released again by itself.
          type: bool
          sample: false
        pods:
          description: Its pods, oldest first; empty with O(pods=false).
          type: list
          elements: dict
          contains:
            name:
              description: Name of the pod.
              type: str
              sample: tradesense-trading-service-6c96ffff68-x2x4z
            status:
              description: Its state in one word, as kubectl shows it.
              type: str
              sample: ImagePullBackOff
            message:
              description: Why it is not ready, as far as it is known; empty when it is.
              type: str
              sample: 'Back-off pulling image "tradesense/trading-service:v2.8.0"'
            ready:
              description: Whether it may serve requests.
              type: bool
              sample: false
            containers:
              description: How many of its containers are ready, and how many there are.
              type: dict
              sample: {ready: 0, total: 1}
            restarts:
              description: How often its containers were started again.
              type: int
              sample: 0
            created:
              description: When it was created, in UTC.
              type: str
              sample: "2026-11-23T10:15:02Z"
    analysis_runs:
      description: The analysis runs of the rollout, oldest first. M(tradesense.delivery.analysis_info) tells more of them.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the AnalysisRun.
          type: str
          sample: tradesense-trading-service-6c96ffff68-7-3
        kind:
          description: V(Step), V(Background), V(PrePromotion), V(PostPromotion) or V(Experiment).
          type: str
          sample: Step
        hash:
          description: Pod-template hash of the revision that it judges.
          type: str
          sample: 6c96ffff68
        phase:
          description: V(Pending), V(Running), V(Successful), V(Failed), V(Error) or V(Inconclusive).
          type: str
          sample: Running
        message:
          description: The controller's reason for the phase.
          type: str
          sample: ""
        metrics:
          description: Its metrics, with how often each result was measured.
          type: list
          elements: dict
          sample:
            - name: error-rate-comparison
              phase: Running
              condition: "< 0.02"
              successful: 2
              failed: 0
              inconclusive: 0
              error: 0
              dry_run: false
        measurements:
          description: The measurements that the controller still keeps, of each metric the oldest first.
          type: list
          elements: dict
          sample: [{metric: error-rate-comparison, phase: Successful, value: "0.0012", condition: "< 0.02", message: ""}]
read_at:
  description: When the rollouts were as they are told, in UTC.
  returned: success
  type: str
  sample: "2026-11-23T10:15:02Z"
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
  sample: 3 rollouts and deployments in namespace tradesense-production, 2 Healthy, 1 Paused.
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
from ..module_utils._rollouts.operations.reading import INFO


def main() -> None:
    """Run the module."""
    run_module(INFO)


if __name__ == "__main__":
    main()
