#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Query Prometheus."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prometheus_query
short_description: Query Prometheus
version_added: 0.2.0
description:
  - Asks Prometheus for the values of a query, at one time or over a range of time, and can wait until they are good.
  - Data that is missing is never a V(0). No data, and NaN, which a division by 0 gives, fail the task unless O(no_data) and O(nan) say otherwise.
  - A failure of the request, for instance of credentials, of the query itself or of the connection, always fails the task.
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.prometheus
  - tradesense.delivery.group_defaults
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.reads
options:
  query:
    description:
      - The query, in PromQL.
    type: str
    required: true
  time:
    description:
      - The time to ask for; Prometheus' own present by default. Not together with O(start).
      - Written as in RFC 3339, for instance V(2026-11-23T10:15:00Z), as a unix time, as V(now), or as V(-15m) for fifteen minutes ago by the
        clock of the host that runs the task.
    type: str
  start:
    description:
      - Begin of a range of time, written like O(time). Needs O(step), and makes the result a RV(series) instead of RV(samples).
    type: str
  end:
    description:
      - End of the range, written like O(time); now by default.
    type: str
  step:
    description:
      - Distance of the points in the range, for instance V(15s), V(1h30m), or a number of seconds.
    type: str
  no_data:
    description:
      - What to do when the query has no data.
      - With V(fail) the task fails; a misspelt label looks just like this.
      - With V(ok) the task succeeds with RV(no_data=true), also if there is a O(condition).
    type: str
    choices: [fail, ok]
    default: fail
  nan:
    description:
      - What to do when a value is NaN, mostly the share of something of which there was nothing.
      - With V(fail) the task fails; with V(ok) it returns the value as null with the state V(nan); with V(drop) it leaves the value out, and
        O(no_data) decides if nothing is left.
    type: str
    choices: [fail, ok, drop]
    default: fail
  condition:
    description:
      - A comparison (V(<), V(<=), V(>), V(>=), V(==), V(!=)) with a number that every value has to fulfil, for instance V(< 0.01); else the task
        fails. NaN fulfils none.
      - Put it in quotes, because a C(>) at the start means something else to YAML.
      - Not for ranges of time.
    type: str
  timeout:
    description:
      - Seconds to wait until there is data, without NaN, that fulfils the O(condition), as far as these are asked for; with V(0) one answer decides.
      - Once Prometheus has answered, its being away for a moment does not end the wait.
    type: int
    default: 0
  interval:
    description:
      - Seconds between two queries while waiting.
    type: float
    default: 5.0
notes:
  - A number that is not finite is null in the result, because JSON has neither NaN nor infinities; its C(state) says which it was.
  - The options of a cluster are accepted but not used. Those for Prometheus begin with C(prometheus_), so that neither is taken for the other.
seealso:
  - plugin: tradesense.delivery.prometheus
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Read the share of errors
  tradesense.delivery.prometheus_query:
    prometheus_url: http://prometheus.example:9090
    query: >-
      (sum(rate(http_requests_total{namespace="tradesense-production", status=~"5.."}[2m])) or vector(0))
      / sum(rate(http_requests_total{namespace="tradesense-production"}[2m]))
  register: errors

- name: Show it
  ansible.builtin.debug:
    msg: "{{ errors.value }}"

- name: Go on when the share of errors is below one percent, within five minutes
  tradesense.delivery.prometheus_query:
    prometheus_url: http://prometheus.example:9090
    query: >-
      (sum(rate(http_requests_total{namespace="tradesense-production", status=~"5.."}[2m])) or vector(0))
      / sum(rate(http_requests_total{namespace="tradesense-production"}[2m]))
    condition: "< 0.01"
    timeout: 300

- name: Read which targets are down, of a Prometheus that wants a token, where none is a good answer
  tradesense.delivery.prometheus_query:
    prometheus_url: https://prometheus.example
    prometheus_token: "{{ vault_prometheus_token }}"
    prometheus_ca_cert: /etc/ssl/company.pem
    query: up == 0
    no_data: ok
  register: down

- name: Read the last quarter of an hour, a point every fifteen seconds
  tradesense.delivery.prometheus_query:
    prometheus_url: http://prometheus.example:9090
    query: sum by (pod) (rate(http_requests_total[1m]))
    start: -15m
    step: 15s
"""

RETURN = r"""
value:
  description: The value, when there is exactly one sample and its value is a finite number; else null.
  returned: always, unless Prometheus gave no result
  type: float
  sample: 0.0034
samples:
  description: The values at one time, of a vector or a scalar.
  returned: when the result is no matrix
  type: list
  elements: dict
  contains:
    labels:
      description: The labels, the name of the metric as C(__name__) among them; none for a scalar.
      type: dict
      sample: {__name__: up, namespace: tradesense-production, pod: tradesense-user-service-5d8f7b9c4d-x2x9p}
    value:
      description: The value; null if it is not finite.
      type: float
      sample: 1.0
    state:
      description: What the value is, V(ok) for a number, else V(nan), V(inf) or V(-inf).
      type: str
      sample: ok
    timestamp:
      description: The time of the value, in seconds since the epoch.
      type: float
      sample: 1795774502.781
series:
  description: The values over time, of a matrix.
  returned: when O(start) is set, or the query itself selects a range of time
  type: list
  elements: dict
  contains:
    labels:
      description: The labels, the name of the metric as C(__name__) among them.
      type: dict
      sample: {pod: tradesense-user-service-5d8f7b9c4d-x2x9p}
    points:
      description: The points, oldest first, each with C(timestamp), C(value) and C(state) as in RV(samples). Times without a value have no point.
      type: list
      elements: dict
      sample: [{timestamp: 1795774500.0, value: 12.4, state: ok}, {timestamp: 1795774515.0, value: null, state: nan}]
text:
  description: The text, when the query is a string.
  returned: when the result is a string
  type: str
  sample: hello
result_type:
  description: The type of the result, V(vector), V(matrix), V(scalar) or V(string).
  returned: always, unless Prometheus gave no result
  type: str
  sample: vector
no_data:
  description: Whether there is no data, or none is left without NaN.
  returned: always, unless Prometheus gave no result
  type: bool
  sample: false
query_warnings:
  description: What may make the result wrong, as Prometheus says, for instance that a part of the data could not be read. Shown as warnings too.
  returned: always, unless Prometheus gave no result
  type: list
  elements: str
  sample: ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]
query_infos:
  description: What Prometheus remarks on the query.
  returned: always, unless Prometheus gave no result
  type: list
  elements: str
  sample: ["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"up\" (1:6)"]
msg:
  description: What happened, in a sentence.
  returned: always
  type: str
  sample: The value is 0.0034, which is < 0.01.
reason:
  description: >-
    A stable word for why the task failed, for C(failed_when) and C(rescue); V(NoData), V(NotANumber) and V(ConditionNotMet) are those of an
    answer that is not good enough.
  returned: failure
  type: str
  sample: NoData
error_type:
  description: The type of the error, in Prometheus' words.
  returned: when Prometheus refused the query
  type: str
  sample: bad_data
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: correct the query
where:
  description: Prometheus and the query.
  returned: failure
  type: str
  sample: http://prometheus.example:9090, query up == 0
progress:
  description: The lines of progress, when the task ran as a module and could not show them live.
  returned: when the task ran on another host than the controller, and had something to tell
  type: list
  elements: str
  sample: ["the value 0.034 is not < 0.01 (295 s left)"]
"""

from ..module_utils._analysis.operations import QUERY
from ..module_utils._door import run_module


def main() -> None:
    """Run the module."""
    run_module(QUERY)


if __name__ == "__main__":
    main()
