#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Writes what differs between environments into /tmp/nginx, then becomes the command it was given.
#
#   API_BASE_URL            required: where the application finds the API, such as https://api.tradesense.com
#   SENTRY_DSN              optional: where the browser reports errors, https://KEY@HOST/PROJECT
#   ANALYTICS_TRACKING_ID   optional
#   CONNECT_SOURCES         optional: further origins the application may send requests to, such as wss://stream.tradesense.com
#
# The page loads them as /config.js: window.TRADESENSE_CONFIG. Browsers see them, so none may be a secret; their values
# are not printed all the same.
set -eu
umask 077

refuse() {
    printf 'tradesense-frontend: %s\n' "$1" >&2
    exit 78
}

# check VARIABLE PATTERN WHAT: no value is fine. The patterns also keep quotes, semicolons and line breaks out of the
# JavaScript and the header that the values go into.
check() {
    eval "value=\${$1:-}"
    # shellcheck disable=SC2154 # eval sets it
    [ -n "$value" ] || return 0
    case $value in *[![:print:]]*) refuse "The environment variable $1 is not $3." ;; esac
    printf '%s\n' "$value" | grep -Eqx "$2" || refuse "The environment variable $1 is not $3."
}

# origin_of URL: scheme, host and port, without Sentry's key.
origin_of() {
    printf '%s\n' "$1" | sed -E 's#^(https?://)([^@/]*@)?([^/]+).*#\1\3#'
}

[ -n "${API_BASE_URL:-}" ] ||
    refuse 'The environment variable API_BASE_URL is not set. It says where the application finds the API.'
host='[A-Za-z0-9.-]+(:[0-9]+)?'
check API_BASE_URL "https?://$host(/[A-Za-z0-9._~/-]*)?" 'an http or https address without a query'
check SENTRY_DSN "https?://[A-Za-z0-9]+@$host/[A-Za-z0-9/]+" 'a Sentry DSN, https://KEY@HOST/PROJECT'
check ANALYTICS_TRACKING_ID '[A-Za-z0-9._-]+' 'a tracking ID of letters, digits, dots and dashes'
check CONNECT_SOURCES "(https?|wss?)://$host( (https?|wss?)://$host)*" 'a list of origins, separated by single spaces'

mkdir -p /tmp/nginx
sources=" $(origin_of "$API_BASE_URL")"
[ -z "${SENTRY_DSN:-}" ] || sources="$sources $(origin_of "$SENTRY_DSN")"
[ -z "${CONNECT_SOURCES:-}" ] || sources="$sources $CONNECT_SOURCES"
# A map, not "set": it holds for requests that nginx refuses before it reads its rules, too.
# shellcheck disable=SC2016 # nginx's variable
printf 'map "" $connect_sources { default "%s"; }\n' "$sources" >/tmp/nginx/connect_sources.conf
printf 'window.TRADESENSE_CONFIG = {"apiBaseUrl": "%s", "sentryDsn": "%s", "analyticsTrackingId": "%s"};\n' \
    "$API_BASE_URL" "${SENTRY_DSN:-}" "${ANALYTICS_TRACKING_ID:-}" >/tmp/nginx/config.js

for name in API_BASE_URL SENTRY_DSN ANALYTICS_TRACKING_ID CONNECT_SOURCES; do
    eval "value=\${$name:-}"
    if [ -n "$value" ]; then state='set'; else state='not set'; fi
    printf 'tradesense-frontend: %s is %s\n' "$name" "$state"
done
exec "$@"
