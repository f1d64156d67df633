# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of what the tests and filters for rollouts take."""

from __future__ import annotations


class ModuleDocFragment:
    """What is asked about."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - A rollout, as an entry of C(rollouts) in the result of a C(rollout_*) module.
      - Or such a result, or all of its C(rollouts); then the answer is true when it is true of each of them.
      - Anything else is an error, for instance the result of a task that was skipped, and a result without any rollout.
    type: dict
    required: true
"""
