# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the connection options; their specification is module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Option groups shared by the modules."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a mapping.
      - Without it, E(KUBECONFIG), C(~/.kube/config) and at last the pod's own service account are used.
      - The environment variable E(K8S_AUTH_KUBECONFIG) is used when the option is not set.
    type: raw
  context:
    description:
      - Context of the kubeconfig; its current context by default.
      - The environment variable E(K8S_AUTH_CONTEXT) is used when the option is not set.
    type: str
  host:
    description:
      - Address of the API server, for instance V(https://api.example:6443).
      - Together with O(api_key), O(client_cert) or O(username) it replaces the kubeconfig; alone it only corrects the address found there.
      - The environment variable E(K8S_AUTH_HOST) is used when the option is not set.
    type: str
  api_key:
    description:
      - Bearer token.
      - The environment variable E(K8S_AUTH_API_KEY) is used when the option is not set.
    type: str
  username:
    description:
      - User name for basic authentication, where a proxy in front of the API server asks for it.
      - The environment variable E(K8S_AUTH_USERNAME) is used when the option is not set.
    type: str
  password:
    description:
      - Password for O(username).
      - The environment variable E(K8S_AUTH_PASSWORD) is used when the option is not set.
    type: str
  validate_certs:
    description:
      - Whether the certificate of the API server is verified. Never switched off by the collection itself; when it is off, every task warns.
      - By default as the kubeconfig says, else verified.
      - The environment variable E(K8S_AUTH_VERIFY_SSL) is used when the option is not set.
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description:
      - Path of the certificate authority's certificates for the API server.
      - The environment variable E(K8S_AUTH_SSL_CA_CERT) is used when the option is not set.
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - Path of a client certificate.
      - The environment variable E(K8S_AUTH_CERT_FILE) is used when the option is not set.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of the key of O(client_cert).
      - The environment variable E(K8S_AUTH_KEY_FILE) is used when the option is not set.
    type: path
    aliases: [key_file]
  tls_server_name:
    description:
      - Name that the certificate of the API server is checked against, when it differs from the address.
      - The environment variable E(K8S_AUTH_TLS_SERVER_NAME) is used when the option is not set.
    type: str
  proxy:
    description:
      - Address of an HTTP proxy to reach the API server through.
      - The environment variable E(K8S_AUTH_PROXY) is used when the option is not set.
    type: str
  no_proxy:
    description:
      - Comma-separated hosts that are reached without O(proxy).
      - The environment variable E(K8S_AUTH_NO_PROXY) is used when the option is not set.
    type: str
  impersonate_user:
    description:
      - User to act as.
      - The environment variable E(K8S_AUTH_IMPERSONATE_USER) is used when the option is not set.
    type: str
  impersonate_groups:
    description:
      - Groups to act as.
      - The environment variable E(K8S_AUTH_IMPERSONATE_GROUPS) is used when the option is not set.
    type: list
    elements: str
  request_timeout:
    description:
      - Seconds that one request may take. Requests that the API server could not serve are repeated, honouring C(Retry-After).
    type: float
    default: 30.0
requirements:
  - python >= 3.11
  - kubernetes >= 37.0.0
"""

    NAMESPACE = r"""
options:
  namespace:
    description:
      - Namespace of the rollouts.
    type: str
    required: true
"""

    ROLLOUTS = r"""
options:
  rollouts:
    description:
      - Names of the rollouts. All are acted on at the same time; one that fails does not stop the others.
      - This or O(label_selectors) is required.
    type: list
    elements: str
    aliases: [name]
  label_selectors:
    description:
      - Labels of the rollouts, as requirements that all have to hold, for instance V(tier=backend) or V(app in (web, api)). Labels that match
        nothing are an error.
      - Deployments are chosen too, if they have this verb; not those that a Rollout refers to.
    type: list
    elements: str
    version_added: 0.2.0
"""

    GUARDS = r"""
options:
  expected_revision:
    description:
      - Refuse to act unless the rollout is at this revision. So a late approval never acts on a newer build.
    type: int
  expected_hash:
    description:
      - Refuse to act unless the current pod-template hash is this one.
    type: str
  expected_step:
    description:
      - Refuse to act unless the canary is in the step with this index (the first step has index 0).
    type: int
"""
