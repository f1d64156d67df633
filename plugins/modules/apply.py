#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Bring a set of manifests to the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: Bring a set of manifests to the cluster
version_added: 0.1.0
description:
  - Applies manifests server-side, in parallel inside an order of kinds, with strict validation of fields and the field manager C(tradesense-
    delivery).
  - What others own at run time stays theirs. That is the selector of a Service that a Rollout manages, the replicas of a scaled workload and, with
    O(pod_templates=keep), the pod template of a live workload.
  - A conflict with any other manager is an error that names fields and managers, unless O(force) is set.
  - With O(prune), what was once applied as a part of a set and is not among its manifests any more is removed after the apply.
  - C(stringData) of a Secret is put into C(data) before it is sent, so that a key that is left out is removed. What no Secret can hold is refused
    before anything is sent, naming the key and never the value.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.writes
options:
  namespace:
    description:
      - Namespace for namespaced manifests that name none.
    type: str
  definitions:
    description:
      - Manifests, as a list of mappings, as one mapping or as a string of YAML documents.
    type: raw
    aliases: [definition]
  src:
    description:
      - Paths of files with YAML documents, on the host that runs the task.
    type: list
    elements: path
  template:
    description:
      - Paths of templates that render to YAML documents, found as M(ansible.builtin.template) finds them.
    type: list
    elements: path
  pod_templates:
    description:
      - V(apply) changes the pod template of a live workload, which starts a rollout.
      - V(keep) leaves it alone and reports in RV(pending) that it differs, apart from images and the version label, which belong to the release.
    type: str
    choices: [apply, keep]
    default: apply
  force:
    description:
      - Take over fields that other managers own.
    type: bool
    default: false
  prune:
    description:
      - The name of a set. Every object gets the label C(delivery.tradesense.io/set) with it. Objects that have the label and are not among the manifests
        are removed when everything was applied and, with O(wait), is ready.
      - Removed is only what this collection applied (its field manager set the label), what has no owner, what is of a kind in O(prune_kinds) and what lives
        in one of O(prune_namespaces). Cluster-wide objects and kinds that hold data are never removed.
      - A ConfigMap, Secret, ServiceAccount or AnalysisTemplate stays as long as anything in its namespace refers to it. That is any pod template, of the
        revision history too, any pod, ingress or analysis. RV(objects) tells who.
      - All manifests of a set have to be given in one task. Without any, the task fails.
      - An apply without this option leaves an object in the set that it is in.
    type: str
  prune_namespaces:
    description:
      - Namespaces in which objects of the set may be removed. By default those are O(namespace) and the namespaces of the manifests.
    type: list
    elements: str
  prune_kinds:
    description:
      - Kinds of which objects may be removed, by default all that are listed here. Only these are asked for, so a shorter list takes fewer requests and
        fewer permissions.
    type: list
    elements: str
    choices:
      - ConfigMap
      - Secret
      - Service
      - ServiceAccount
      - ResourceQuota
      - LimitRange
      - Deployment
      - StatefulSet
      - Job
      - HorizontalPodAutoscaler
      - PodDisruptionBudget
      - Ingress
      - NetworkPolicy
      - Role
      - RoleBinding
      - Rollout
      - AnalysisTemplate
      - Route
  prune_limit:
    description:
      - The share of the set's objects, in percent, that may be removed at once. If more would go, the task fails before anything is applied and names it.
      - V(100) allows to replace all objects of a set, V(0) allows no removal.
    type: int
    default: 50
  wait:
    description:
      - Wait until all workloads and jobs are ready, all at the same time, and until what was pruned is gone.
      - A Deployment, StatefulSet, DaemonSet or Rollout is ready when all its pods are up to date and available, a Job when it is complete. Other kinds are
        ready when they exist.
      - A Job that failed before is removed and runs anew, since it cannot become complete any more.
      - The task does not wait on when a Job failed or a Deployment comes to be over its progress deadline.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait with O(wait) until all is ready, and again until what was pruned is gone.
    type: int
    default: 120
notes:
  - Needed permissions are get and patch for every kind in the set, and create for new objects; list where a namespace holds four or more of a kind;
    list of horizontalpodautoscalers when a number of replicas would change; list and watch with O(wait), and delete of a Job that failed before.
    To tell why a Job failed it lists pods, if it may.
  - O(prune) also needs list of every kind in O(prune_kinds), get and delete of what is removed. Only metadata is read, but permissions know no difference.
    When a kind is concerned that may be in use, it needs list of pods, serviceaccounts, deployments, replicasets, statefulsets, daemonsets,
    controllerrevisions, jobs, cronjobs, ingresses, rollouts, experiments, analysistemplates and analysisruns. Kinds that the cluster does not have are
    left out.
  - Every request is safe to repeat, and is repeated for a while when the API server is busy (429, after as long as C(Retry-After) says), restarting
    (502, 503 and 504) or cannot be reached.
seealso:
  - module: tradesense.delivery.rollout_wait
"""

EXAMPLES = r"""
- name: Apply a few manifests
  tradesense.delivery.apply:
    namespace: tradesense-staging
    definitions:
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: tradesense-config
        data:
          LOG_LEVEL: INFO

- name: Apply everything that templates of the role render
  tradesense.delivery.apply:
    namespace: tradesense-staging
    template: [services.yml.j2, rollouts.yml.j2]
    pod_templates: keep
    wait: true

- name: Apply the network of an environment, and remove what is not in it any more
  tradesense.delivery.apply:
    namespace: tradesense-staging
    template: [ingresses.yml.j2, network_policies.yml.j2]
    prune: network
    prune_kinds: [Ingress, NetworkPolicy]

- name: See what would be removed
  tradesense.delivery.apply:
    namespace: tradesense-staging
    template: [ingresses.yml.j2]
    prune: network
    prune_limit: 100
  check_mode: true
  diff: true
"""

RETURN = r"""
objects:
  description: What happened to each object, in the order given; behind them what is left over of the set that O(prune) names.
  returned: always, unless nothing was sent
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      sample: Service
    name:
      description: Name of the object.
      type: str
      sample: tradesense-api-gateway-active
    namespace:
      description: Namespace of the object, none for cluster-wide ones.
      type: str
      sample: tradesense-staging
    action:
      description:
        - V(created), V(changed), V(unchanged), V(failed), or V(skipped) when an earlier stage failed.
        - Of what is left over of a set V(pruned), V(kept) when it is in use, V(failed), or V(skipped) when the task failed before.
      type: str
      sample: unchanged
    fields:
      description:
        - The fields that changed, as paths. Elements of a list are in brackets, by their names if they have such. Of something that was added or removed
          as a whole it is the path of the whole.
        - Values are not among them. They are in the diff, without those of Secrets.
      type: list
      elements: str
      returned: when the object changed
      sample: ["spec.template.spec.containers[api-gateway].image"]
    notes:
      description: What was left to its owner, and why something is kept.
      type: list
      elements: str
      returned: when something was
      sample: ["spec.selector is left to the Argo Rollouts controller"]
    error:
      description: Why the object was refused.
      type: str
      returned: when it was
      sample: "spec.replicas belongs to kubectl."
pending:
  description: Live workloads whose pod template differs; the change goes out with the next release.
  returned: success
  type: list
  elements: str
  sample: ["Rollout tradesense-trading-service in namespace tradesense-staging"]
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: 2 created, 1 changed, 9 unchanged, 1 pruned.
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: Conflict
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: remove the field from the definition, or set force to true to take it over
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

from ..module_utils._apply.operation import APPLY
from ..module_utils._door import run_module


def main() -> None:
    """Run the module."""
    run_module(APPLY)


if __name__ == "__main__":
    main()
