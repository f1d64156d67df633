#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Becomes a node of the cluster. Beside what redis.sh names it takes
#   RUN_DIR      a folder in memory, for the configuration with the password
#   DATA_DIR     the volume
#   POD_IP       what other nodes and clients are told to reach this node by
#   POD_NAME     the same for people
#   MEMORY_MIB   the container's limit
set -eu
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$CONFIG_DIR/redis.sh"
umask 077

[ -r "$password_file" ] || fail "the Secret has no key REDIS_PASSWORD"
password=$(cat "$password_file")
[ -n "$password" ] || fail "REDIS_PASSWORD is empty in the Secret"
case $password in
*'
'*) fail "REDIS_PASSWORD has more than one line in the Secret" ;;
esac
quoted=$(printf '%s' "$password" | sed 's/["\\]/\\&/g')

# A quarter stays free for copies that replication and rewriting make.
cat >"$RUN_DIR/redis.conf" <<END
include $CONFIG_DIR/redis.conf
dir $DATA_DIR
port $REDIS_PORT
bind ${BIND_ADDRESSES:-* -::*}
maxmemory $((MEMORY_MIB * 3 / 4))mb
cluster-announce-ip $POD_IP
cluster-announce-hostname ${ANNOUNCE_HOSTNAME:-$POD_NAME}
requirepass "$quoted"
masterauth "$quoted"
END
exec redis-server "$RUN_DIR/redis.conf"
