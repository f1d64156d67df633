# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply with Jobs: those that failed run anew, and are told with what their pods left."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import pod_template
from tests.integration.support.plays import Ansible, look, task

TITLE = "Job migrate in namespace"
BAD = "v1-badmigration"


def job(tag: str) -> Obj:
    """Return a Job whose one try ends as the tag says."""
    spec = {**pod_template("migrate", tag=tag)["spec"], "restartPolicy": "Never"}
    made = {"backoffLimit": 0, "template": {"spec": spec}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}, "spec": made}


def test_a_job_that_failed_runs_anew_when_it_is_waited_for(ansible: Ansible, space: Space) -> None:
    wait: Obj = {"definitions": [job(BAD)], "wait": True}
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="first", fails=True, **wait),
            look("after first"),
            task("apply", name="without wait", definitions=[job(BAD)]),
            task("apply", name="check", check=True, **wait),
            look("after check"),
            task("apply", name="second", fails=True, **wait),
            look("after second"),
        ],
    )
    for name in ("first", "second"):
        assert f"not ready: {TITLE} {space.name} failed: BackoffLimitExceeded" in run[name].msg
        assert "(exit code 1: revision 0042 was refused: there are orders without an account)" in run[name].msg
        assert run[name].data["reason"] == "Failed"
        assert run[name].objects["Job/migrate"]["action"] == "created"
    assert run["second"].objects["Job/migrate"]["notes"] == ["the Job that failed before was removed and runs anew"]
    assert not run["without wait"].changed
    assert run["check"].changed
    before, checked, after = (
        run[f"after {name}"].objects["Job/migrate"]["metadata"]["uid"] for name in ("first", "check", "second")
    )
    assert before == checked != after


def test_a_job_that_succeeded_does_not_run_again(ansible: Ansible, space: Space) -> None:
    wait: Obj = {"definitions": [job("v1")], "wait": True}
    run = ansible.tasks(space.name, [task("apply", name="first", **wait), task("apply", name="second", **wait)])
    assert run["first"].changed
    assert not run["second"].changed
