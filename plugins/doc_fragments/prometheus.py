# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options for Prometheus; their specification is module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Option groups of what asks Prometheus."""

    DOCUMENTATION = r"""
options:
  prometheus_url:
    description:
      - Address of Prometheus, or of what speaks its API (Thanos, Mimir, VictoriaMetrics), for instance V(http://prometheus.example:9090).
        C(/api/v1/query) is appended to it.
      - A user name and password in it are used for basic authentication and appear in no message.
      - The environment variable E(TRADESENSE_PROMETHEUS_URL) is used when the option is not set. One of them is required.
    type: str
  prometheus_token:
    description:
      - Bearer token. It is not sent where a redirect leads to, because redirects are not followed.
      - The environment variable E(TRADESENSE_PROMETHEUS_TOKEN) is used when the option is not set.
    type: str
  prometheus_username:
    description:
      - User name for basic authentication; not together with O(prometheus_token).
      - The environment variable E(TRADESENSE_PROMETHEUS_USERNAME) is used when the option is not set.
    type: str
  prometheus_password:
    description:
      - Password for O(prometheus_username).
      - The environment variable E(TRADESENSE_PROMETHEUS_PASSWORD) is used when the option is not set.
    type: str
  prometheus_headers:
    description:
      - Further headers of every request, for instance the tenant of a Mimir.
      - Their values are not repeated in results, nor in messages that quote the server.
    type: dict
  prometheus_validate_certs:
    description:
      - Whether the certificate of Prometheus is verified. When it is off, every task warns.
      - The environment variable E(TRADESENSE_PROMETHEUS_VALIDATE_CERTS) is used when the option is not set.
    type: bool
    default: true
  prometheus_ca_cert:
    description:
      - Path of the certificate authority's certificates for Prometheus; by default those that Python's requests trusts.
      - The environment variable E(TRADESENSE_PROMETHEUS_CA_CERT) is used when the option is not set.
    type: path
  prometheus_client_cert:
    description:
      - Path of a client certificate, or of a file with the certificate and its key.
      - The environment variable E(TRADESENSE_PROMETHEUS_CLIENT_CERT) is used when the option is not set.
    type: path
  prometheus_client_key:
    description:
      - Path of the key of O(prometheus_client_cert).
      - The environment variable E(TRADESENSE_PROMETHEUS_CLIENT_KEY) is used when the option is not set.
    type: path
  prometheus_retries:
    description:
      - How many times a query is repeated that Prometheus could not serve, because it could not be reached, cut the connection or answered
        429, 502, 503 or 504. C(Retry-After) is honoured.
    type: int
    default: 3
  request_timeout:
    description:
      - Seconds for one query. Prometheus is told to stop working on it after that, and no repetition begins or is waited for any more.
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - requests >= 2.32.0
notes:
  - The proxies of the environment (E(HTTP_PROXY), E(HTTPS_PROXY), E(NO_PROXY)) are used, a C(.netrc) file is not.
"""
