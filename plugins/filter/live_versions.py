# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `live_versions`: which version of each service is live."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError
from ..module_utils._release.plan import live_versions as versions_of
from ..module_utils._release.plan import targets_of

DOCUMENTATION = r"""
name: live_versions
author: TradeSense Delivery contributors (@tradesense)
short_description: Tells which version of each service is live
version_added: 0.2.0
description:
  - Reads the versions of a catalog's services off what C(rollout_info) found. Services that are not among it are left out.
positional: catalog
options:
  _input:
    description: RV(tradesense.delivery.rollout_info#module:rollouts).
    type: dict
    required: true
  catalog:
    description: The catalog, as filter P(tradesense.delivery.catalog#filter) returns it.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Release once more what is live, to bring changed configuration to the pods
  ansible.builtin.include_role:
    name: tradesense.delivery.release
  vars:
    release_versions: "{{ live.rollouts | tradesense.delivery.live_versions(tradesense_services | tradesense.delivery.catalog) }}"
"""

RETURN = r"""
_value:
  description: Mapping of services to versions, as variable C(release_versions) of role P(tradesense.delivery.release#role) takes it.
  type: dict
  sample: {trading-service: v2.7.0}
"""


def live_versions(rollouts: Any, catalog: Any) -> dict[str, str]:
    """Return the versions; see DOCUMENTATION."""
    try:
        return versions_of(rollouts, targets_of(catalog))
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"live_versions needs rollouts of rollout_info and a normalised catalog: {error!r}"
        ) from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"live_versions": live_versions}
