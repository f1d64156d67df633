# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One TLS context for all connections of a task. Private: other collections must not import it."""

from __future__ import annotations

from typing import Any

from . import _libs

# What urllib3 would load into a new context for every connection.
_SOURCES = ("ca_certs", "ca_cert_data", "cert_file", "key_file")


def share_context(api: Any, context: Any | None = None) -> Any:
    """Let all connections of an API client use one TLS context; return it, None when it does not speak TLS.

    Reading the certificates and making a context costs as much as the handshake itself. How a certificate is verified
    stays with the client's configuration: urllib3 sets it on whatever context it is given.

    Args:
        api: a ``kubernetes.client.ApiClient`` that has not connected yet.
        context: what this function returned for another client with the same configuration.
    """
    if not str(api.configuration.host).startswith("https"):
        return None
    pools = api.rest_client.pool_manager.connection_pool_kw
    try:
        context = context or _context(api.configuration, pools)
    except (OSError, ValueError):
        # A certificate that cannot be read: the first request fails by it, and says so.
        return None
    for name in _SOURCES:
        pools.pop(name, None)
    pools["ssl_context"] = context
    return context


def _context(configuration: Any, pools: dict[str, Any]) -> Any:
    context = _libs.urllib3.util.ssl_.create_urllib3_context(cert_reqs=pools.get("cert_reqs"))
    context.hostname_checks_common_name = False
    authorities = configuration.ssl_ca_cert, pools.get("ca_cert_data")
    if any(authorities):
        context.load_verify_locations(cafile=authorities[0], cadata=authorities[1])
    elif configuration.verify_ssl:
        context.load_default_certs()
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
