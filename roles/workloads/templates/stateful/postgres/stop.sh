#!/bin/sh
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Before the pod ends: transactions in flight are rolled back, everything else is written down, and the next start needs no
# recovery. The signal that Kubernetes sends would wait for every client to leave of its own accord.
exec pg_ctl stop --pgdata="$PGDATA" --mode=fast --wait --timeout="${STOP_TIMEOUT:-100}" --silent
