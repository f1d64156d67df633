# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Connection `shipped`: this machine under another name, so that an action plugin ships its module as to any host."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: shipped
short_description: This machine, as if it were another
description:
  - For tests only. The same as ansible.builtin.local, but no plugin takes it for the controller.
options:
  become_success_timeout:
    description: Seconds to wait for become.
    type: int
    default: 10
  become_strip_preamble:
    description: Whether to hide the output of become.
    type: bool
    default: true
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(Local):  # type: ignore[misc]  # ansible-core is not typed
    """The local connection with another transport."""

    transport = "shipped"
