# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Prometheus' configuration: it finds the pods as in a production cluster, and asks the simulator for their metrics."""

from __future__ import annotations

from pathlib import Path

import yaml

from sandbox.launcher.layout import Layout
from sandbox.launcher.ports import HOST

# Releases in the sandbox take seconds, not hours.
INTERVAL = "1s"

_META = "__meta_kubernetes_"


def render_config(kubeconfig: Path, simulator_port: int) -> str:
    """Return the text of prometheus.yml."""
    config = {
        "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
        "scrape_configs": [
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [{"role": "pod", "kubeconfig_file": str(kubeconfig)}],
                "relabel_configs": _relabelling(simulator_port),
            }
        ],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _relabelling(simulator_port: int) -> list[dict[str, object]]:
    return [
        _keep("pod_annotation_prometheus_io_scrape", "true"),
        _keep("pod_phase", "Running"),
        # No pod has a network here: the simulator answers for all of them, each under a path of its own.
        {"target_label": "__address__", "replacement": f"{HOST}:{simulator_port}"},
        {
            "source_labels": [f"{_META}namespace", f"{_META}pod_name"],
            "separator": "/",
            "target_label": "__metrics_path__",
            "replacement": "/pods/$1/metrics",
        },
        _copy("namespace", "namespace"),
        _copy("pod_name", "pod"),
        _copy("pod_name", "instance"),
        _copy("pod_label_app", "service"),
        # A pod has one of the two: the first comes from a Deployment, the second from a Rollout.
        _copy("pod_label_pod_template_hash", "rollouts_pod_template_hash"),
        _copy("pod_label_rollouts_pod_template_hash", "rollouts_pod_template_hash"),
    ]


def _keep(source: str, value: str) -> dict[str, object]:
    return {"source_labels": [_META + source], "regex": value, "action": "keep"}


def _copy(source: str, target: str) -> dict[str, object]:
    # Not the default regex: an absent label must not wipe out what an earlier rule set.
    return {"source_labels": [_META + source], "regex": "(.+)", "target_label": target}


def write_config(layout: Layout, simulator_port: int) -> Path:
    """Write prometheus.yml and return its path."""
    layout.prometheus.mkdir(parents=True, exist_ok=True)
    path = layout.prometheus / "prometheus.yml"
    path.write_text(render_config(layout.kubeconfig, simulator_port), encoding="utf-8")
    return path


def arguments(layout: Layout, port: int) -> list[str]:
    """Return Prometheus' command line without the program."""
    return [
        f"--config.file={layout.prometheus / 'prometheus.yml'}",
        f"--storage.tsdb.path={layout.prometheus / 'data'}",
        "--storage.tsdb.retention.time=1d",
        # A pod that starts or goes is taken notice of within a second instead of five.
        "--scrape.discovery-reload-interval=1s",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=warn",
    ]
