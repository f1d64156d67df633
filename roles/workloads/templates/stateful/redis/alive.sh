#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Liveness: whether the node answers at all. One that reads its data in, or has lost its primary, says so and is alive.
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"
case $(ask_me PING 2>&1) in
PONG* | LOADING* | MASTERDOWN* | BUSY*) exit 0 ;;
esac
exit 1
