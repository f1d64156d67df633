# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading templates and runs against a scripted server: what is asked, and what is said of what is not there."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.reading import (
    read_runs,
    read_templates,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.templates import Ref
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import (
    ANALYSIS_RUN,
    ANALYSIS_TEMPLATE,
    CLUSTER_ANALYSIS_TEMPLATE,
    NAMESPACE,
    ROLLOUT,
)

from tests.unit.plugins.builders import NAME, analysis_run
from tests.unit.plugins.fake_api import Answer, FakeApi, connected, fake_api, listing, thing

FORBIDDEN = Answer(403, {"reason": "Forbidden", "message": "no"})
MISSING = Answer(404, {"reason": "NotFound", "message": "not found"})
TEMPLATES, CLUSTER_TEMPLATES = ANALYSIS_TEMPLATE.path("team"), CLUSTER_ANALYSIS_TEMPLATE.path()
RUNS = ANALYSIS_RUN.path("team")


def stand(api: FakeApi, namespace: bool = True) -> None:
    """Let the fake have the namespace `team`, two templates of each kind, and a run of a Rollout."""
    api.standing.update(
        {
            NAMESPACE.path(None, "team"): Answer(body={}) if namespace else MISSING,
            TEMPLATES: listing("1", thing("good", "1"), thing("only-here", "1")),
            CLUSTER_TEMPLATES: listing("1", thing("good", "1"), thing("everywhere", "1")),
            f"{TEMPLATES}/good": Answer(
                body=thing("good", "1", templates=[{"templateName": "x", "clusterScope": True}])
            ),
            f"{TEMPLATES}/only-here": Answer(body=thing("only-here", "1", metrics=[{"name": "m"}])),
            f"{CLUSTER_TEMPLATES}/everywhere": Answer(body=thing("everywhere", "1")),
            f"{CLUSTER_TEMPLATES}/x": Answer(body=thing("x", "1")),
            RUNS: listing("1", analysis_run("web-1", "Failed"), analysis_run("web-2", "Running")),
        }
    )
    for path in ("goood", "everywhere", "nothing"):
        api.standing[f"{TEMPLATES}/{path}"] = MISSING
    api.standing[f"{CLUSTER_TEMPLATES}/only-here"] = MISSING


def refusal(api: FakeApi, *refs: Ref) -> DeliveryError:
    with connected(api) as kube, pytest.raises(DeliveryError) as caught:
        read_templates(kube, "team", list(refs))
    return caught.value


def test_templates_are_read_by_name_with_those_they_refer_to() -> None:
    with fake_api() as api, connected(api) as kube:
        stand(api)
        found = read_templates(kube, "team", [Ref("everywhere", True), Ref("good"), Ref("only-here")])
        assert [template.ref for template in found] == [
            Ref("good"),
            Ref("only-here"),
            Ref("everywhere", True),
            Ref("x", True),
        ]
        assert found[1].spec == {"metrics": [{"name": "m"}]}
        assert [asked.path for asked in api.asked] == [
            f"{CLUSTER_TEMPLATES}/everywhere",
            f"{TEMPLATES}/good",
            f"{CLUSTER_TEMPLATES}/x",
            f"{TEMPLATES}/only-here",
        ]


def test_a_template_that_is_not_there_is_told_with_the_nearest() -> None:
    with fake_api() as api:
        stand(api)
        error = refusal(api, Ref("goood"))
        assert error.msg == "there is no AnalysisTemplate goood in namespace team"
        assert (error.reason, error.hint) == ("AnalysisTemplateNotFound", "did you mean good?")
        assert refusal(api, Ref("nothing")).hint == "there are good, only-here"


def test_a_template_of_the_other_kind_is_found() -> None:
    with fake_api() as api:
        stand(api)
        error = refusal(api, Ref("everywhere"))
        assert error.hint == "there is a ClusterAnalysisTemplate everywhere: name it in cluster_templates"
        error = refusal(api, Ref("only-here", True))
        assert error.msg == "there is no ClusterAnalysisTemplate only-here"
        assert error.hint == "there is an AnalysisTemplate only-here: name it in templates"


def test_a_template_that_another_refers_to_is_told_with_that() -> None:
    with fake_api() as api:
        stand(api)
        api.standing[f"{CLUSTER_TEMPLATES}/x"] = MISSING
        error = refusal(api, Ref("good"))
        assert error.msg == "there is no ClusterAnalysisTemplate x, which AnalysisTemplate good refers to"


def test_a_role_that_may_read_no_more_than_the_named_ones_still_gets_the_sentence() -> None:
    with fake_api() as api:
        stand(api)
        api.standing.update(
            {TEMPLATES: FORBIDDEN, CLUSTER_TEMPLATES: FORBIDDEN, NAMESPACE.path(None, "team"): FORBIDDEN}
        )
        error = refusal(api, Ref("goood"))
        assert error.msg == "there is no AnalysisTemplate goood in namespace team"


def test_a_namespace_that_is_not_there_is_what_is_told() -> None:
    with fake_api() as api:
        stand(api, namespace=False)
        assert refusal(api, Ref("goood")).reason == "NamespaceNotFound"
        api.standing[RUNS] = listing("1")
        with connected(api) as kube, pytest.raises(DeliveryError, match="the namespace team does not exist"):
            read_runs(kube, "team", [], [], "")


def test_runs_are_read_with_one_request() -> None:
    with fake_api() as api, connected(api) as kube:
        stand(api)
        assert len(read_runs(kube, "team", [], [NAME], "app=web,tier in (a, b)")) == 2
        assert len(read_runs(kube, "team", ["web-1", "web-2"], [], "")) == 2
        api.standing[RUNS] = listing("1", analysis_run("web-1", "Failed"))
        assert len(read_runs(kube, "team", ["web-1"], [], "")) == 1
        assert [(asked.query.get("labelSelector"), asked.query.get("fieldSelector")) for asked in api.asked] == [
            ("app=web,tier in (a, b)", None),
            (None, None),
            (None, "metadata.name=web-1"),
        ]


def test_a_run_or_a_rollout_that_is_not_there_is_an_error() -> None:
    with fake_api() as api, connected(api) as kube:
        stand(api)
        with pytest.raises(DeliveryError, match="there is no AnalysisRun web-3 in namespace team") as caught:
            read_runs(kube, "team", ["web-1", "web-3"], [], "")
        assert caught.value.hint == "did you mean web-2?"
        api.standing[ROLLOUT.path("team")] = listing("1", thing("idle", "1"))
        api.standing[ROLLOUT.path("team", "idle")] = Answer(body=thing("idle", "1"))
        api.standing[ROLLOUT.path("team", "idel")] = MISSING
        assert len(read_runs(kube, "team", [], [NAME, "idle"], "")) == 2
        with pytest.raises(DeliveryError, match="there is no Rollout idel in namespace team") as caught:
            read_runs(kube, "team", [], [NAME, "idel"], "")
        assert (caught.value.reason, caught.value.hint) == ("RolloutNotFound", "did you mean idle?")


def test_a_label_selector_that_is_none_is_told_so() -> None:
    with fake_api() as api, connected(api) as kube:
        api.standing[RUNS] = Answer(400, {"reason": "BadRequest", "message": "unable to parse requirement"})
        with pytest.raises(DeliveryError, match="label_selectors: the API server does not understand 'not one'"):
            read_runs(kube, "team", [], [], "not one")
