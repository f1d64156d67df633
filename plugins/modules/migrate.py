#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Move a live service from a Deployment to a Rollout."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migrate
short_description: Move a live service from a Deployment to a Rollout
version_added: 0.2.0
description:
  - Takes a service that a Deployment runs to a Rollout of the same name, without a moment in which users are not served. The pods keep their template,
    so their images and everything else of them.
  - Makes the Services of the strategy, and a Rollout that takes its pod template from the Deployment (C(workloadRef)). The controller of Argo Rollouts scales
    the Deployment down as the pods of the Rollout become ready. Once these are all ready endpoints of the main Service, every Ingress with a host and path
    of the definitions is turned to it. HorizontalPodAutoscalers of the Deployment are handed over to the Rollout.
  - Each step is decided from what is live, so a run that was interrupted goes on, and a second one changes nothing.
  - Nothing is touched when something stands in the way, such as a Deployment that is not at rest, a quota without room, or pods without the label that
    the Rollout selects by.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.connection.namespace
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.writes
options:
  definitions:
    description:
      - Manifests of the Rollout, its Services and its Ingresses, as they are to be in the end, as a list of mappings or as a string of YAML documents.
      - One Rollout, with the name of the Deployment and a pod template of its own. The Deployment's template is the one that counts; a difference goes out
        with the next release.
      - Services and Ingresses that are not in front of the Rollout are left alone.
    type: raw
    aliases: [definition]
  template:
    description:
      - Paths of templates that render to such manifests, found as M(ansible.builtin.template) finds them.
    type: list
    elements: path
  state:
    description:
      - V(migrated) ends when the pods of the Rollout take all requests and the Deployment has none. The pod template is still the Deployment's.
      - V(finished) goes on from there. It gives the Rollout that template for its own, which starts no new revision, deletes the Deployment, deletes other
        Ingresses
        with the same host and path or takes these out of them, and applies the definitions.
      - V(undone) takes V(migrated) back, also one that was interrupted. The Deployment gets its pods back before an Ingress is turned and the Rollout goes.
      - V(unneeded) touches nothing, and fails when a Rollout of the definitions has yet to take the place of a Deployment, or its migration is not
        finished. Here
        the definitions may hold any number of Rollouts.
    type: str
    choices: [migrated, finished, undone, unneeded]
    default: migrated
  scale_down:
    description:
      - V(progressively) scales the Deployment down as pods of the Rollout become ready, so that a quota needs room for one more pod only.
      - V(onsuccess) keeps all pods of the Deployment until the Rollout is healthy, which takes room for twice the pods.
    type: str
    choices: [progressively, onsuccess]
    default: progressively
  force:
    description:
      - Take over fields of the Services and Ingresses that other managers own.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that all of it may take.
    type: int
    default: 600
notes:
  - Needed permissions in the namespace are list and watch of rollouts (argoproj.io), deployments (apps), services, endpointslices (discovery.k8s.io) and
    ingresses
    (networking.k8s.io); list of horizontalpodautoscalers (autoscaling), resourcequotas and analysistemplates (argoproj.io); get, create, patch and delete of
    rollouts, services and ingresses; patch and delete of deployments; patch of horizontalpodautoscalers.
  - In check mode, requests that can only be made after earlier ones are named and not tried.
seealso:
  - module: tradesense.delivery.apply
  - module: tradesense.delivery.rollout_info
"""

EXAMPLES = r"""
- name: Describe the canary that tradesense-web is to be
  ansible.builtin.set_fact:
    web:
      - apiVersion: v1
        kind: Service
        metadata:
          name: tradesense-web-stable
        spec:
          selector:
            app: tradesense-web
          ports:
            - port: 80
              targetPort: 8000
      - apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata:
          name: tradesense-web
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: tradesense-web
          strategy:
            canary:
              stableService: tradesense-web-stable
              steps:
                - setWeight: 50
                - pause: {}
          template:
            metadata:
              labels:
                app: tradesense-web
            spec:
              containers:
                - name: web
                  image: tradesense/web:v2.7.0

- name: See what stands in the way, and what would be done
  tradesense.delivery.migrate:
    namespace: tradesense-production
    definitions: "{{ web }}"
  check_mode: true

- name: Move the service, and keep the way back open
  tradesense.delivery.migrate:
    namespace: tradesense-production
    definitions: "{{ web }}"

- name: Leave nothing of the Deployment
  tradesense.delivery.migrate:
    namespace: tradesense-production
    definitions: "{{ web }}"
    state: finished
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be done, in order.
  returned: always, unless the cluster cannot be read
  type: list
  elements: str
  sample:
    - >-
      create Service tradesense-api-gateway-active, tradesense-api-gateway-preview
    - >-
      turn Ingress tradesense-api-gateway-ingress to Service tradesense-api-gateway-active
notes:
  description: What stays to be done by people.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      Service tradesense-api-gateway stays and selects the pods of every revision; who calls it should call tradesense-api-gateway-
      active, which does not
pending:
  description: Fields of the pod template in which the definitions differ from the Deployment, images and version apart; they change with the next release.
  returned: success
  type: list
  elements: str
  sample: ["spec.template.spec.containers[api-gateway].env[LOG_LEVEL]"]
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: "tradesense-api-gateway: the Rollout takes all requests, and its pod template is still the Deployment's."
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: NotReady
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: nothing was touched
where:
  description: The cluster and the object that failed.
  returned: failure
  type: str
  sample: Deployment tradesense-api-gateway in namespace tradesense-production
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: ["tradesense-api-gateway: create Service tradesense-api-gateway-active, tradesense-api-gateway-preview"]
"""

from ..module_utils._door import run_module
from ..module_utils._migration.operation import MIGRATE


def main() -> None:
    """Run the module."""
    run_module(MIGRATE)


if __name__ == "__main__":
    main()
