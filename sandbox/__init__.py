# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
