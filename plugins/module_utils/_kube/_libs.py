# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The one place that imports the Kubernetes client. Private: other collections must not import it.

A missing library must become a sentence, not a traceback, and Ansible's sanity tests import every file
without any library installed: so the import may fail here, and `require` says so when a task needs it.
"""

from __future__ import annotations

import ssl
import sys

from .._errors import DeliveryError

try:
    import urllib3.exceptions
    import yaml
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import ConfigNode, KubeConfigLoader
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError
    from kubernetes.watch.watch import iter_resp_lines
    from urllib3.util import Retry

    # libyaml's, where PyYAML was built with it, reads a kubeconfig ten times as fast.
    YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # OpenSSL reads its settings and loads its algorithms with the first context of a process. Made here, that is done once
    # in Ansible's own process, and not again in the worker of each task.
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    IMPORT_PROBLEM = ""
except ImportError as error:  # pragma: no cover - the test environments have the library
    IMPORT_PROBLEM = str(error)

__all__ = [
    "ApiException",
    "ConfigException",
    "ConfigNode",
    "DynamicApiError",
    "DynamicClient",
    "KubeConfigLoader",
    "Retry",
    "YamlLoader",
    "client",
    "config",
    "iter_resp_lines",
    "require",
    "urllib3",
    "yaml",
]


def require() -> None:
    """Raise DeliveryError when the Python package ``kubernetes`` cannot be imported."""
    if IMPORT_PROBLEM:
        raise DeliveryError(
            f"the Python package kubernetes cannot be imported by {sys.executable}: {IMPORT_PROBLEM}",
            reason="MissingLibrary",
            hint="install kubernetes (37 or newer) for this interpreter, or set ansible_python_interpreter to one that has it",
        )
