# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A whole environment, cold and unchanged, by everything that could apply it.

Each contender gets a namespace that does not exist yet, applies everything, applies it once more when the controllers are
done with it, and leaves it to be removed. A whole play of ours, from the start of the process, is compared with kubectl's
process and with whole plays of kubernetes.core. Ansible's own start and its tasks around the work are in that, so the work
alone is measured too: the same file in one task, without the play around it.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.apply.manifests import ENVIRONMENT, Manifests, monitoring, render
from tests.bench.bench import Bench, rotated
from tests.bench.figures import Series
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.verbs.contenders import OTHERS, OURS
from tests.integration.support.cluster import versions
from tests.integration.support.secrets import SECRETS
from tools.paths import ROOT
from tools.report import Stopwatch, say
from tools.setup import NEWEST

GOAL_KUBECTL = 0.5
GOAL_LOOP = 1 / 25
_NAME = "bench-apply"
_REMOVED_WITHIN = 180.0
# What the controllers work on after an apply, and how long nothing of it has to move for them to be done.
_MOVING = ("Rollout", "Deployment", "StatefulSet", "ReplicaSet", "Pod")
_STILL, _STILL_WITHIN = 5.0, 120.0


@dataclass(frozen=True)
class Contender:
    """A way to apply an environment.

    Attributes:
        key: its name in the figures.
        label: what the table calls it.
        apply: does it once, and returns seconds.
        once: only in the first round, because it takes minutes.
    """

    key: str
    label: str
    apply: Callable[[Bench, str, Manifests], float]
    once: bool = False


def measure(bench: Bench) -> Report:
    """Apply an environment in every way, round by round."""
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    count = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number in range(bench.rounds):
            for contender in rotated(CONTENDERS, number):
                if contender.once and number:
                    continue
                namespace = f"{_NAME}-{contender.key}"
                manifests = render(namespace, Path(folder))
                count = len(manifests.objects)
                _remove(bench, namespace)
                watch = Stopwatch()
                for state in ("cold", "unchanged"):
                    values[contender.key, state].append(contender.apply(bench, namespace, manifests))
                    _rest(bench, namespace)
                say(f"  {contender.label}: round {number + 1} of {bench.rounds} took {watch}")
                _remove(bench, namespace)
    return _report(count, {key: Series.of(found) for key, found in values.items()})


def _rest(bench: Bench, namespace: str) -> None:
    """Wait until the controllers are done: on two processors they would be measured along with whatever comes next."""
    spaces = [bench.cluster.space(name) for name in (namespace, monitoring(namespace))]

    def moving() -> list[dict[str, str]]:
        return [
            versions({item["metadata"]["name"]: item for item in space.list(kind)})
            for space in spaces
            for kind in _MOVING
        ]

    def still() -> bool:
        before = moving()
        time.sleep(_STILL)
        return moving() == before

    spaces[0].until(still, "the environment at rest", seconds=_STILL_WITHIN)


def _remove(bench: Bench, namespace: str) -> None:
    spaces = [bench.cluster.space(name) for name in (namespace, monitoring(namespace))]
    for space in spaces:
        space.remove()
    for space in spaces:
        space.until(functools.partial(bench.lacks, space.name), f"{space.name} removed", seconds=_REMOVED_WITHIN)


def _provision(bench: Bench, namespace: str, _manifests: Manifests) -> float:
    given = {"tradesense_namespace": namespace, "tradesense_monitoring_namespace": monitoring(namespace)}
    argv = [str(NEWEST.path / "bin" / "ansible-playbook"), str(ROOT / "playbooks" / "provision.yml")]
    argv += ["-i", str(ROOT / "inventories" / ENVIRONMENT), "-e", json.dumps(given)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "K8S_AUTH_"))}
    variables = {
        **kept,
        **bench.environment,
        **SECRETS,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "LC_ALL": "C.UTF-8",
    }
    return bench.process(argv, **variables).seconds


def _read(manifests: Manifests) -> str:
    """Return the expression for the text of the file: written into the play, Argo's own placeholders would be templates."""
    return f"lookup('ansible.builtin.file', '{manifests.file}')"


def _task(bench: Bench, _namespace: str, manifests: Manifests) -> float:
    task = {"tradesense.delivery.apply": {"definitions": f"{{{{ {_read(manifests)} }}}}"}}
    (mark,) = bench.player.play([task], OURS).tasks
    return mark.ended - mark.began


def _kubectl(bench: Bench, _namespace: str, manifests: Manifests) -> float:
    kubectl = bench.environment["TRADESENSE_KUBECTL"]
    return bench.process([kubectl, "apply", "--server-side", "--force-conflicts", "-f", str(manifests.file)]).seconds


def _core_file(bench: Bench, _namespace: str, manifests: Manifests) -> float:
    task = {"kubernetes.core.k8s": {"src": str(manifests.file), "apply": True}}
    return bench.player.play([task], OTHERS).seconds


def _core_loop(bench: Bench, _namespace: str, manifests: Manifests) -> float:
    task = {
        "kubernetes.core.k8s": {"definition": "{{ item }}", "apply": True},
        "loop": f"{{{{ {_read(manifests)} | from_yaml_all | list }}}}",
        "loop_control": {"label": "{{ item.kind }} {{ item.metadata.name }}"},
    }
    return bench.player.play([task], OTHERS).seconds


CONTENDERS = (
    Contender("ours", "playbooks/provision.yml, the whole play", _provision),
    Contender("task", "tradesense.delivery.apply, one task with the file, without the play around it", _task),
    Contender("kubectl", "kubectl apply --server-side, one file", _kubectl),
    Contender("file", "kubernetes.core.k8s, one task with the file", _core_file),
    Contender("loop", "kubernetes.core.k8s, a loop over the objects, in the first round", _core_loop, once=True),
)


def _report(count: int, values: dict[tuple[str, str], Series]) -> Report:
    columns = ["", "cold (s)", "times ours", "unchanged (s)", "times ours"]
    table = Table(f"An environment of {count} objects", columns)
    for contender in CONTENDERS:
        cells: list[object] = [contender.label]
        for state in ("cold", "unchanged"):
            own = values[contender.key, state]
            cells += [own, None if contender.key == "ours" else _share(own, values["ours", state])]
        table.add(*cells)
    goals = []
    for state in ("cold", "unchanged"):
        for mine, name in (("ours", "play"), ("task", "task")):
            for key, what, limit in (("kubectl", "kubectl's", GOAL_KUBECTL), ("loop", "the loop's", GOAL_LOOP)):
                share = _share(values[mine, state], values[key, state])
                goals.append(Goal(f"{state}: the {name} as a share of {what}", limit, share.median, "", str(share)))
    data = {f"{key}_{state}": series for (key, state), series in values.items()}
    return Report([table], goals, {"estate": {"objects": count, **data}})


def _share(one: Series, other: Series) -> Series:
    """Return the ratios of the rounds that both took part in, which are the first ones."""
    rounds = min(len(one.values), len(other.values))
    return Series(one.values[:rounds]).over(Series(other.values[:rounds]))
