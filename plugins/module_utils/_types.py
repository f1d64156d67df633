# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Names for the shapes that travel through the collection. Private: other collections must not import it."""

from __future__ import annotations

from typing import Any

# A Kubernetes object as the API server speaks it: decoded JSON, not a class, because its shape is the
# server's to define.
Obj = dict[str, Any]
