# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Configuration and secrets: from what the inventory says to what pods mount. Private: other collections must not import it."""
