#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Readiness: whether the server takes connections.
exec pg_isready --quiet --timeout=5
