# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Set-up, build and check tools of the repository. Standard library only: they run before any environment exists."""
