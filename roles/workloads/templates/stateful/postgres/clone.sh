#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Before each start of a replica: copies the primary if there is no data folder yet. Takes PRIMARY_HOST, PRIMARY_PORT and
# POD_NAME, whose number names the replication slot, beside what postgres.sh names.
set -eu
# shellcheck source-path=SCRIPTDIR source=postgres.sh
. "$CONFIG_DIR/postgres.sh"
umask 077

if [ -s "$PGDATA/PG_VERSION" ]; then
  say "there is a copy; it goes on from where it was"
  exit 0
fi
if [ -d "$PGDATA" ]; then
  rmdir "$PGDATA" || fail "$PGDATA holds something that is no database; nothing was touched"
fi

slot=replica_${POD_NAME##*-}
PGPASSFILE=$(password_file replication.pgpass "$REPLICATION_USER" DB_REPLICATION_PASSWORD)
export PGPASSFILE
say "waiting for $PRIMARY_HOST:$PRIMARY_PORT"
until pg_isready --quiet --host="$PRIMARY_HOST" --port="$PRIMARY_PORT"; do
  sleep 1
done
say "copying it, with replication slot $slot"
rm -rf "$PGDATA.new"
set -- --host="$PRIMARY_HOST" --port="$PRIMARY_PORT" --username="$REPLICATION_USER" --no-password
# The slot is there before the copy begins, so that nothing is missing at its end.
pg_receivewal "$@" --create-slot --if-not-exists --slot="$slot"
pg_basebackup "$@" --pgdata="$PGDATA.new" --wal-method=stream --slot="$slot" --checkpoint=fast
: >"$PGDATA.new/standby.signal"
mv "$PGDATA.new" "$PGDATA"
say "the copy is made"
