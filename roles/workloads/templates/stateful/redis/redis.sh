# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# What the other scripts share; they read it in. All of them take their programs from PATH, and from the environment
#   CONFIG_DIR   where these files lie
#   SECRETS_DIR  a file for each key of the Secret
#   REDIS_PORT   the port of this node
#   REDIS_HOST   where this node is reached from inside its pod (default: 127.0.0.1)
# The password is never an argument or an environment variable: everybody who sees processes could read it.

password_file=$SECRETS_DIR/REDIS_PASSWORD

say() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# A command of Redis, and its answer; an error is a failure. Arguments: host, port, command. A node that hangs must not
# hold the script.
ask() {
  host=$1 port=$2
  shift 2
  timeout 5 redis-cli -e --askpass -h "$host" -p "$port" "$@" <"$password_file"
}

# The same to this node.
ask_me() {
  ask "${REDIS_HOST:-127.0.0.1}" "$REDIS_PORT" "$@"
}
