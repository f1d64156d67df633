# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Lookup `prometheus`: the values of queries."""

from __future__ import annotations

DOCUMENTATION = r"""
name: prometheus
author: TradeSense Delivery contributors (@tradesense)
version_added: 0.2.0
short_description: Values of queries to Prometheus
description:
  - Asks Prometheus, from the controller, for the present value of each query.
  - Data that is missing is never a V(0). No data, and NaN, which a division by 0 gives, are errors unless O(no_data) and O(nan)
    say otherwise.
  - Ansible renders a variable anew wherever it is used, and then this lookup asks again. Use
    M(tradesense.delivery.prometheus_query) to ask once, to wait for a value, or for a range of time.
options:
  _terms:
    description: The queries, in PromQL.
    type: list
    elements: str
    required: true
  result:
    description:
      - What to return for a query.
      - V(value) is its number, and an error if there are several. It is none if there is no data, NaN (where that is allowed)
        or an infinity. For a query that is a string it is the string.
      - V(samples) is the list of its samples, each with C(labels), C(value), C(state) and C(timestamp).
    type: str
    choices: [value, samples]
    default: value
  time:
    description:
      - The time to ask for; Prometheus' own present by default.
      - Written as in RFC 3339, for instance V(2026-11-23T10:15:00Z), as a unix time, as V(now), or as V(-15m) for fifteen
        minutes ago.
    type: str
  no_data:
    description:
      - Whether it is an error when a query has no data (V(fail)), or none, or an empty list, is returned for it (V(ok)).
    type: str
    choices: [fail, ok]
    default: fail
  nan:
    description:
      - Whether it is an error when a value is NaN (V(fail)), or none is returned for it (V(ok)), or it is left out (V(drop)),
        and O(no_data) decides if nothing is left.
    type: str
    choices: [fail, ok, drop]
    default: fail
  prometheus_url:
    description:
      - Address of Prometheus, or of what speaks its API, for instance V(http://prometheus.example:9090). C(/api/v1/query) is
        appended to it.
      - A user name and password in it are used for basic authentication and appear in no message. Required, here or in the
        environment.
    type: str
    aliases: [url]
    env:
      - name: TRADESENSE_PROMETHEUS_URL
  prometheus_token:
    description: Bearer token.
    type: str
    env:
      - name: TRADESENSE_PROMETHEUS_TOKEN
  prometheus_username:
    description: User name for basic authentication; not together with O(prometheus_token).
    type: str
    env:
      - name: TRADESENSE_PROMETHEUS_USERNAME
  prometheus_password:
    description: Password for O(prometheus_username).
    type: str
    env:
      - name: TRADESENSE_PROMETHEUS_PASSWORD
  prometheus_headers:
    description: Further headers of every request, for instance the tenant of a Mimir.
    type: dict
  prometheus_validate_certs:
    description: Whether the certificate of Prometheus is verified. When it is off, every use warns.
    type: bool
    default: true
    env:
      - name: TRADESENSE_PROMETHEUS_VALIDATE_CERTS
  prometheus_ca_cert:
    description: Path of the certificate authority's certificates for Prometheus; by default those that Python's requests trusts.
    type: path
    env:
      - name: TRADESENSE_PROMETHEUS_CA_CERT
  prometheus_client_cert:
    description: Path of a client certificate, or of a file with the certificate and its key.
    type: path
    env:
      - name: TRADESENSE_PROMETHEUS_CLIENT_CERT
  prometheus_client_key:
    description: Path of the key of O(prometheus_client_cert).
    type: path
    env:
      - name: TRADESENSE_PROMETHEUS_CLIENT_KEY
  prometheus_retries:
    description:
      - How many times a query is repeated that Prometheus could not serve, because it could not be reached, cut the connection
        or answered 429, 502, 503 or 504. C(Retry-After) is honoured.
    type: int
    default: 3
  request_timeout:
    description:
      - Seconds for one query. Prometheus is told to stop working on it after that, and no repetition begins or is waited for
        any more.
    type: float
    default: 30.0
requirements:
  - requests >= 2.32.0 (on the controller)
notes:
  - The proxies of the environment (E(HTTP_PROXY), E(HTTPS_PROXY), E(NO_PROXY)) are used, a C(.netrc) file is not.
seealso:
  - module: tradesense.delivery.prometheus_query
"""

EXAMPLES = r"""
- name: Show how many targets are up
  ansible.builtin.debug:
    msg: "{{ lookup('tradesense.delivery.prometheus', 'count(up == 1)', url='http://prometheus.example:9090') }}"

- name: Stop when one request in a hundred fails, or when nobody knows
  ansible.builtin.assert:
    that: lookup('tradesense.delivery.prometheus', 'job:request_errors:share2m') < 0.01

- name: Show the targets that are down, where none is a good answer
  ansible.builtin.debug:
    msg: "{{ item.labels.instance }}"
  loop: "{{ lookup('tradesense.delivery.prometheus', 'up == 0', result='samples', no_data='ok') }}"

- name: Ask two queries at once
  ansible.builtin.debug:
    msg: "{{ query('tradesense.delivery.prometheus', 'sum(orders_open)', 'sum(orders_failed)') }}"
"""

RETURN = r"""
_raw:
  description: For each query its value, or the list of its samples, as O(result) says.
  type: list
  elements: raw
  sample: [0.0034]
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._analysis.looking import look_up
from ..module_utils._catalog.plain import plain
from ..module_utils._errors import DeliveryError


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core is not typed
    """What Ansible looks for in a file of a lookup."""

    def run(self, terms: Any, variables: Any = None, **given: Any) -> list[Any]:
        """Return an entry for each query; see DOCUMENTATION."""
        self.set_options(var_options=variables, direct=given)
        known = self.option_definitions
        names = set(known) | {alias for option in known.values() for alias in option.get("aliases", [])}
        unknown = ", ".join(sorted(set(given) - names))
        if unknown:
            # Ansible ignores what it does not know, and a misspelt no_data would go unnoticed until there is none.
            raise AnsibleLookupError(
                f"there is no option {unknown}; there are {', '.join(sorted(names - {'_terms'}))}."
            )
        options = {name: plain(value) for name, value in self.get_options().items()}
        try:
            return look_up([str(term) for term in self._flatten(terms)], options, self._display.warning)
        except DeliveryError as error:
            raise AnsibleLookupError(error.sentence()) from None
