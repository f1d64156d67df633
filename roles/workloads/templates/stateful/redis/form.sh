#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Brings this node into its place in the cluster; each node has to do so. It looks at what is there and does only what is
# missing, so it may be run at any time and may be interrupted anywhere:
#   1. makes itself known to the nodes that it does not know, or knows by an old address;
#   2. in a new cluster, takes its part of the 16384 slots (the first half of the nodes does);
#   3. as an empty primary, also one that lost its volume, becomes the replica of the primary that has the fewest.
# Slots that were lost together with their keys are not given to anybody: somebody has to decide that.
# Takes POD_NAME, which ends with the node's number, and PEERS (host:port of all nodes, in order), beside what redis.sh
# names. Exit code 0: nothing is left to do; 1: come again.
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"

number=${POD_NAME##*-}
count=$(printf '%s\n' "$PEERS" | wc -w)
primaries=$((count / 2))

# A field of CLUSTER INFO.
info() {
  printf '%s\n' "$cluster_info" | tr -d '\r' | sed -n "s/^$1://p"
}

look() {
  if ! nodes=$(ask_me CLUSTER NODES 2>&1) || ! cluster_info=$(ask_me CLUSTER INFO 2>&1); then
    say "this node does not answer yet: $(printf '%s' "$nodes" | head -c 200)"
    exit 1
  fi
  mine=$(printf '%s\n' "$nodes" | awk '$3 ~ /myself/')
  [ -n "$mine" ] || {
    say "this node does not answer as a node of a cluster: $(printf '%s' "$nodes" | head -c 200)"
    exit 1
  }
}

look
if [ "$(info cluster_known_nodes)" = 1 ] && [ "$(info cluster_current_epoch)" = 0 ]; then
  # Distinct from the start, so that no two nodes have to settle it. Refused where it is not new: then it need not be.
  ask_me CLUSTER SET-CONFIG-EPOCH $((number + 1)) >/dev/null 2>&1 || true
fi

# 1. Who is where.
open=0 met=""
for peer in $PEERS; do
  host=${peer%:*} port=${peer##*:}
  its=$(ask "$host" "$port" CLUSTER NODES 2>/dev/null | awk '$3 ~ /myself/ { print $1, $2 }')
  if [ -z "$its" ]; then
    open=$((open + 1))
    continue
  fi
  id=${its%% *} address=${its##* }
  case $mine in "$id "*) continue ;; esac
  address=${address%%@*}
  case $nodes in
  *"$id $address@"*) ;;
  *)
    # Its address as it sees itself; nodes are not found by names.
    ask_me CLUSTER MEET "${address%:*}" "${address##*:}" >/dev/null 2>&1 || true
    met="$met $peer"
    ;;
  esac
done
if [ -n "$met" ]; then
  say "meeting$met"
  exit 1
fi

# 2. and 3. What is mine.
slots_of_mine=$(printf '%s\n' "$mine" | awk '{ print (NF > 8) }')
all_assigned=no healthy=no
[ "$(info cluster_slots_assigned)" != 16384 ] || all_assigned=yes
[ "$open" != 0 ] || [ "$(info cluster_state)" != ok ] || healthy=yes

# The primary that this node should copy: the one with the fewest replicas; from the node's number on, so that nodes that
# look at the same time choose different ones. Nothing for a replica that is where it should be. Of two replicas of a
# primary only one goes to a primary without any.
better_place() {
  printf '%s\n' "$nodes" | sort -n -k 9 | awk -v number="$number" '
    $3 ~ /myself/ { me = $1; mine = $4 }
    $3 ~ /fail/ { next }
    $3 ~ /master/ && NF > 8 { primary[n++] = $1 }
    $3 ~ /slave/ { replicas[$4]++; if ($1 > last[$4]) last[$4] = $1 }
    END {
      for (i = 0; i < n; i++) {
        candidate = primary[(number + i) % n]
        if (best == "" || replicas[candidate] + 0 < replicas[best] + 0) best = candidate
      }
      spare = replicas[mine] > 1 && last[mine] == me && replicas[best] + 0 == 0
      if (mine == "-" || spare) print best
    }'
}

if [ "$slots_of_mine" = 0 ] && [ "$all_assigned" = yes ]; then
  primary=$(better_place)
  if [ -n "$primary" ]; then
    say "becoming a replica of $primary"
    answer=$(ask_me CLUSTER REPLICATE "$primary" 2>&1) || true
    [ "$answer" = OK ] || say "refused: $answer"
    exit 1
  fi
elif [ "$slots_of_mine" = 0 ] && [ "$number" -lt "$primaries" ]; then
  if [ "$open" -gt 0 ] || [ "$(info cluster_known_nodes)" -lt "$count" ]; then
    say "waiting: $open nodes do not answer, $(info cluster_known_nodes) of $count are known"
    exit 1
  fi
  for peer in $PEERS; do
    keys=$(ask "${peer%:*}" "${peer##*:}" DBSIZE 2>&1) || true
    [ "$keys" = 0 ] || {
      say "slots are missing while $peer has $keys keys: what was lost with them has to be settled by hand"
      exit 1
    }
  done
  first=$((number * 16384 / primaries))
  last=$(((number + 1) * 16384 / primaries - 1))
  say "taking slots $first to $last"
  answer=$(ask_me CLUSTER ADDSLOTSRANGE "$first" "$last" 2>&1) || true
  [ "$answer" = OK ] || say "refused: $answer"
  exit 1
fi
[ "$healthy" = yes ]
