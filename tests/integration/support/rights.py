# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an account may do, asked of the API server right by right."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import urllib3

from tests.integration.support.cluster import Cluster, Obj

VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("impersonate", "escalate", "bind", "use"),
)
# What clusters may have besides, and what no discovery names.
UNLISTED = (
    *("users", "groups", "uids.authentication.k8s.io", "userextras.authentication.k8s.io"),
    *("routes.route.openshift.io", "routes/custom-host.route.openshift.io"),
    *("securitycontextconstraints.security.openshift.io", "signers.certificates.k8s.io"),
    *("certificates.cert-manager.io", "servicemonitors.monitoring.coreos.com"),
)
# What the API server lets everybody who has an account do: ask about oneself.
EVERYBODY = {
    "selfsubjectaccessreviews.authorization.k8s.io": "create",
    "selfsubjectrulesreviews.authorization.k8s.io": "create",
    "selfsubjectreviews.authentication.k8s.io": "create",
}
_THREADS = 8
_JSON = {"Content-Type": "application/json"}

# (namespace, resource with its group, verb)
Right = tuple[str, str, str]
# (namespace, resource with its group, verb, name)
NamedRight = tuple[str, str, str, str]


class Asking:
    """Questions to the API server, as the account that a token is of."""

    def __init__(self, cluster: Cluster, token: str) -> None:
        self._host = cluster.host
        # Thousands of questions: what `requests` does around each would take longer than the answer.
        self._pool = urllib3.PoolManager(
            maxsize=_THREADS, ca_certs=cluster.ca_cert, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def allowed(self, namespaces: Iterable[str], resources: Iterable[str]) -> set[Right]:
        """Ask about every verb on all objects of every resource; the empty namespace means the whole cluster."""
        questions = list(itertools.product(namespaces, resources, VERBS))
        with ThreadPoolExecutor(_THREADS) as pool:
            return {question for question, yes in zip(questions, pool.map(self._may, questions)) if yes}

    def granted(self, namespace: str) -> set[Right]:
        """Return every right on all objects of a resource, as the API server lists them for a namespace."""
        return {
            (namespace, resource, verb)
            for rule in self._rules(namespace)["resourceRules"]
            for resource, verb in itertools.product(_full(rule), rule["verbs"])
            if not rule.get("resourceNames")
        }

    def named(self, namespace: str) -> set[NamedRight]:
        """Return every right the account has on single objects of a namespace."""
        return {
            (namespace, resource, verb, name)
            for rule in self._rules(namespace)["resourceRules"]
            for resource, verb, name in itertools.product(_full(rule), rule["verbs"], rule.get("resourceNames") or [])
        }

    def addresses(self, namespace: str) -> set[tuple[str, str]]:
        """Return the addresses that are no resources which the account may ask for, with the verbs."""
        rules = self._rules(namespace)["nonResourceRules"]
        return {pair for rule in rules for pair in itertools.product(rule["nonResourceURLs"], rule["verbs"])}

    def status(self, method: str, path: str, **query: str) -> int:
        """Send a request and return the HTTP status of the answer."""
        return int(self._pool.request(method, f"{self._host}/{path}?{urlencode(query)}").status)

    def _may(self, question: Right) -> bool:
        namespace, resource, verb = question
        name, _, group = resource.partition(".")
        name, _, subresource = name.partition("/")
        attributes = {
            "namespace": namespace,
            "verb": verb,
            "group": group,
            "resource": name,
            "subresource": subresource,
        }
        return bool(self._review("selfsubjectaccessreviews", {"resourceAttributes": attributes})["allowed"])

    def _rules(self, namespace: str) -> Obj:
        return self._review("selfsubjectrulesreviews", {"namespace": namespace})

    def _review(self, kind: str, spec: Obj) -> Obj:
        url, body = f"{self._host}/apis/authorization.k8s.io/v1/{kind}", json.dumps({"spec": spec})
        answer = self._pool.request("POST", url, body=body, headers={**self._pool.headers, **_JSON})
        assert answer.status == 201, answer.data
        status: Obj = json.loads(answer.data)["status"]
        return status


def resources_of(cluster: Cluster) -> set[str]:
    """Return all resources and subresources that the API server has, each as `resource.group`, and those of UNLISTED."""
    versions = [("", "api/v1")]
    versions += [
        (group["name"], f"apis/{version['groupVersion']}")
        for group in cluster.request("GET", "apis")["groups"]
        for version in group["versions"]
    ]
    found = {_named(item["name"], group) for group, path in versions for item in _served(cluster, path)}
    return found | set(UNLISTED)


def rights(namespace: str, table: Mapping[str, str]) -> set[Right]:
    """Return the rights of a table: resources, each with its verbs in one text."""
    return {(namespace, resource, verb) for resource, verbs in table.items() for verb in verbs.split()}


def named_rights(namespace: str, table: Mapping[str, tuple[str, Sequence[str]]]) -> set[NamedRight]:
    """Return the rights of a table: resources, each with its verbs in one text and the names of objects."""
    return {
        (namespace, resource, verb, name)
        for resource, (verbs, names) in table.items()
        for verb, name in itertools.product(verbs.split(), names)
    }


def _served(cluster: Cluster, path: str) -> list[Obj]:
    items: list[Obj] = cluster.request("GET", path)["resources"]
    return items


def _full(rule: Obj) -> list[str]:
    return [_named(resource, group) for resource, group in itertools.product(rule["resources"], rule["apiGroups"])]


def _named(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource
