# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `release_versions`: from the variables of a release to versions."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._catalog.release import versions
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: release_versions
author: TradeSense Delivery contributors (@tradesense)
short_description: Tells which services a release ships, and as which version
description:
  - Turns the variables of a release into one mapping of services to versions.
  - An unknown service, a version that is none and variables that contradict each other are errors.
  - A moving tag such as V(latest) is refused.
positional: release_version, release_versions, release_services
options:
  _input:
    description: The catalog, as written in the inventory or as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
  release_version:
    description: One version for every service that is released. An empty text counts as not given.
    type: str
  release_versions:
    description:
      - Mapping of services to versions.
      - A text such as V(trading-service=v2.8.0,user-service=v2.7.3) does as well.
    type: raw
  release_services:
    description:
      - The services to release, as a list or as a text with commas.
      - The default, also for an empty list or text, is all services of O(release_versions), or of the catalog when only
        O(release_version) is given.
    type: raw
"""

EXAMPLES = r"""
- name: Show what one version for two services means
  ansible.builtin.debug:
    msg: "{{ tradesense_services | tradesense.delivery.release_versions('v2.8.0', none, 'api-gateway,user-service') }}"
"""

RETURN = r"""
_value:
  description: Mapping of services to versions, in the catalog's order.
  type: dict
"""


def release_versions(
    services: object,
    release_version: object = None,
    release_versions: object = None,
    release_services: object = None,
) -> dict[str, str]:
    """Return service -> version; see DOCUMENTATION."""
    try:
        return versions(services, release_version, release_versions, release_services)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"release_versions": release_versions}
