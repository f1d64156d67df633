# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a service's pods get: its own keys, in objects named by their content."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.normalise import normalise
from ansible_collections.tradesense.delivery.plugins.module_utils._configuration.service import configured
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

CONFIG = {"LOG_LEVEL": "INFO", "DEBUG": False, "DB_POOL_SIZE": 20}
SECRETS = {"db": {"URL": "x://u:${PASSWORD}@h", "PASSWORD": "${PASSWORD}"}, "other": {"KEY": "${OTHER}"}}
VALUES = {"PASSWORD": "correct horse", "OTHER": "battery staple"}


def given(**changes: object) -> dict[str, object]:
    """Return what the filters take."""
    return {"config": CONFIG, "secrets": SECRETS, "values": VALUES, **changes}


def entries(**service: Any) -> Any:
    """Return a catalog of two services, the first with the given keys."""
    base = {"image": "a/b", "version": "v1.0.0", "strategy": "rolling"}
    return normalise({"one": {**base, **service}, "two": {**base, "config": ["DEBUG"]}})


def names(whole: Any) -> list[tuple[str | None, str | None]]:
    """Return the names of each service's copies."""
    return [(entry["config_name"], entry["secrets_name"]) for entry in whole.values()]


def test_copies_hold_exactly_the_keys_that_are_named() -> None:
    whole, copies = configured(entries(config=["LOG_LEVEL", "DB_POOL_SIZE"], secrets={"db": ["URL"]}), given())
    found = {(copy.service, copy.kind): copy for copy in copies}
    assert list(found) == [("one", "ConfigMap"), ("one", "Secret"), ("two", "ConfigMap")]
    assert found["one", "ConfigMap"].data == {"LOG_LEVEL": "INFO", "DB_POOL_SIZE": "20"}
    assert found["one", "Secret"].data == {"URL": "x://u:correct%20horse@h"}
    assert found["two", "ConfigMap"].data == {"DEBUG": "false"}
    for copy in copies:
        word = "config" if copy.kind == "ConfigMap" else "secrets"
        assert re.fullmatch(rf"tradesense-{copy.service}-{word}-[0-9a-f]{{10}}", copy.name)
    assert names(whole) == [
        (found["one", "ConfigMap"].name, found["one", "Secret"].name),
        (found["two", "ConfigMap"].name, None),
    ]


def test_only_what_uses_a_changed_value_gets_another_name() -> None:
    catalog = entries(config=["LOG_LEVEL"], secrets={"db": ["URL"]})
    before = names(configured(catalog, given())[0])
    same = names(configured(catalog, given(config={**dict(reversed(CONFIG.items())), "DB_POOL_SIZE": 99}))[0])
    assert same == before
    level = names(configured(catalog, given(config={**CONFIG, "LOG_LEVEL": "DEBUG"}))[0])
    assert level[0][0] != before[0][0]
    assert (level[0][1], level[1]) == (before[0][1], before[1])
    rotated = names(configured(catalog, given(values={**VALUES, "PASSWORD": "another one"}))[0])
    assert rotated[0][1] != before[0][1]
    assert (rotated[0][0], rotated[1]) == (before[0][0], before[1])
    assert names(configured(catalog, given(values={**VALUES, "OTHER": "another one"}))[0]) == before


def test_values_that_nobody_uses_need_not_be_there() -> None:
    configured(entries(secrets={"db": ["PASSWORD"]}), given(values={"PASSWORD": "correct horse"}))


@pytest.mark.parametrize(
    ("service", "changes", "message"),
    [
        (
            {"config": ["LOG_LEVLE"]},
            {},
            "one.config: tradesense_config has no key 'LOG_LEVLE', did you mean 'LOG_LEVEL'?",
        ),
        (
            {"secrets": {"dbs": ["URL"]}},
            {},
            "one.secrets.dbs: tradesense_secrets has no Secret 'dbs', did you mean 'db'?",
        ),
        ({"secrets": {"db": ["URI"]}}, {}, "tradesense_secrets.db has no key 'URI', did you mean 'URL'?"),
        (
            {"config": ["URL"], "secrets": {"db": ["URL"]}},
            {"config": {**CONFIG, "URL": "x"}},
            "the pods get URL from tradesense_config already",
        ),
        ({"secrets": {"db": ["URL"]}}, {"values": {}}, "tradesense_secrets.db.URL: ${PASSWORD} has no value"),
        (
            {},
            {"config": {"A-B": 1}},
            "tradesense_config.A-B: 'A-B' is not accepted; give the name of an environment variable",
        ),
        ({}, {"config": {"A": [1]}}, "tradesense_config.A: a list is not accepted"),
        ({}, {"config": "text"}, "tradesense_config: 'text' is not accepted"),
    ],
)
def test_what_is_refused(service: dict[str, object], changes: dict[str, object], message: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        configured(entries(**service), given(**changes))
    assert message in caught.value.msg
    assert "horse" not in caught.value.sentence()
