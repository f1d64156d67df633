# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `configuration`: the immutable ConfigMaps and Secrets that pods get their environment from."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._configuration.service import configured
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: configuration
author: TradeSense Delivery contributors (@tradesense)
short_description: Makes the ConfigMaps and Secrets that services' pods mount
version_added: 0.2.0
description:
  - Returns, for each service of a catalog, an immutable ConfigMap with the keys that C(config) of its entry names, and an
    immutable Secret with those that C(secrets) names.
  - The names end with a hash of the content. A changed value so is another object, which pods get with the next release,
    and a revision always finds what it was released with.
  - The result holds values of Secrets. Use it in a template of M(tradesense.delivery.apply), and never show or keep it.
positional: configuration
options:
  _input:
    description: The catalog, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  configuration:
    description:
      - A mapping with C(config) (key to value), C(secrets) (Secret to keys to texts with placeholders) and C(values)
        (placeholder to value).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the names of what pods mount
  vars:
    configuration: {config: "{{ tradesense_config }}"}
  ansible.builtin.debug:
    msg: >-
      {{ tradesense_services | tradesense.delivery.catalog
         | tradesense.delivery.configuration(configuration) | map(attribute='name') }}
"""

RETURN = r"""
_value:
  description:
    - A list of mappings with C(service), C(kind), C(name), C(scope), C(labels) and C(data) (key to text, not encoded).
  type: list
  elements: dict
"""


def configuration(entries: Any, configuration: object) -> list[dict[str, Any]]:
    """Return the objects; see DOCUMENTATION."""
    try:
        whole, copies = configured(entries, configuration)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    return [
        {
            "service": copy.service,
            "kind": copy.kind,
            "name": copy.name,
            "scope": whole[copy.service]["scope"],
            "labels": whole[copy.service]["labels"],
            "data": dict(copy.data),
        }
        for copy in copies
    ]


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"configuration": configuration}
