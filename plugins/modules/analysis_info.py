#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Read analysis runs and what they measured."""

from __future__ import annotations

DOCUMENTATION = r"""
module: analysis_info
short_description: Read analysis runs and what they measured
version_added: 0.2.0
description:
  - Reads the AnalysisRuns of a namespace, newest first, with their metrics, limits and measurements.
  - What is given as options is combined. Only runs that fit all of it are returned.
  - A run or a Rollout that is named and does not exist is an error, because a misspelt name would look like one without a bad run.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.reads
options:
  namespace:
    description:
      - Namespace of the runs.
    type: str
    required: true
  names:
    description:
      - Names of runs.
    type: list
    elements: str
    aliases: [name]
  rollouts:
    description:
      - Names of Rollouts whose runs are meant. Whose a run is, its owner reference says.
    type: list
    elements: str
  label_selectors:
    description:
      - Label selectors that a run has to fit, all of them, for instance V(rollouts-pod-template-hash=6c96ffff68).
    type: list
    elements: str
  phases:
    description:
      - Phases in which a run has to be; see RV(runs[].phase).
    type: list
    elements: str
    choices: [Pending, Running, Successful, Failed, Error, Inconclusive, Terminated]
  kinds:
    description:
      - What a run has to be made for; see RV(runs[].kind).
    type: list
    elements: str
    choices: [Step, Background, PrePromotion, PostPromotion, Experiment, Standalone]
notes:
  - Needed permission in the namespace is list of analysisruns (argoproj.io). With a single name in O(names), a role whose C(resourceNames) holds it is enough.
  - With O(rollouts), also get of rollouts (argoproj.io), for those without any run.
seealso:
  - module: tradesense.delivery.analysis_run
  - module: tradesense.delivery.rollout_info
"""

EXAMPLES = r"""
- name: Read what was measured of a release
  tradesense.delivery.analysis_info:
    namespace: tradesense-production
    rollouts: [tradesense-trading-service]
    label_selectors: [rollouts-pod-template-hash=6c96ffff68]
  register: measured

- name: Say what the newest run came to
  ansible.builtin.debug:
    msg: "{{ (measured.runs | first).phase }}"
  when: measured.runs | length > 0

- name: Read everything in a namespace that went wrong
  tradesense.delivery.analysis_info:
    namespace: tradesense-production
    phases: [Failed, Error, Inconclusive]
"""

RETURN = r"""
runs:
  description: The runs, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the AnalysisRun.
      type: str
      sample: tradesense-trading-service-6c96ffff68-7-3
    kind:
      description:
        - What the run was made for. V(Step), V(Background), V(PrePromotion) and V(PostPromotion) belong to a Rollout, V(Experiment) to an
          Experiment; V(Standalone) is a run of its own.
      type: str
      sample: Step
    rollout:
      description: Name of the Rollout it belongs to, empty when it belongs to none.
      type: str
      sample: tradesense-trading-service
    revision:
      description: Revision of the Rollout that it measured, 0 for a run of its own.
      type: int
      sample: 7
    hash:
      description: Pod-template hash that it measured, empty for a run of its own.
      type: str
      sample: 6c96ffff68
    step:
      description: Index of the canary step it belongs to; the first step has index 0. None for all others.
      type: int
      sample: 3
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
  sample: "2 analysis runs in namespace tradesense-production: 1 Successful, 1 Failed."
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: AnalysisRunNotFound
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: "did you mean success-rate-5f0c2d9a?"
where:
  description: The cluster and the namespace that failed.
  returned: failure
  type: str
  sample: "https://api.example:6443"
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: []
"""

from ..module_utils._analysis_runs.operations import INFO
from ..module_utils._door import run_module


def main() -> None:
    """Run the module."""
    run_module(INFO)


if __name__ == "__main__":
    main()
