#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Readiness: whether the node answers, and the cluster it is in has all its slots.
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"
[ "$(ask_me PING)" = PONG ]
ask_me CLUSTER INFO | grep -q '^cluster_state:ok'
