# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From connection options to a configured API client. Private: other collections must not import it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeGuard

from .._errors import DeliveryError
from . import _libs

_SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path, not a secret


@dataclass(frozen=True)
class Credentials:
    """The connection options of a task, as given: nothing is read from disk yet.

    Secrets are kept out of ``repr`` so that no log line can hold one by accident.
    """

    kubeconfig: str | dict[str, Any] | None = field(default=None, repr=False)
    context: str | None = None
    host: str | None = None
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = field(default=None, repr=False)
    validate_certs: bool | None = None
    tls_server_name: str | None = None
    proxy: str | None = field(default=None, repr=False)
    no_proxy: str | None = None
    impersonate_user: str | None = None
    impersonate_groups: list[str] | None = None
    request_timeout: float = 30.0

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Credentials:
        """Pick the connection options out of a task's validated parameters."""
        names = [entry.name for entry in fields(cls)]
        return cls(**{name: params[name] for name in names if params.get(name) is not None})


def configure(credentials: Credentials, warn: Callable[[str], None]) -> Any:
    """Return a ``kubernetes.client.Configuration`` for these options.

    Taken in this order, as kubernetes.core does: kubeconfig (option, ``KUBECONFIG``, ``~/.kube/config``), else the
    pod's own service account; then every explicit option is laid over what was found.

    Raises:
        DeliveryError: no credentials found, unreadable kubeconfig, unknown context, missing certificate file.
    """
    configuration = _libs.client.Configuration()
    _load_base(credentials, configuration)
    _overlay(credentials, configuration)
    _keep_overlaid(credentials, configuration)
    _check_files(configuration)
    if not configuration.verify_ssl:
        warn(_unverified(configuration.host))
    return configuration


def _load_base(credentials: Credentials, configuration: Any) -> None:
    if _stands_alone(credentials):
        return
    try:
        if isinstance(credentials.kubeconfig, dict):
            _libs.config.load_kube_config_from_dict(
                credentials.kubeconfig, context=credentials.context, client_configuration=configuration
            )
        elif credentials.kubeconfig or credentials.context or _files(_source(credentials)):
            _load_file(credentials, configuration)
        elif os.path.exists(_SERVICE_ACCOUNT_TOKEN):
            _libs.config.load_incluster_config(client_configuration=configuration)
        elif os.environ.get("KUBECONFIG"):
            raise DeliveryError(
                f"the kubeconfig {os.environ['KUBECONFIG']} that KUBECONFIG names does not exist",
                reason="BadKubeconfig",
                hint="correct or unset KUBECONFIG",
            )
        else:
            raise DeliveryError(
                "no cluster is named: there is no kubeconfig, no host and no service account of a pod",
                reason="NoCredentials",
                hint="set kubeconfig or host and api_key (or K8S_AUTH_KUBECONFIG, K8S_AUTH_HOST, K8S_AUTH_API_KEY, KUBECONFIG)",
            )
    except _libs.ConfigException as error:
        raise DeliveryError(
            f"the kubeconfig cannot be used: {_first_line(error)}",
            reason="BadKubeconfig",
            where=_source(credentials),
            hint="check the file and the name of the context",
        ) from error
    except DeliveryError:
        raise
    except Exception as error:
        # The library lets whatever a malformed kubeconfig provokes through, errors of the YAML parser too; only its kind is
        # told, the text may quote the content.
        raise DeliveryError(
            f"the kubeconfig cannot be read ({type(error).__name__})",
            reason="BadKubeconfig",
            where=_source(credentials),
            hint="it must be YAML with clusters, users and contexts",
        ) from error


def _load_file(credentials: Credentials, configuration: Any) -> None:
    files = _files(_source(credentials))
    if not files:
        raise DeliveryError(
            f"the kubeconfig {_source(credentials)} does not exist",
            reason="BadKubeconfig",
            hint="check option kubeconfig, K8S_AUTH_KUBECONFIG and KUBECONFIG",
        )
    if len(files) > 1:
        _libs.config.load_kube_config(
            config_file=os.pathsep.join(files),
            context=credentials.context,
            client_configuration=configuration,
            persist_config=False,
        )
        return
    # The library reads even a single file by the slow, pure-Python parser: more time than a request takes.
    with open(files[0], encoding="utf-8") as file:
        content = _libs.yaml.load(file, Loader=_libs.YamlLoader)
    if content is None:
        raise _libs.ConfigException("No configuration found.")
    node = _libs.ConfigNode("kube-config", content, files[0])
    _libs.KubeConfigLoader(node, active_context=credentials.context, config_base_path=None).load_and_set(configuration)


def _overlay(credentials: Credentials, configuration: Any) -> None:
    if credentials.host:
        configuration.host = credentials.host.rstrip("/")
    if credentials.api_key:
        configuration.api_key = {"authorization": f"Bearer {credentials.api_key}"}
        configuration.refresh_api_key_hook = None
    simple = {
        "username": credentials.username,
        "password": credentials.password,
        "ssl_ca_cert": _expanded(credentials.ca_cert),
        "cert_file": _expanded(credentials.client_cert),
        "key_file": _expanded(credentials.client_key),
        "verify_ssl": credentials.validate_certs,
        "tls_server_name": credentials.tls_server_name,
        "proxy": credentials.proxy,
        "no_proxy": credentials.no_proxy,
    }
    for name, given in simple.items():
        if given is not None:
            setattr(configuration, name, given)


def _keep_overlaid(credentials: Credentials, configuration: Any) -> None:
    """Lay explicit options over again whenever a token is renewed.

    The library then sets address and certificates, too, as it found them first.
    """
    renew = configuration.refresh_api_key_hook
    if renew is None:
        return

    def renewed(same: Any) -> None:
        renew(same)
        _overlay(credentials, same)
        same.refresh_api_key_hook = renewed

    configuration.refresh_api_key_hook = renewed


def _check_files(configuration: Any) -> None:
    for option, path in (
        ("ca_cert", configuration.ssl_ca_cert),
        ("client_cert", configuration.cert_file),
        ("client_key", configuration.key_file),
    ):
        if _is_path(path) and not os.path.isfile(path):
            raise DeliveryError(f"the file of {option} does not exist: {path}", reason="BadCredentials")


def _is_path(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _stands_alone(credentials: Credentials) -> bool:
    """A host with something to show needs no kubeconfig; a host alone only corrects the address of one."""
    identity = credentials.api_key or credentials.client_cert or credentials.username
    return bool(credentials.host and identity and not credentials.kubeconfig and not credentials.context)


def _files(path: str) -> list[str]:
    """Return those files of a kubeconfig's path that exist."""
    parts = [os.path.expanduser(part) for part in path.split(os.pathsep) if part]
    return [part for part in parts if os.path.isfile(part)]


def _source(credentials: Credentials) -> str:
    if isinstance(credentials.kubeconfig, dict):
        return "the inline kubeconfig"
    # Not the library's own default: that is KUBECONFIG as it was when the library was imported, before the task's environment.
    return str(credentials.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")


def _expanded(path: str | None) -> str | None:
    return os.path.expanduser(path) if path else None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _unverified(host: str) -> str:
    text = f"The certificate of {host} is not verified, because validate_certs is false."
    if {"AWX_HOST", "AWX_PRIVATE_DATA_DIR", "JOB_ID"} & set(os.environ):
        # AWX's Kubernetes credential sets K8S_AUTH_VERIFY_SSL=False unless it also holds a CA certificate.
        text += " In AWX, put the cluster's CA certificate into the credential: without it, AWX turns verification off."
    return text
