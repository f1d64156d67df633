# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the launcher and the simulator agree on, so that the API server can forward to the simulator's metrics APIs."""

from __future__ import annotations

RESOURCE_API = "metrics.k8s.io/v1beta1"
CUSTOM_API = "custom.metrics.k8s.io/v1beta2"

# The common name by which the API server is known as the front proxy.
FRONT_PROXY = "front-proxy-client"

# The files in the folder of certificates that the simulator reads.
FRONT_PROXY_CA = "front-proxy-ca.crt"
SERVING_CERTIFICATE, SERVING_KEY = "metrics.crt", "metrics.key"
