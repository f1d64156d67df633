#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Becomes the server: the primary, or with PRIMARY_HOST, PRIMARY_PORT and POD_NAME in its environment a replica. Takes
# LISTEN_ADDRESSES (default: all) beside what postgres.sh names.
set -eu
# shellcheck source-path=SCRIPTDIR source=postgres.sh
. "$CONFIG_DIR/postgres.sh"

# A volume may come back with more rights for the group than Postgres accepts.
chmod 0700 "$PGDATA"
set -- -D "$PGDATA" -c config_file="$CONFIG_DIR/postgresql.conf" -c hba_file="$CONFIG_DIR/pg_hba.conf" \
  -c port="$PGPORT" -c listen_addresses="${LISTEN_ADDRESSES:-*}" -c unix_socket_directories="$RUN_DIR"
if [ -n "${PRIMARY_HOST:-}" ]; then
  : "${PRIMARY_PORT:?}" "${POD_NAME:?}"
  passfile=$(password_file replication.pgpass "$REPLICATION_USER" DB_REPLICATION_PASSWORD)
  primary="host='$PRIMARY_HOST' port='$PRIMARY_PORT' user='$REPLICATION_USER' passfile='$passfile'"
  set -- "$@" -c primary_conninfo="$primary application_name='$POD_NAME'" -c primary_slot_name="replica_${POD_NAME##*-}"
fi
exec postgres "$@"
