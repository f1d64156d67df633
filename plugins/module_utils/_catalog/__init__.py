# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The service catalog: from what people write to what templates read. Private: other collections must not import it."""
