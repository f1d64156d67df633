# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Values for the secrets of the inventories, as their environment variables give them."""

from __future__ import annotations

SECRETS = {
    name: f"{name.lower().replace('_', '-')}-of-a-test"
    for name in (
        *("DB_PASSWORD", "DB_SUPERUSER_PASSWORD", "DB_REPLICATION_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET_KEY"),
        *("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "POLYGON_API_KEY", "FINNHUB_API_KEY", "SENDGRID_API_KEY"),
        *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "SENTRY_DSN", "DATADOG_API_KEY", "NEW_RELIC_LICENSE_KEY"),
        "ALERT_WEBHOOK_URL",
    )
}
