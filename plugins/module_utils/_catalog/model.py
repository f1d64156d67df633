# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of a normalised catalog entry: what templates read. Private to this collection.

Times are in seconds and their keys say so; durations (``2m``) are texts that Kubernetes and Prometheus both accept.
"""

from __future__ import annotations

from typing import Literal, TypedDict

Strategy = Literal["rolling", "blue_green", "canary"]


class Ports(TypedDict):
    """Ports of the container; the Service shows http as 80 and metrics under its own number."""

    http: int
    metrics: int


class Scrape(TypedDict):
    """What the annotations prometheus.io/* say."""

    enabled: bool
    port: int
    path: str


class Probe(TypedDict):
    """An HTTP probe."""

    path: str
    port: int
    initial_delay_seconds: int
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int


class Probes(TypedDict):
    """Both probes of the container."""

    liveness: Probe
    readiness: Probe


class Amounts(TypedDict):
    """Kubernetes quantities, e.g. ``250m`` and ``512Mi``."""

    cpu: str
    memory: str


class Resources(TypedDict):
    """What the container asks for and what it may take."""

    requests: Amounts
    limits: Amounts


class Security(TypedDict):
    """Who the container runs as."""

    run_as_non_root: bool
    user: int
    group: int
    fs_group: int


class Scheduling(TypedDict):
    """Where pods may run; tolerations and affinity as Kubernetes writes them."""

    node_selector: dict[str, str]
    tolerations: list[dict[str, object]]
    affinity: dict[str, object] | None
    priority_class: str | None


class Exposure(TypedDict):
    """The Ingress: its ``name``, and the Service (``backend``) it sends requests to."""

    name: str
    backend: str
    host: str
    path: str
    ingress_class: str
    tls_secret: str
    cluster_issuer: str
    ssl_redirect: bool
    limit_rpm: int
    annotations: dict[str, str]


class Rolling(TypedDict):
    """Pods, or percentages of them, above and below the wanted number during an update."""

    max_surge: int | str
    max_unavailable: int | str


class BlueGreen(TypedDict):
    """Strategy blue_green: names of its Services and AnalysisTemplates."""

    active_service: str
    preview_service: str
    preview_replicas: int
    auto_promotion: bool
    scale_down_delay_seconds: int
    abort_scale_down_delay_seconds: int
    pre_promotion_analysis: list[str]
    post_promotion_analysis: list[str]


class Step(TypedDict, total=False):
    """One step of a canary: ``kind`` says which of the others it has.

    ``weight`` is in per cent, ``duration`` of a pause None when somebody has to promote.
    """

    kind: Literal["weight", "pause", "analysis"]
    weight: int
    duration: str | None
    templates: list[str]


class Header(TypedDict):
    """Requests with this header go to the canary, whatever its weight."""

    name: str
    value: str


class Canary(TypedDict):
    """Strategy canary: names of its Services and of the Ingress whose traffic is split."""

    stable_service: str
    canary_service: str
    stable_ingress: str
    steps: list[Step]
    header: Header
    scale_down_delay_seconds: int
    abort_scale_down_delay_seconds: int


class Service(TypedDict):
    """A normalised entry. ``service`` is its key in the catalog, ``name`` the name of its objects.

    ``labels`` go on every object, ``pod_labels`` on the pods, ``selector`` finds these. Of ``rolling``, ``blue_green``
    and ``canary`` only the strategy's own is set.
    """

    service: str
    name: str
    image: str
    version: str
    strategy: Strategy
    replicas: int
    after: list[str]
    component: str
    tier: str
    trading: bool
    labels: dict[str, str]
    pod_labels: dict[str, str]
    selector: dict[str, str]
    services: list[str]
    env: dict[str, str]
    ports: Ports
    scrape: Scrape
    probes: Probes
    resources: Resources
    security: Security
    scheduling: Scheduling
    empty_dirs: dict[str, str]
    exposure: Exposure | None
    revision_history_limit: int
    progress_deadline_seconds: int
    termination_grace_seconds: int
    rolling: Rolling | None
    blue_green: BlueGreen | None
    canary: Canary | None
