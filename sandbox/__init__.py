# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The sandbox: a whole control plane of real parts, without containers."""
