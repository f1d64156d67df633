# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the other scripts share; they read it in. All of them take their programs from PATH, and from the environment
#   CONFIG_DIR   where these files lie
#   SECRETS_DIR  a file for each key of the Secret
#   RUN_DIR      a folder in memory, for the socket and for password files
#   PGDATA, PGPORT, PGHOST (the folder of the socket)
# No password is ever an argument or an environment variable: everybody who sees processes could read it.

# shellcheck disable=SC2034 # those that read this in use it
REPLICATION_USER=tradesense_replication

say() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# The value of a key of the Secret.
secret() {
  [ -r "$SECRETS_DIR/$1" ] || fail "the Secret has no key $1"
  value=$(cat "$SECRETS_DIR/$1")
  [ -n "$value" ] || fail "$1 is empty in the Secret"
  case $value in
  *'
'*) fail "$1 has more than one line in the Secret" ;;
  esac
  printf '%s' "$value"
}

# Where a password file of libpq is; writes it anew. Arguments: its name, user, key of the Secret.
password_file() {
  file=$RUN_DIR/$1
  password=$(secret "$3") || exit 1
  (
    umask 077
    # A colon and a backslash have a meaning there.
    printf '*:*:*:%s:%s\n' "$2" "$(printf '%s' "$password" | sed 's/[\\:]/\\&/g')" >"$file.new"
  )
  mv "$file.new" "$file"
  printf '%s' "$file"
}
