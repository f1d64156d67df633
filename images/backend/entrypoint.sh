#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# serve     runs the service (the default)
# migrate   brings the database's schema to this version; a Job runs it once before a release, replicas never do
# anything else is run as it is
#
#   ENVIRONMENT           required by serve
#   DATABASE_URL          required by migrate
#   REQUIRED_VARIABLES    optional: names of further variables without which the service must not start, separated by spaces
#   WORKER_PROCESSES (4), WORKER_CONNECTIONS (1000 at a time in each worker), KEEPALIVE_TIMEOUT (65 s),
#   GRACEFUL_TIMEOUT (25 s, less than the 30 s a pod gets to end), LOG_LEVEL (INFO)
#
# No value of a variable is printed, and none that may be a secret is on a command line.
set -eu

refuse() {
    printf 'tradesense-backend: %s\n' "$1" >&2
    exit 78
}

value_of() {
    case $1 in '' | [0-9]* | *[!A-Za-z0-9_]*) refuse 'REQUIRED_VARIABLES has to be names of variables, separated by spaces.' ;; esac
    eval "value=\${$1:-}"
}

# need VARIABLE...: each has a value, and not one that still waits for its secret.
need() {
    for name in "$@"; do
        value_of "$name"
        # shellcheck disable=SC2154 # eval sets it
        [ -n "$value" ] || refuse "The environment variable $name is not set. The service cannot run without it."
        # shellcheck disable=SC2016 # the text itself is looked for
        case $value in *'${'*) refuse "The environment variable $name still has a placeholder (\${...}) in it." ;; esac
    done
}

# number VARIABLE DEFAULT: puts the whole number into $value.
number() {
    value_of "$1"
    value=${value:-$2}
    case $value in 0* | *[!0-9]*) refuse "The environment variable $1 has to be a whole number above 0." ;; esac
}

serve() {
    # shellcheck disable=SC2086 # a list of names
    need ENVIRONMENT ${REQUIRED_VARIABLES:-}
    number WORKER_PROCESSES 4 && workers=$value
    number WORKER_CONNECTIONS 1000 && connections=$value
    number KEEPALIVE_TIMEOUT 65 && keepalive=$value
    number GRACEFUL_TIMEOUT 25 && graceful=$value
    level=$(printf '%s' "${LOG_LEVEL:-INFO}" | tr '[:upper:]' '[:lower:]')
    case $level in critical | error | warning | info | debug | trace) ;; *) refuse 'The environment variable LOG_LEVEL is none of CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE.' ;; esac
    printf 'tradesense-backend: serving with %s workers; no migrations here, a Job runs them before a release\n' "$workers"
    exec uvicorn src.main:app --host 0.0.0.0 --port 8000 --workers "$workers" --limit-concurrency "$connections" \
        --timeout-keep-alive "$keepalive" --timeout-graceful-shutdown "$graceful" --log-level "$level" "$@"
}

command=${1:-serve}
case $command in
serve)
    [ $# -eq 0 ] || shift
    serve "$@"
    ;;
migrate)
    shift
    need DATABASE_URL
    exec python /usr/local/lib/tradesense/migrate.py "$@"
    ;;
*) exec "$@" ;;
esac
