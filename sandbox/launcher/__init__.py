# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Starts and stops a sandbox: a Kubernetes control plane, Argo Rollouts, the workload simulator and Prometheus.

Every part is an ordinary process on 127.0.0.1 with ports of its own, so any number of sandboxes run side by side.
"""
