# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Configuration and secrets: pending until a release, back with a rollback, and never shown."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.cluster import Obj
from tests.integration.support.environment import TRADING, USERS, Environment, catalog, settings
from tests.integration.support.plays import Run
from tests.integration.support.secrets import SECRETS
from tests.integration.support.stage import reach

OTHER = "another-value-of-a-test"


def copies(environment: Environment, service: str = USERS) -> dict[str, Obj]:
    """Return the immutable objects that were made for a service, by kind/name."""
    return {
        f"{kind}/{item['metadata']['name']}": item
        for kind in ("ConfigMap", "Secret")
        for item in environment.space.list(kind)
        if item["metadata"]["name"].startswith(f"{service}-")
    }


def mounted(environment: Environment, service: str = USERS, kind: str = "Deployment") -> set[str]:
    """Return what the pods of a workload get their environment from, by kind/name."""
    (container,) = environment.space.get(kind, service)["spec"]["template"]["spec"]["containers"]
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
    return {f"{kinds[key]}/{ref['name']}" for source in container["envFrom"] for key, ref in source.items()}


def value(environment: Environment, kind: str, name: str, key: str) -> str:
    """Return a value of a ConfigMap or Secret as text."""
    text = str(environment.space.get(kind, name)["data"][key])
    return base64.b64decode(text).decode() if kind == "Secret" else text


def timeout(seconds: int) -> Obj:
    """Return the configuration's overrides with another SESSION_TIMEOUT, which trading-service does not use."""
    return {**settings("tradesense_config_overrides"), "SESSION_TIMEOUT": seconds}


def unseen(run: Run, *values: str) -> None:
    """Assert that no secret is anywhere in what a run printed, recorded or handed on."""
    everything = run.console + repr([result.data for result in run.results]) + repr(run.artifacts)
    for secret in (*SECRETS.values(), *values):
        assert secret not in everything
        assert base64.b64encode(secret.encode()).decode() not in everything


def test_a_changed_key_is_a_release_and_comes_back_with_a_rollback(environment: Environment) -> None:
    """The plain ConfigMap changes at once; pods get the value with a release, and the old one with its rollback."""
    environment.provision(tradesense_secret_values=SECRETS)
    old = mounted(environment)
    assert old <= copies(environment).keys()
    assert all(item["immutable"] is True for item in copies(environment).values())
    generation = environment.space.get("Deployment", USERS)["metadata"]["generation"]

    changed: dict[str, Any] = {
        "tradesense_config_overrides": timeout(60),
        "tradesense_secret_values": SECRETS,
    }
    pending = environment.run("provision", "--diff", **changed)
    unseen(pending)
    assert f"Deployment {USERS} in namespace {environment.space.name}" in pending["Say what was done"].msg
    assert f"Rollout {TRADING}" not in pending["Say what was done"].msg, "it does not use the key"
    assert value(environment, "ConfigMap", "tradesense-config", "SESSION_TIMEOUT") == "60"
    assert environment.space.get("Deployment", USERS)["metadata"]["generation"] == generation
    assert mounted(environment) == old

    environment.run("release", release_versions={"user-service": "v2.7.0"}, **changed)
    new = mounted(environment)
    (config,) = new - old
    assert value(environment, "ConfigMap", config.partition("/")[2], "SESSION_TIMEOUT") == "60"
    assert environment.run("provision", **changed).changed == 0
    assert copies(environment).keys() == old | new, "the revision history still needs the old one"

    environment.run("rollback", **changed)
    assert mounted(environment) == old


def test_old_copies_go_when_no_revision_needs_them(environment: Environment) -> None:
    """With a history of one ReplicaSet, what the revision before the last one had is removed."""
    services = catalog()
    services["user-service"]["revision_history_limit"] = 1
    given: dict[str, Any] = {"tradesense_secret_values": SECRETS, "tradesense_services": services}
    environment.provision(**given, tradesense_config_overrides=timeout(60))
    seen = [mounted(environment)]
    for seconds in (70, 80):
        given["tradesense_config_overrides"] = timeout(seconds)
        environment.run("release", release_versions={"user-service": "v2.7.0"}, **given)
        seen.append(mounted(environment))
    environment.space.until(
        lambda: sum(item["metadata"]["labels"]["app"] == USERS for item in environment.space.list("ReplicaSet")) == 2,
        "the history of one",
    )
    environment.run("provision", **given)
    (first,) = (name for name in seen[0] - seen[1] if name.startswith("ConfigMap/"))
    assert first not in copies(environment)
    assert seen[1] | seen[2] <= copies(environment).keys()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DB_PASSWORD": ""}, "tradesense_secrets.tradesense-db-credentials.DATABASE_URL: the value of ${DB_PASSWORD}"),
        ({"REDIS_PASSWORD": "changeme"}, "tradesense-redis-credentials.REDIS_URL: the value of ${REDIS_PASSWORD}"),
        ({"SENTRY_DSN": "${SENTRY}"}, "tradesense-monitoring-secrets.SENTRY_DSN: the value of ${SENTRY_DSN}"),
        ({"JWT_SECRET_KEY": None}, "tradesense-auth-secrets.JWT_SECRET_KEY: the value of ${JWT_SECRET_KEY}"),
    ],
)
def test_a_secret_without_a_real_value_is_refused(
    environment: Environment, changes: dict[str, object], sentence: str
) -> None:
    """One sentence with Secret and key, nothing sent, and none of the other values shown."""
    run = environment.run("provision", "-vv", code=2, tradesense_secret_values={**SECRETS, **changes})
    assert sentence in run.console
    assert not environment.exists()
    # Values given on the command line are Ansible's to show; what it shows of our tasks must not have them.
    unseen(run)


def test_rotation_changes_one_key_and_releases_what_uses_it(environment: Environment) -> None:
    """Only the services that get the value roll; a second run changes nothing; nothing else comes with it."""
    services = catalog()
    services["trading-service"]["secrets"] = {"tradesense-db-credentials": ["DATABASE_URL"]}
    environment.provision(tradesense_secret_values=SECRETS, tradesense_services=services)
    before = {kind: mounted(environment, name, kind) for name, kind in ((USERS, "Deployment"), (TRADING, "Rollout"))}
    values = {**SECRETS, "JWT_SECRET_KEY": OTHER}

    both = {**values, "DB_PASSWORD": f"{OTHER}-2"}
    refused = environment.run(
        "rotate", code=2, rotation_key="JWT_SECRET_KEY", tradesense_secret_values=both, tradesense_services=services
    )
    unseen(refused, OTHER)
    assert (
        "Nothing was rotated: besides JWT_SECRET_KEY this would change tradesense-db-credentials.DATABASE_URL"
        in refused.console
    )
    assert value(environment, "Secret", "tradesense-auth-secrets", "JWT_SECRET_KEY") == SECRETS["JWT_SECRET_KEY"]

    given: dict[str, Any] = {
        "rotation_key": "JWT_SECRET_KEY",
        "tradesense_secret_values": values,
        "tradesense_services": services,
    }
    run = environment.run("rotate", "--diff", **given)
    unseen(run, OTHER)
    assert value(environment, "Secret", "tradesense-auth-secrets", "JWT_SECRET_KEY") == OTHER
    (secret,) = mounted(environment) - before["Deployment"]
    assert value(environment, "Secret", secret.partition("/")[2], "JWT_SECRET_KEY") == OTHER
    assert mounted(environment, TRADING, "Rollout") == before["Rollout"]
    reach(environment.space, TRADING, "Healthy")
    assert environment.run("rotate", **given).changed == 0


def test_nothing_of_a_secret_is_kept_or_shown(environment: Environment, tmp_path: Path) -> None:
    """Neither on the console at any verbosity, with a diff, nor in a fact cache or an event."""
    cache = tmp_path / "facts"
    environment.process = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache)}
    run = environment.run("provision", "-vvv", "--diff")
    generated = [path.read_text(encoding="utf-8").split()[0] for path in environment.generated.iterdir()]
    assert len(generated) > 5
    unseen(run, *generated)
    kept = (
        "".join(path.read_text(encoding="utf-8") for path in cache.rglob("*") if path.is_file())
        if cache.exists()
        else ""
    )
    told = repr(environment.space.list("Event"))
    assert not [text for text in generated if text in kept + told]
