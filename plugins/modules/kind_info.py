#!/usr/bin/python
# Copyright: TradeSense Delivery contributors
# Apache License 2.0 (see LICENSE) or, at your choice, GNU General Public License v3.0+ (as Ansible itself)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
"""Tell which kinds a cluster serves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kind_info
short_description: Tell which kinds a cluster serves
version_added: 0.2.0
description:
  - Asks a cluster whether it serves kinds of objects, for instance Routes, which only OpenShift has, or Rollouts, which Argo Rollouts brings.
  - One request is sent for each entry of O(kinds).
author:
  - TradeSense Delivery contributors (@tradesense)
extends_documentation_fragment:
  - tradesense.delivery.connection
  - tradesense.delivery.attributes
  - tradesense.delivery.attributes.reads
options:
  kinds:
    description:
      - The kinds to ask for.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description:
          - Group and version of the kind, as manifests write it.
        type: str
        required: true
      kind:
        description:
          - The kind, as manifests write it.
        type: str
        required: true
  namespace:
    description:
      - Not used. Accepted so that C(module_defaults) of the action group fit this module too.
    type: str
notes:
  - No permission is needed beyond that of discovery, which every account that a cluster knows has.
seealso:
  - module: tradesense.delivery.apply
"""

EXAMPLES = r"""
- name: Ask whether the cluster has Routes
  tradesense.delivery.kind_info:
    kinds:
      - api_version: route.openshift.io/v1
        kind: Route
  register: asked

- name: Say so
  ansible.builtin.debug:
    msg: This is OpenShift.
  when: asked.kinds[0].served
"""

RETURN = r"""
kinds:
  description: The kinds that were asked for, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    api_version:
      description: Group and version of the kind.
      type: str
      sample: route.openshift.io/v1
    kind:
      description: The kind.
      type: str
      sample: Route
    served:
      description: Whether the cluster serves it.
      type: bool
      sample: true
msg:
  description: What was found, in a sentence.
  returned: always
  type: str
  sample: The cluster does not serve Route of route.openshift.io/v1.
reason:
  description: A stable word for why the task failed, for C(failed_when) and C(rescue).
  returned: failure
  type: str
  sample: Unreachable
hint:
  description: What to do next.
  returned: failure
  type: str
  sample: check the address of the cluster
where:
  description: The cluster that failed.
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

from ..module_utils._door import run_module
from ..module_utils._kube.serving import KIND_INFO


def main() -> None:
    """Run the module."""
    run_module(KIND_INFO)


if __name__ == "__main__":
    main()
