# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The demonstration behind ``make demo``."""
