#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Before each start of the primary: makes the data folder with roles and database if there is none, and sets the
# passwords to what the Secret says now. Takes DATABASE, the database's name, beside what postgres.sh names.
set -eu
# shellcheck source-path=SCRIPTDIR source=postgres.sh
. "$CONFIG_DIR/postgres.sh"
umask 077

# Runs statements from standard input, one a line, in a server that has no door; the first error ends it. Statements with
# passwords must not reach the log, whatever happens to them.
statements() {
  postgres --single -D "$1" -c config_file="$CONFIG_DIR/postgresql.conf" -c exit_on_error=on \
    -c log_min_error_statement=panic -c log_checkpoints=off "$2" >/dev/null
}

# A text as SQL writes it.
literal() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"
}

user=$(secret DB_USERNAME)
superuser_password=$(secret DB_SUPERUSER_PASSWORD)
user_password=$(secret DB_PASSWORD)
replication_password=$(secret DB_REPLICATION_PASSWORD)
printf '%s\n' "$user" | grep -Eq '^[a-z_][a-z0-9_]{0,62}$' || fail "DB_USERNAME is no name of a role: $user"
case $user in
postgres | "$REPLICATION_USER") fail "DB_USERNAME must not be $user: that role is there for something else" ;;
esac

passwords() {
  printf 'ALTER ROLE postgres PASSWORD %s;\n' "$(literal "$superuser_password")"
  printf 'ALTER ROLE "%s" PASSWORD %s;\n' "$user" "$(literal "$user_password")"
  printf 'ALTER ROLE %s PASSWORD %s;\n' "$REPLICATION_USER" "$(literal "$replication_password")"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -d "$PGDATA" ]; then
    rmdir "$PGDATA" || fail "$PGDATA holds something that is no database; nothing was touched"
  fi
  # Made beside its place: what a killed pod left half done never looks finished.
  say "making the database $DATABASE in $PGDATA"
  rm -rf "$PGDATA.new"
  initdb -D "$PGDATA.new" --username=postgres --pwfile="$SECRETS_DIR/DB_SUPERUSER_PASSWORD" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null || fail "initdb failed"
  {
    printf 'CREATE ROLE "%s" LOGIN;\n' "$user"
    printf 'CREATE ROLE %s LOGIN REPLICATION;\n' "$REPLICATION_USER"
    printf 'CREATE DATABASE "%s" OWNER "%s";\n' "$DATABASE" "$user"
  } | statements "$PGDATA.new" postgres
  passwords | statements "$PGDATA.new" postgres
  mv "$PGDATA.new" "$PGDATA"
  say "the database is made"
else
  chmod 0700 "$PGDATA"
  passwords | statements "$PGDATA" postgres
  say "there is a database; its passwords are those of the Secret"
fi
