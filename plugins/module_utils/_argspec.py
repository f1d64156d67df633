# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Option groups as data. Private to this collection.

Each group has its documentation in plugins/doc_fragments; a unit test holds the two together.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

from ._operation import ArgumentSpec


def _from_env(*names: str, **attributes: Any) -> dict[str, Any]:
    return {**attributes, "fallback": (env_fallback, list(names))}


def connection() -> ArgumentSpec:
    """Return the connection options: names and environment variables are those of kubernetes.core."""
    return {
        "kubeconfig": _from_env("K8S_AUTH_KUBECONFIG", type="raw", no_log=True),
        "context": _from_env("K8S_AUTH_CONTEXT", type="str"),
        "host": _from_env("K8S_AUTH_HOST", type="str"),
        "api_key": _from_env("K8S_AUTH_API_KEY", type="str", no_log=True),
        "username": _from_env("K8S_AUTH_USERNAME", type="str"),
        "password": _from_env("K8S_AUTH_PASSWORD", type="str", no_log=True),
        "validate_certs": _from_env("K8S_AUTH_VERIFY_SSL", type="bool", aliases=["verify_ssl"]),
        "ca_cert": _from_env("K8S_AUTH_SSL_CA_CERT", type="path", aliases=["ssl_ca_cert"]),
        "client_cert": _from_env("K8S_AUTH_CERT_FILE", type="path", aliases=["cert_file"]),
        "client_key": _from_env("K8S_AUTH_KEY_FILE", type="path", aliases=["key_file"], no_log=False),
        "tls_server_name": _from_env("K8S_AUTH_TLS_SERVER_NAME", type="str"),
        "proxy": _from_env("K8S_AUTH_PROXY", type="str", no_log=False),
        "no_proxy": _from_env("K8S_AUTH_NO_PROXY", type="str"),
        "impersonate_user": _from_env("K8S_AUTH_IMPERSONATE_USER", type="str"),
        "impersonate_groups": _from_env("K8S_AUTH_IMPERSONATE_GROUPS", type="list", elements="str"),
        "request_timeout": {"type": "float", "default": 30.0},
    }


def namespace(*, required: bool) -> ArgumentSpec:
    """Return the option `namespace`."""
    attributes: dict[str, Any] = {"type": "str"}
    if required:
        attributes["required"] = True
    return {"namespace": attributes}


# Rollouts are chosen by name or by label, not both.
ONE_SELECTION = (("rollouts", "label_selectors"),)


def selection() -> ArgumentSpec:
    """Return the options that say which rollouts are meant; see ONE_SELECTION."""
    return {
        "rollouts": {"type": "list", "elements": "str", "aliases": ["name"]},
        "label_selectors": {"type": "list", "elements": "str"},
        **namespace(required=True),
    }


def guards() -> ArgumentSpec:
    """Return the options by which a verb refuses to act on anything newer than what was approved."""
    return {
        "expected_revision": {"type": "int"},
        "expected_hash": {"type": "str"},
        "expected_step": {"type": "int"},
    }


def waiting(timeout: int) -> ArgumentSpec:
    """Return the option `timeout` of a verb that waits for the controller."""
    return {"timeout": {"type": "int", "default": timeout}}


def prometheus() -> ArgumentSpec:
    """Return the options that say where Prometheus is and how to get in.

    All but the time limit have a prefix: a module may need a cluster too, whose certificates and credentials are others.
    """
    return {
        "prometheus_url": _from_env("TRADESENSE_PROMETHEUS_URL", type="str"),
        "prometheus_token": _from_env("TRADESENSE_PROMETHEUS_TOKEN", type="str", no_log=True),
        "prometheus_username": _from_env("TRADESENSE_PROMETHEUS_USERNAME", type="str"),
        "prometheus_password": _from_env("TRADESENSE_PROMETHEUS_PASSWORD", type="str", no_log=True),
        # Not no_log: Ansible would blot out a tenant's name wherever a label has it too.
        "prometheus_headers": {"type": "dict"},
        "prometheus_validate_certs": _from_env("TRADESENSE_PROMETHEUS_VALIDATE_CERTS", type="bool", default=True),
        "prometheus_ca_cert": _from_env("TRADESENSE_PROMETHEUS_CA_CERT", type="path"),
        "prometheus_client_cert": _from_env("TRADESENSE_PROMETHEUS_CLIENT_CERT", type="path"),
        "prometheus_client_key": _from_env("TRADESENSE_PROMETHEUS_CLIENT_KEY", type="path", no_log=False),
        "prometheus_retries": {"type": "int", "default": 3},
        "request_timeout": {"type": "float", "default": 30.0},
    }


def notifications() -> ArgumentSpec:
    """Return the options that say where events of a release are told, and which.

    Whoever knows the address of a webhook can write there, so the addresses are secrets as well.
    """
    severity = {"type": "str", "choices": ["info", "warning", "critical"], "default": "info"}
    return {
        "slack_token": _from_env("TRADESENSE_SLACK_TOKEN", type="str", no_log=True),
        "slack_channel": _from_env("TRADESENSE_SLACK_CHANNEL", type="str"),
        "slack_webhook_url": _from_env("TRADESENSE_SLACK_WEBHOOK_URL", type="str", no_log=True),
        "slack_api_url": {"type": "str", "default": "https://slack.com/api"},
        "slack_severity": dict(severity),
        "webhook_url": _from_env("TRADESENSE_WEBHOOK_URL", type="str", no_log=True),
        "webhook_secret": _from_env("TRADESENSE_WEBHOOK_SECRET", type="str", no_log=True),
        "webhook_token": _from_env("TRADESENSE_WEBHOOK_TOKEN", type="str", no_log=True),
        "webhook_severity": dict(severity),
        "tell_dry_run": {"type": "bool", "default": False},
        "repeat_after": {"type": "int", "default": 600},
        "notify_ca_cert": _from_env("TRADESENSE_NOTIFY_CA_CERT", type="path"),
        "request_timeout": {"type": "float", "default": 10.0},
    }


def group_defaults() -> ArgumentSpec:
    """Return the options of a cluster for a module that asks none.

    Ansible gives the module_defaults of the action group to every module in it, and refuses what a module does not know.
    The environment is not looked at: credentials have no business where they are not used.
    """
    options = {**connection(), **namespace(required=False)}
    return {
        name: {key: value for key, value in spec.items() if key != "fallback"}
        for name, spec in options.items()
        if name != "request_timeout"
    }
