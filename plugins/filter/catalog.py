# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `catalog`: the door to the service catalog."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.normalise import normalise
from ..module_utils._configuration.service import configured
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: catalog
author: TradeSense Delivery contributors (@tradesense)
short_description: Fills in and checks the service catalog
description:
  - Lays an environment's overrides over the service catalog, fills in every default, checks every key and adds the
    names and labels of each service's objects.
  - The result is what the templates of role C(workloads) read.
  - A mistake is an error that names the entry and the key, what is wrong and what is accepted. All mistakes are
    named at once.
positional: overrides
options:
  _input:
    description:
      - The catalog, a mapping of services to entries.
      - The README of role C(workloads) lists the keys of an entry.
    type: dict
    required: true
  overrides:
    description:
      - Mapping of services to the keys that differ in an environment.
      - Mappings are merged key by key; lists are replaced; null takes a key away, so that its default applies.
    type: dict
    default: {}
  environment:
    description: Value of the environment variable E(ENVIRONMENT) of every service that sets none itself.
    type: str
    default: ''
  versions:
    description: Mapping of services to versions that take the place of the catalog's.
    type: dict
    default: {}
  selected:
    description: The services to return. The default is all of them.
    type: list
    elements: str
  configuration:
    description:
      - What the services' pods get as environment, a mapping with C(config) (key to value), C(secrets) (Secret to keys
        to texts with placeholders) and C(values) (placeholder to value).
      - Left out, nothing of it is looked at.
    type: dict
"""

EXAMPLES = r"""
- name: Show the images of an environment
  ansible.builtin.debug:
    msg: "{{ item.image }}:{{ item.version }}"
  loop: "{{ (tradesense_services | tradesense.delivery.catalog(tradesense_service_overrides)).values() }}"
"""

RETURN = r"""
_value:
  description:
    - Mapping of services to complete entries, in the catalog's order.
    - Beside the catalog's keys an entry has C(service), C(name) (of its objects), C(labels), C(pod_labels), C(selector)
      and C(services) (names of its Services).
    - With O(configuration), C(config_name) and C(secrets_name) are the immutable ConfigMap and Secret of its pods.
    - Of C(rolling), C(blue_green), C(canary) and C(stateful) only that of its strategy is set.
  type: dict
"""


def catalog(
    services: object,
    overrides: object = None,
    environment: str = "",
    versions: object = None,
    selected: object = None,
    configuration: object = None,
) -> dict[str, Any]:
    """Return the normalised catalog; see DOCUMENTATION."""
    try:
        entries = normalise(services, overrides, environment=environment, versions=versions, selected=selected)
        return dict(entries if configuration is None else configured(entries, configuration)[0])
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"catalog": catalog}
