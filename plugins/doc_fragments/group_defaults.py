# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of options that a module accepts only because the action group's defaults hold them."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of a cluster, for modules that ask none; their specification is module_utils/_argspec.py."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Not used. Accepted so that C(module_defaults) of the action group fit this module too.
    type: raw
  context:
    description: Not used, see O(kubeconfig).
    type: str
  host:
    description: Not used, see O(kubeconfig).
    type: str
  api_key:
    description: Not used, see O(kubeconfig). A cluster's token is sent nowhere else.
    type: str
  username:
    description: Not used, see O(kubeconfig).
    type: str
  password:
    description: Not used, see O(kubeconfig).
    type: str
  validate_certs:
    description: Not used, see O(kubeconfig).
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description: Not used, see O(kubeconfig).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description: Not used, see O(kubeconfig).
    type: path
    aliases: [cert_file]
  client_key:
    description: Not used, see O(kubeconfig).
    type: path
    aliases: [key_file]
  tls_server_name:
    description: Not used, see O(kubeconfig).
    type: str
  proxy:
    description: Not used, see O(kubeconfig).
    type: str
  no_proxy:
    description: Not used, see O(kubeconfig).
    type: str
  impersonate_user:
    description: Not used, see O(kubeconfig).
    type: str
  impersonate_groups:
    description: Not used, see O(kubeconfig).
    type: list
    elements: str
  namespace:
    description: Not used, see O(kubeconfig). A query names the namespace itself.
    type: str
"""
