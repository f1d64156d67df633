# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The kwok Stage documents of a sandbox.

kwok's own stages turn every pod Ready, and a configuration that brings one stage of its own must bring all.
So this is a complete set: nodes, pods that turn Ready, jobs that complete or fail, deletion, and one stage for each
behaviour that keeps a pod from ever being Ready, taken from the table of behaviours. kwok itself then gives
those pods their status in one step, and their Ready condition never blinks.
"""

from __future__ import annotations

import json
import textwrap

from sandbox.simulator.behaviours import RULES, Readiness, Rule

_STAGE = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: {name}
spec:
  resourceRef:
    apiGroup: v1
    kind: {kind}
  selector:
    matchExpressions:
{selector}{delay}  next:
{action}"""

_NODE_CONDITIONS = """\
{{ $now := Now }}
{{ $since := or .metadata.creationTimestamp $now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $since | Quote }}
{{ end }}
"""

_NODE_ADDRESSES = """\
{{ if not .status.addresses }}
addresses:
{{ with NodeIP }}
- type: InternalIP
  address: {{ . | Quote }}
{{ end }}
{{ with NodeName }}
- type: Hostname
  address: {{ . | Quote }}
{{ end }}
{{ end }}
"""

_DAEMON_PORT = """\
{{ with NodePort }}
daemonEndpoints:
  kubeletEndpoint:
    Port: {{ . }}
{{ end }}
"""

_NODE_SIZE = """\
capacity:
{{ with .status.capacity }}
{{ YAML . 1 }}
{{ else }}
  cpu: 1k
  memory: 1Ti
  pods: 1M
{{ end }}
allocatable:
{{ with .status.allocatable }}
{{ YAML . 1 }}
{{ else }}
  cpu: 1k
  memory: 1Ti
  pods: 1M
{{ end }}
{{ $info := or .status.nodeInfo dict }}
{{ $version := printf "kwok-%s" Version }}
nodeInfo:
  architecture: {{ or $info.architecture "amd64" | Quote }}
  operatingSystem: {{ or $info.operatingSystem "linux" | Quote }}
  osImage: {{ or $info.osImage "" | Quote }}
  bootID: {{ or $info.bootID "" | Quote }}
  machineID: {{ or $info.machineID "" | Quote }}
  systemUUID: {{ or $info.systemUUID "" | Quote }}
  containerRuntimeVersion: {{ or $info.containerRuntimeVersion $version | Quote }}
  kernelVersion: {{ or $info.kernelVersion $version | Quote }}
  kubeProxyVersion: {{ or $info.kubeProxyVersion $version | Quote }}
  kubeletVersion: {{ or $info.kubeletVersion $version | Quote }}
"""

_POD_NETWORK = """\
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
{{ $onHost := or .spec.hostNetwork false }}
{{ with PodIPsWith .spec.nodeName $onHost .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
"""

_READINESS_GATES = """\
{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
"""

_INIT_CONTAINERS = """\
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
  {{ else }}
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}
"""

_RUNNING = """\
  state:
    running:
      startedAt: {{ $now | Quote }}
"""

_WAITING = """\
  state:
    waiting:
      reason: ImagePullBackOff
      message: {{ printf "back-off pulling image %s" $item.image | Quote }}
"""

_COMPLETED = """\
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
"""

_FAILED = """\
  state:
    terminated:
      exitCode: 1
      reason: Error
      message: "revision 0042 was refused: there are orders without an account"
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
"""

_ALIVE = (".metadata.deletionTimestamp", "DoesNotExist", ())
_PENDING = (".status.phase", "In", ("Pending",))
_NOT_READY = ('.status.conditions.[] | select( .type == "Ready" ) | .status', "NotIn", ("True",))
_NODE_READY = (_NOT_READY[0], "In", ("True",))

_Requirement = tuple[str, str, tuple[str, ...]]

_JOB: list[_Requirement] = [
    _ALIVE,
    (".status.phase", "In", ("Running",)),
    (".metadata.ownerReferences.[].kind", "In", ("Job",)),
]


def stages() -> str:
    """All stages as YAML documents, each starting with ``---``."""
    held = [rule for rule in RULES if rule.readiness in (Readiness.NEVER_READY, Readiness.IMAGE_PULL)]
    failing = [rule for rule in RULES if rule.fails_jobs]
    initial = _NODE_CONDITIONS + _NODE_ADDRESSES + _DAEMON_PORT + _NODE_SIZE + "phase: Running\n"
    documents = [
        _stage("node-initialize", "Node", [_NOT_READY], _status(initial)),
        _stage(
            "node-heartbeat-with-lease",
            "Node",
            [(".status.phase", "In", ("Running",)), _NODE_READY],
            _status(_NODE_CONDITIONS),
            delay_ms=600_000,
        ),
        _stage(
            "pod-ready",
            "Pod",
            [_ALIVE, _PENDING, _NOT_READY, *(_image(rule, "NotIn") for rule in held)],
            _status(_pod("Running", "True", _containers("true", _RUNNING))),
        ),
        *(_held_stage(rule) for rule in held),
        _stage(
            "pod-complete",
            "Pod",
            [*_JOB, *(_image(rule, "NotIn") for rule in failing)],
            _status("{{ $now := Now }}\n" + _containers("false", _COMPLETED) + "phase: Succeeded\n"),
        ),
        *(
            _stage(
                f"pod-failed{rule.suffix}",
                "Pod",
                [*_JOB, _image(rule, "In")],
                _status("{{ $now := Now }}\n" + _containers("false", _FAILED) + "phase: Failed\n"),
            )
            for rule in failing
        ),
        _stage("pod-delete", "Pod", [(_ALIVE[0], "Exists", ())], "    delete: true\n"),
    ]
    return "".join(f"---\n{document}" for document in documents)


def _held_stage(rule: Rule) -> str:
    """The stage that gives a pod of this behaviour its first status, from which it never gets away by itself."""
    select = [_ALIVE, _PENDING, _NOT_READY, _image(rule, "In")]
    name = f"pod{rule.suffix}"
    if rule.readiness is Readiness.NEVER_READY:
        return _stage(name, "Pod", select, _status(_pod("Running", "False", _containers("false", _RUNNING))))
    # The pod stays Pending, so without this the stage would be applied again and again.
    done = (".status.containerStatuses[0].state.waiting.reason", "NotIn", ("ImagePullBackOff",))
    return _stage(name, "Pod", [*select, done], _status(_pod("Pending", "False", _containers("false", _WAITING))))


def _image(rule: Rule, operator: str) -> _Requirement:
    # The table's patterns mean the same in Python and in jq; a digest may follow the tag.
    pattern = rule.pattern.removesuffix("$") + "(@|$)"
    return (f".spec.containers[0].image | test({json.dumps(pattern)})", operator, ("true",))


def _stage(name: str, kind: str, selector: list[_Requirement], action: str, delay_ms: int = 0) -> str:
    delay = f"  delay:\n    durationMilliseconds: {delay_ms}\n    jitterDurationMilliseconds: {delay_ms + 10_000}\n"
    return _STAGE.format(
        name=name,
        kind=kind,
        selector="".join(_requirement(item) for item in selector),
        delay=delay if delay_ms else "",
        action=action,
    )


def _requirement(item: _Requirement) -> str:
    key, operator, values = item
    quoted = key.replace("'", "''")
    lines = f"    - key: '{quoted}'\n      operator: {operator}\n"
    if values:
        lines += "      values:\n" + "".join(f"      - '{value}'\n" for value in values)
    return lines


def _status(template: str) -> str:
    return "    statusTemplate: |\n" + textwrap.indent(template, "      ")


def _pod(phase: str, ready: str, containers: str) -> str:
    conditions = "{{ $now := Now }}\nconditions:\n"
    for kind, status in (("Initialized", "True"), ("Ready", ready), ("ContainersReady", ready)):
        conditions += f'- type: {kind}\n  status: "{status}"\n'
        if status == "False":
            conditions += "  reason: ContainersNotReady\n"
        conditions += "  lastTransitionTime: {{ $now | Quote }}\n"
    return (
        f"{conditions}{_READINESS_GATES}{containers}{_INIT_CONTAINERS}{_POD_NETWORK}"
        f"phase: {phase}\nstartTime: {{{{ $now | Quote }}}}\n"
    )


def _containers(ready: str, state: str) -> str:
    return (
        "containerStatuses:\n{{ range $item := .spec.containers }}\n"
        "- name: {{ $item.name | Quote }}\n  image: {{ $item.image | Quote }}\n"
        f"  ready: {ready}\n  restartCount: 0\n{state}{{{{ end }}}}\n"
    )
