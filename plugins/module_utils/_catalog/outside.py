# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who talks to the catalog's services from outside of it, as role network's variables say. Private to this collection."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, cast

from .kinds import Key, Kind, list_of, map_of, section, switch
from .plain import plain
from .problems import Place, raise_if_any
from .values import BLANK_OR_TEXT, CIDR, LABEL_KEY, LABEL_VALUE, OBJECT_NAME, PORT


@dataclass(frozen=True)
class Outside:
    """Somebody outside the catalog: all pods of the namespaces with a name or with labels, or a range of addresses.

    Attributes:
        namespace: name of the namespace; empty: not by name.
        labels: labels of namespaces; empty: not by labels.
        cidr: range of addresses; empty: no addresses.
        without: ranges inside of `cidr` that are not meant.
        ports: ports there, where whoever gave the party gave some.
    """

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    cidr: str = ""
    without: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the catalog does not know.

    Attributes:
        namespace: the environment's.
        monitoring_namespace: where services of scope monitoring live.
        routes: whether what is exposed has a Route instead of an Ingress.
        ingress: the controller of Ingresses.
        router: OpenShift's router.
        dns: name servers of the pods, with their ports.
        prometheus_clients: who may ask Prometheus.
        api_server: where Prometheus finds its targets, with ports.
        private_ranges: addresses that are not the internet.
    """

    namespace: str
    monitoring_namespace: str
    routes: bool
    ingress: Outside
    router: Outside
    dns: tuple[Outside, ...]
    prometheus_clients: tuple[Outside, ...]
    api_server: tuple[Outside, ...]
    private_ranges: tuple[str, ...]

    def private_within(self, cidr: str) -> tuple[str, ...]:
        """Return the private ranges to leave out of a range: those of its family when it is the whole internet."""
        network = ipaddress.ip_network(cidr)
        if network.prefixlen:
            return ()
        return tuple(item for item in self.private_ranges if ipaddress.ip_network(item).version == network.version)


_NAMESPACE, _RANGE = Key(OBJECT_NAME, None), Key(CIDR, None)
_SOMEBODY = section({"namespace": _NAMESPACE, "cidr": _RANGE})
_SERVER = section({"namespace": _NAMESPACE, "cidr": _RANGE, "ports": Key(list_of(PORT))})
_KEYS: dict[str, Kind] = {
    "namespace": LABEL_VALUE,
    "monitoring_namespace": LABEL_VALUE,
    "ingress_namespace": LABEL_VALUE,
    "router_labels": map_of(LABEL_KEY, BLANK_OR_TEXT),
    "routes": switch(),
    "dns": list_of(_SERVER),
    "prometheus_clients": list_of(_SOMEBODY),
    "api_server": list_of(_SERVER),
    "private_ranges": list_of(CIDR),
}


def read_settings(given: object) -> Settings:
    """Return the settings, checked.

    Args:
        given: a mapping with every key of _KEYS; messages call them by the variables of role network.

    Raises:
        DeliveryError: whatever is wrong, each variable named.
    """
    found: list[str] = []
    values = cast("dict[str, Any]", plain(given)) if isinstance(given, dict) else {}
    read: dict[str, Any] = {
        name: kind.read(values.get(name), Place(f"network_{name}", found)) for name, kind in _KEYS.items()
    }
    parties = {
        name: tuple(_party(item, Place(f"network_{name}", found).index(at)) for at, item in enumerate(read[name]))
        for name in ("dns", "prometheus_clients", "api_server")
    }
    if not read["router_labels"]:
        Place("network_router_labels", found).problem("is empty, so that every namespace would count; give a label")
    raise_if_any(found, "BadNetwork")
    return Settings(
        namespace=read["namespace"],
        monitoring_namespace=read["monitoring_namespace"],
        routes=read["routes"],
        ingress=Outside(namespace=read["ingress_namespace"]),
        router=Outside(labels=tuple(read["router_labels"].items())),
        private_ranges=tuple(read["private_ranges"]),
        **parties,
    )


def _party(item: dict[str, Any], place: Place) -> Outside:
    if bool(item["namespace"]) == bool(item["cidr"]):
        place.problem("give either namespace or cidr")
    return Outside(namespace=item["namespace"] or "", cidr=item["cidr"] or "", ports=tuple(item.get("ports") or ()))
