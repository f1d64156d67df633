#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Brings this node into its place in the cluster, and keeps it there: pods come back with other addresses, and where all
# of them do at once no node finds any other by itself. Takes PAUSE (seconds, default 10) beside what form.sh names.
set -eu
trap 'exit 0' TERM INT
was=""
while :; do
  if sh "$CONFIG_DIR/form.sh"; then
    [ "$was" = formed ] || printf 'keep.sh: this node is in its place\n' >&2
    was=formed pause=${PAUSE:-10}
  else
    was=open pause=1
  fi
  sleep "$pause" &
  wait $! || true
done
