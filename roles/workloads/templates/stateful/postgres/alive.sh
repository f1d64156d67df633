#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Liveness: whether the server answers at all. One that refuses connections, because it recovers or all connections are
# taken, is alive: to kill it would only prolong that.
pg_isready --quiet --timeout=5
[ $? -le 1 ]
