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
  - A conflict with any other manager is an error that names field and manager, unless O(force) is set.
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
  wait:
    description:
      - Wait until all workloads and jobs are ready, all at the same time.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait with O(wait).
    type: int
    default: 120
notes:
  - Needed permissions are get and patch for every kind in the set, and create for new objects; list where a namespace holds four or more of a kind;
    list of horizontalpodautoscalers when a number of replicas would change; list and watch with O(wait).
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
"""

RETURN = r"""
objects:
  description: What happened to each object, in the order given.
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
      description: V(created), V(changed), V(unchanged), V(failed), or V(skipped) when an earlier stage failed.
      type: str
      sample: unchanged
    notes:
      description: What was left to its owner.
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
  sample: 2 created, 1 changed, 9 unchanged.
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
