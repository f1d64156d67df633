# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the architecture asks for, and how an environment is compared with it."""
