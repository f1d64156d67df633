# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `rollout_images`: what the containers of one revision of a rollout run."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: rollout_images
author: TradeSense Delivery contributors (@tradesense)
short_description: Tells which images a revision of a rollout runs
version_added: 0.2.0
description:
  - Picks the images of the revision with a tag out of a rollout's C(images), as option O(tradesense.delivery.rollout_set_image#module:images) takes them.
positional: tag
options:
  _input:
    description: A rollout, as an entry of C(rollouts) in the result of a C(rollout_*) module.
    type: dict
    required: true
  tag:
    description:
      - Which revision is meant. A canary has V(stable) and, while one is in flight, V(canary); a blue-green has V(stable), V(active) and V(preview); a
        Deployment has V(stable) and, while pods are exchanged, V(current).
    type: str
    choices: [stable, canary, active, preview, current]
    default: stable
"""

EXAMPLES = r"""
- name: Ship to staging what is stable in production
  tradesense.delivery.rollout_set_image:
    namespace: tradesense-staging
    rollouts: [tradesense-trading-service]
    images: "{{ production.rollouts['tradesense-trading-service'] | tradesense.delivery.rollout_images }}"
"""

RETURN = r"""
_value:
  description: Mapping of containers, init containers too, to their images; empty when no revision has the tag.
  type: dict
  sample: {trading-service: "tradesense/trading-service:v2.7.0"}
"""


def rollout_images(rollout: object, tag: str = "stable") -> dict[str, str]:
    """Return the images; see DOCUMENTATION."""
    # Every task that uses any filter loads this file.
    from ..module_utils._rollouts.answers import images

    try:
        return images(rollout, str(tag))
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"it is no result of this version: {error!r}") from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"rollout_images": rollout_images}
