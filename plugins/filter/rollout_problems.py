# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Filter `rollout_problems`: what is wrong with rollouts, in sentences."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import DeliveryError

DOCUMENTATION = r"""
name: rollout_problems
author: TradeSense Delivery contributors (@tradesense)
short_description: Says what is wrong with rollouts
version_added: 0.2.0
description:
  - Names, for a message to people, each rollout that was aborted, is degraded or waits after an inconclusive analysis; analysis runs of the revision in
    flight that failed, with what they measured; pods that cannot be made or do not get ready by themselves; and production traffic that no pod serves.
  - A release that is only on its way is no problem.
  - M(tradesense.delivery.rollout_info) tells all of this; the results of other modules have neither pods nor analysis runs.
options:
  _input:
    description: A rollout, as an entry of C(rollouts) in the result of a C(rollout_*) module, or all of them, or such a result.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop with everything that is wrong
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ status | tradesense.delivery.rollout_problems }}"
"""

RETURN = r"""
_value:
  description: A text for each problem, with the name of its rollout before it unless one rollout was given alone; none when nothing is wrong.
  type: list
  elements: str
  sample: ["tradesense-trading-service: 2 pods of revision 7 are ImagePullBackOff: Back-off pulling image \"tradesense/trading-service:v2.8.0\""]
"""


def rollout_problems(rollouts: object) -> list[str]:
    """Return the problems; see DOCUMENTATION."""
    # Every task that uses any filter loads this file.
    from ..module_utils._rollouts.answers import problems

    try:
        return problems(rollouts)
    except DeliveryError as error:
        raise AnsibleFilterError(error.sentence()) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"it is no result of this version: {error!r}") from None


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by name."""
        return {"rollout_problems": rollout_problems}
