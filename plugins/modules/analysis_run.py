#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Run an analysis and wait for its verdict."""

from __future__ import annotations

DOCUMENTATION = r"""
module: analysis_run
short_description: Run an analysis and wait for its verdict
version_added: 0.2.0
description:
  - Creates an AnalysisRun from AnalysisTemplates and ClusterAnalysisTemplates, without any Rollout, and waits until it has a verdict.
  - Shows a line for every measurement. The task fails unless the verdict is one of O(accept), and tells metric, measured value and threshold.
  - Several templates are merged as Argo Rollouts merges those of a Rollout, with the templates that they refer to.
  - What could not work is refused before anything is created. That is an unknown template, an argument that is unknown, undeclared or without a value,
    two metrics of the same name, or a metric that would never end.
  - A run that this task created and that has no verdict when O(timeout) is over is terminated. Argo Rollouts then calls it V(Successful); the task fails.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.writes
attributes:
  idempotent:
    description: A second identical run changes nothing.
    support: partial
    details:
      - With O(name), a run that exists already is waited for and reported. Without, every task makes a new one.
options:
  namespace:
    description:
      - Namespace of the run and of the AnalysisTemplates.
    type: str
    required: true
  templates:
    description:
      - Names of AnalysisTemplates.
      - This or O(cluster_templates) is required.
    type: list
    elements: str
  cluster_templates:
    description:
      - Names of ClusterAnalysisTemplates.
      - This or O(templates) is required.
    type: list
    elements: str
  arguments:
    description:
      - Values of the templates' arguments, by name. Those with a default may be left out.
      - A value is a string, a number or a boolean, or C(valueFrom) with C(secretKeyRef) and in it C(name) and C(key). The controller reads that Secret,
        this module never does.
      - Plain values stand in the AnalysisRun for everybody to read who may read it.
      - The option is not called C(args), because Ansible would take what stands in it for options of the module.
    type: dict
  name:
    description:
      - Name of the run. By default the name of the first template, a dash and random characters.
      - When a run of that name exists and is the same, it is waited for and reported. Another one is refused.
    type: str
  instance_id:
    description:
      - Instance of the controller that is to do it, for controllers started with C(--instance-id).
    type: str
  wait:
    description:
      - Whether to wait for the verdict. Without, the task succeeds as soon as the run exists, whatever comes of it.
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait for the verdict. What each metric still lacks is told when they are over.
    type: int
    default: 600
  accept:
    description:
      - Verdicts with which the task succeeds.
    type: list
    elements: str
    choices: [Successful, Failed, Error, Inconclusive]
    default: [Successful]
  ttl:
    description:
      - Seconds after its end when the controller deletes the run, so that nothing piles up. By default it stays.
      - The controller never deletes a run that it found invalid.
    type: int
notes:
  - Needed permissions in the namespace are list and create of analysisruns (argoproj.io), and get of analysistemplates (argoproj.io) for AnalysisTemplates.
  - With O(wait), also watch of analysisruns, and patch of analysisruns to terminate a run whose time is over.
  - For ClusterAnalysisTemplates, those that templates refer to among them, also get of clusteranalysistemplates (argoproj.io), in the cluster.
  - In check mode the name of a run without O(name) is an example. A run that exists and has a verdict is reported, one that goes on is not waited for.
  - When a task that runs inside Ansible itself is interrupted, by the keyword C(timeout) for instance, the run it created is terminated too.
seealso:
  - module: tradesense.delivery.analysis_info
  - module: tradesense.delivery.rollout_wait
"""

EXAMPLES = r"""
- name: Check that the service is healthy before its release
  tradesense.delivery.analysis_run:
    namespace: tradesense-production
    templates: [success-rate]
    arguments:
      service-name: tradesense-api-gateway

- name: Measure with two templates at once, with a token from a Secret, at most five minutes
  tradesense.delivery.analysis_run:
    namespace: tradesense-production
    templates: [canary-analysis]
    cluster_templates: [order-flow]
    arguments:
      service-name: tradesense-trading-service
      canary-hash: 6c96ffff68
      token: {valueFrom: {secretKeyRef: {name: prometheus, key: token}}}
    timeout: 300
    ttl: 86400
  register: analysis

- name: Judge once for a release, however often the play is run, and let a person decide when there is no data
  tradesense.delivery.analysis_run:
    namespace: tradesense-production
    templates: [success-rate]
    arguments:
      service-name: tradesense-api-gateway
    name: before-v2.8.0
    accept: [Successful, Inconclusive]
"""

RETURN = r"""
run:
  description: The run as it was when the task ended.
  returned: always, unless nothing was created or found
  type: dict
  contains:
    name:
      description: Name of the AnalysisRun.
      type: str
      sample: success-rate-5f0c2d9a
    kind:
      description:
        - What the run was made for. V(Step), V(Background), V(PrePromotion) and V(PostPromotion) belong to a Rollout, V(Experiment) to an
          Experiment; V(Standalone) is a run of its own.
      type: str
      sample: Standalone
    rollout:
      description: Name of the Rollout it belongs to, empty when it belongs to none.
      type: str
      sample: ""
    revision:
      description: Revision of the Rollout that it measured, 0 for a run of its own.
      type: int
      sample: 0
    hash:
      description: Pod-template hash that it measured, empty for a run of its own.
      type: str
      sample: ""
    step:
      description: Index of the canary step it belongs to; the first step has index 0. None for all others.
      type: int
      sample: null
    phase:
      description:
        - V(Pending), V(Running), V(Successful), V(Failed), V(Error) or V(Inconclusive), as Argo Rollouts defines them.
        - V(Terminated) is a run that was terminated before it came to a verdict. Argo calls such a run V(Successful), whatever it measured.
      type: str
      sample: Failed
    message:
      description: The controller's reason for the phase.
      type: str
      sample: 'Metric "error-share" assessed Failed due to failed (1) > failureLimit (0)'
    termination_requested:
      description: Whether somebody asked for its termination. A run that failed before keeps its verdict.
      type: bool
      sample: false
    created:
      description: When it was created, in UTC.
      type: str
      sample: "2026-11-23T10:15:00Z"
    started:
      description: When the controller began with it, in UTC; empty before.
      type: str
      sample: "2026-11-23T10:15:00Z"
    finished:
      description: When it ended, in UTC; empty before, and for a run that the controller found invalid.
      type: str
      sample: "2026-11-23T10:17:00Z"
    arguments:
      description:
        - Its arguments by name. One that comes from a Secret shows the name and the key of the Secret.
        - A value is not shown when the argument's name says that it is secret, as V(api-token) does.
      type: dict
      sample: {service: tradesense-api-gateway, token: "Secret prometheus, key token"}
    metrics:
      description: Its metrics.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the metric.
          type: str
          sample: error-share
        provider:
          description: Kind of the provider that measures it.
          type: str
          sample: prometheus
        phase:
          description: Phase of the metric, as of a run. When the run ends early, a metric that is not done becomes V(Successful).
          type: str
          sample: Failed
        message:
          description: The controller's message for the metric, empty when there is none.
          type: str
          sample: ""
        success_condition:
          description: When a measurement is successful, arguments put in.
          type: str
          sample: "len(result) > 0 && result[0] < 0.02"
        failure_condition:
          description: When a measurement is failed, arguments put in; empty when the metric has none.
          type: str
          sample: "len(result) > 0 && result[0] >= 0.02"
        dry_run:
          description: Whether it is measured without counting for the run.
          type: bool
          sample: false
        count:
          description: Number of measurements, without those that were not possible.
          type: int
          sample: 3
        successful:
          description: Number of successful measurements.
          type: int
          sample: 2
        failed:
          description: Number of failed measurements.
          type: int
          sample: 1
        inconclusive:
          description: Number of inconclusive measurements.
          type: int
          sample: 0
        error:
          description: Number of measurements that were not possible.
          type: int
          sample: 0
        limits:
          description:
            - The limits of the metric. C(count) is how many measurements are taken, none when they have no end.
            - C(failed), C(inconclusive) and C(consecutive_error) are tolerated, one more ends the run; V(-1) for C(failed) tolerates any number.
            - C(consecutive_success) is how many have to succeed in succession, V(0) when none have to.
          type: dict
          sample: {count: 5, failed: 0, inconclusive: 0, consecutive_error: 4, consecutive_success: 0}
        measurements:
          description:
            - The measurements that the controller kept, oldest first; it keeps the last ten unless the template says otherwise.
            - The condition is the success condition without its guards against missing data. Times are in UTC.
          type: list
          elements: dict
          sample:
            - phase: Failed
              value: "0.21"
              condition: "< 0.02"
              started: "2026-11-23T10:17:00Z"
              finished: "2026-11-23T10:17:00Z"
              message: ""
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: "analysis run success-rate-5f0c2d9a is Failed: metric error-share measured 0.21, needs < 0.02."
reason:
  description:
    - A stable word for why the task failed, for C(failed_when) and C(rescue).
    - V(AnalysisFailed), V(AnalysisError) and V(AnalysisInconclusive) are verdicts; with V(Timeout) and V(Terminated) there is none.
  returned: failure
  type: str
  sample: AnalysisFailed
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: "look at what its metrics lack, or raise timeout"
where:
  description: The cluster and the namespace that failed.
  returned: failure
  type: str
  sample: "https://api.example:6443, namespace tradesense-production"
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: ["success-rate-5f0c2d9a: analysis metric error-share measured 0.011, needs < 0.02: ok (1 of 3)"]
"""

from ..module_utils._analysis_runs.operations import RUN
from ..module_utils._door import run_module


def main() -> None:
    """Run the module."""
    run_module(RUN)


if __name__ == "__main__":
    main()
