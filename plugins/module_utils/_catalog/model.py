# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of a normalised catalog entry: what templates read. Private to this collection.

Times are in seconds and their keys say so; durations (``2m``) are texts that Kubernetes and Prometheus both accept.
"""

from __future__ import annotations

from typing import Literal, TypedDict

Strategy = Literal["rolling", "blue_green", "canary", "stateful"]
Engine = Literal["postgres_primary", "postgres_replica", "redis_cluster", "prometheus"]


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
    read_only_root_filesystem: bool


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
    limit_burst_multiplier: int
    limit_connections: int
    annotations: dict[str, str]


class Egress(TypedDict):
    """What a service may reach outside the cluster: a range of addresses, and ports there."""

    cidr: str
    ports: list[int]


class ScaleDown(TypedDict):
    """How fast an autoscaler takes pods away: after so many seconds of less load, per cent of the pods each period."""

    stabilization_seconds: int
    percent: int
    period_seconds: int


class ScaleUp(ScaleDown):
    """How fast an autoscaler adds pods: per cent or pods each period, whatever is more."""

    pods: int


class Target(TypedDict):
    """The workload that an autoscaler scales."""

    api_version: str
    kind: str
    name: str


class Autoscaling(TypedDict):
    """The autoscaler: utilizations in per cent of what the pods request, ``requests_per_second`` per pod (0: not by it)."""

    name: str
    target: Target
    min_replicas: int
    max_replicas: int
    cpu_utilization: int
    memory_utilization: int
    requests_per_second: int
    scale_up: ScaleUp
    scale_down: ScaleDown


class Budget(TypedDict):
    """How many pods, or per cent of them, may be away by choice (a drained node) at a time."""

    max_unavailable: int | str


class Spread(TypedDict):
    """How evenly pods are laid over the values of a node's label."""

    topology_key: str
    max_skew: int
    when_unsatisfiable: Literal["ScheduleAnyway", "DoNotSchedule"]


class Migrations(TypedDict):
    """How a release brings the database to the new version: a Job called ``name-<hash>``, whose pods have ``labels``.

    ``command`` are the arguments of the image's entrypoint, ``timeout_seconds`` goes for all tries together.
    """

    name: str
    labels: dict[str, str]
    command: list[str]
    timeout_seconds: int
    retries: int


class Stateful(TypedDict):
    """Strategy stateful: what it runs, the volume of each pod, and the ports of its pods by name, the main one first.

    What a pod has of volume and of memory is here in MiB too, for configuration files. ``primary`` is the Service of the
    primary that Postgres replicas copy, None for everything else.
    """

    engine: Engine
    storage: str
    storage_class: str | None
    ports: dict[str, int]
    storage_mebibytes: int
    memory_mebibytes: int
    primary: str | None


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

    ``labels`` go on every object, ``pod_labels`` on the pods, ``selector`` finds these. Of ``rolling``, ``blue_green``,
    ``canary`` and ``stateful`` only the strategy's own is set. ``config_name`` and ``secrets_name`` are the immutable
    ConfigMap and Secret that its pods get ``config`` and ``secrets`` from; None: there is none.
    """

    service: str
    name: str
    image: str
    version: str
    strategy: Strategy
    replicas: int
    after: list[str]
    uses: list[str]
    component: str
    tier: str
    trading: bool
    labels: dict[str, str]
    pod_labels: dict[str, str]
    selector: dict[str, str]
    services: list[str]
    service_name: str
    service_account: str
    scope: Literal["environment", "monitoring"]
    env: dict[str, str]
    config: list[str]
    secrets: dict[str, list[str]]
    config_name: str | None
    secrets_name: str | None
    egress: list[Egress]
    autoscaling: Autoscaling | None
    disruption_budget: Budget | None
    spread: list[Spread]
    ports: Ports
    scrape: Scrape
    probes: Probes
    resources: Resources
    security: Security
    scheduling: Scheduling
    empty_dirs: dict[str, str]
    exposure: Exposure | None
    migrations: Migrations | None
    revision_history_limit: int
    progress_deadline_seconds: int
    termination_grace_seconds: int
    rolling: Rolling | None
    blue_green: BlueGreen | None
    canary: Canary | None
    stateful: Stateful | None
