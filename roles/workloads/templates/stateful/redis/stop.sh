#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Before the pod ends: a primary hands over to one of its replicas, so that nobody has to notice its absence first. Where
# that is not done in ten seconds the others will notice. Then the copy of its primary's data is written to the end, where
# one is being written: the node would come back with older data. It has half a minute, which is less than the pod has.
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"

hand_over() {
  nodes=$(ask_me CLUSTER NODES)
  me=$(printf '%s\n' "$nodes" | awk '$3 ~ /myself/ && $3 ~ /master/ && NF > 8 { print $1 }')
  [ -n "$me" ] || return 0
  replica=$(printf '%s\n' "$nodes" | awk -v me="$me" '
    $4 == me && $3 ~ /slave/ && $3 !~ /fail/ && $8 == "connected" { split($2, part, "@"); print part[1]; exit }')
  [ -n "$replica" ] || return 0
  ask "${replica%:*}" "${replica##*:}" CLUSTER FAILOVER >/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    case $(ask_me ROLE) in slave*) return 0 ;; esac
    sleep 1
  done
}

finish_copy() {
  left=30
  while [ "$left" -gt 0 ]; do
    case $(ask_me INFO persistence) in
    *aof_rewrite_in_progress:1* | *aof_rewrite_scheduled:1*) ;;
    *) return 0 ;;
    esac
    sleep 1
    left=$((left - 1))
  done
}

hand_over
finish_copy
