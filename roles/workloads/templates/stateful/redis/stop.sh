#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Before the pod ends: a primary hands over to one of its replicas, so that nobody has to notice its absence first. Where
# that is not done in ten seconds the others will notice.
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"
nodes=$(ask_me CLUSTER NODES)
me=$(printf '%s\n' "$nodes" | awk '$3 ~ /myself/ && $3 ~ /master/ && NF > 8 { print $1 }')
[ -n "$me" ] || exit 0
replica=$(printf '%s\n' "$nodes" | awk -v me="$me" '
  $4 == me && $3 ~ /slave/ && $3 !~ /fail/ && $8 == "connected" { split($2, part, "@"); print part[1]; exit }')
[ -n "$replica" ] || exit 0
ask "${replica%:*}" "${replica##*:}" CLUSTER FAILOVER >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
  case $(ask_me ROLE) in slave*) exit 0 ;; esac
  sleep 1
done
