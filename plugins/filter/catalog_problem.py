# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `catalog_problem`: what is wrong with the catalog or with a release, as one sentence."""

from __future__ import annotations

from typing import Any

from ..module_utils._catalog.graph import waves
from ..module_utils._catalog.normalise import normalise, only
from ..module_utils._catalog.release import versions as release_versions
from ..module_utils._configuration.service import configured
from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: catalog_problem
author: TradeSense Delivery contributors (@tradesense)
short_description: Says what is wrong with the service catalog or with a release
description:
  - Checks what the filters P(tradesense.delivery.catalog#filter), P(tradesense.delivery.release_versions#filter) and
    P(tradesense.delivery.release_waves#filter) would refuse, and returns the reason instead of failing.
  - A role can so stop with one sentence before anything is sent.
positional: overrides, versions, selected
options:
  _input:
    description: The service catalog.
    type: dict
    required: true
  overrides:
    description: What the environment lays over it.
    type: dict
  versions:
    description: Mapping of services to versions, in place of the catalog's.
    type: dict
  selected:
    description: The services to work on. The default is all of them.
    type: list
    elements: str
  release:
    description: The variables of a release, with any of C(version), C(versions) and C(services), to be checked too.
    type: dict
  configuration:
    description:
      - What the services' pods get as environment, to be checked too, as P(tradesense.delivery.catalog#filter) takes it.
    type: dict
"""

EXAMPLES = r"""
- name: Check the catalog
  vars:
    problem: "{{ tradesense_services | tradesense.delivery.catalog_problem(tradesense_service_overrides) }}"
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
"""

RETURN = r"""
_value:
  description: The sentence, empty when nothing is wrong.
  type: str
  sample: ""
"""


def catalog_problem(
    services: object,
    overrides: object = None,
    versions: object = None,
    selected: object = None,
    release: dict[str, object] | None = None,
    configuration: object = None,
) -> str:
    """Return the problem; see DOCUMENTATION."""
    try:
        # What a service comes after need not be selected.
        whole = normalise(services, overrides, versions=versions)
        waves(whole)
        entries = only(whole, selected)
        if configuration is not None:
            configured(entries, configuration)
        if release is not None:
            release_versions(services, release.get("version"), release.get("versions"), release.get("services"))
    except DeliveryError as error:
        return error.sentence()
    return ""


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"catalog_problem": catalog_problem}
