# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of what the modules support."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes shared by the modules."""

    DOCUMENTATION = r"""
attributes:
  action_group:
    description: The module is part of this action group, for C(module_defaults).
    support: full
    membership: [tradesense.delivery.delivery]
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details:
      - Long waits show their progress live instead.
  action:
    description: Has an action plugin of the same name that runs on the controller.
    support: full
    details:
      - With C(connection=local) the task runs inside Ansible itself, which is about ten times faster, and shows its progress live.
      - With any other connection, or with C(become), the module runs on the host.
"""

    WRITES = r"""
attributes:
  check_mode:
    description: Can run in check mode and tell what would change.
    support: full
    details:
      - Every request is sent as a server-side dry run, through the same code.
  diff_mode:
    description: Returns what changed (or would change) in diff mode.
    support: full
  idempotent:
    description: A second identical run changes nothing.
    support: full
"""

    READS = r"""
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details:
      - The module changes nothing.
  diff_mode:
    description: Returns what changed in diff mode.
    support: N/A
  idempotent:
    description: A second identical run changes nothing.
    support: full
"""
