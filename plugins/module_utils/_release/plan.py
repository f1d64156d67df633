# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of a release, and what a rollback takes back. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import DeliveryError
from .._rollouts.history import ROLLED_BACK


@dataclass(frozen=True)
class Target:
    """A service of a release: the name of its workload and the image it is to run."""

    workload: str
    image: str


def targets_of(catalog: Mapping[str, Mapping[str, Any]]) -> dict[str, Target]:
    """Return service -> what it is to run, from a normalised catalog with the versions of the release."""
    return {
        str(service): Target(str(entry["name"]), f"{entry['image']}:{entry['version']}")
        for service, entry in catalog.items()
    }


def obstacles(
    rollouts: Mapping[str, Mapping[str, Any]], targets: Mapping[str, Target], *, again: bool = False
) -> list[str]:
    """Return why a release must not start now, a sentence each; none when it may.

    A service that is in flight with the very image of the release is no obstacle: then this run resumes an earlier one. An
    aborted one is none either: the new template takes its place.

    Args:
        rollouts: what is live, as `rollout_info` returns it.
        targets: service -> what it is to run.
        again: whether what the guard took back may be released again.
    """
    found = []
    for service, target in targets.items():
        live = rollouts.get(target.workload)
        if live is None:
            found.append(f"{service}: {target.workload} does not exist; provision it first")
        elif not again and (taken_back := _taken_back(live, target)):
            found.append(f"{service}: {taken_back}")
        elif live["in_flight"] and not live["aborted"] and target.image not in current_images(live):
            found.append(
                f"{service}: another release is in flight (revision {live['revision']} with "
                f"{', '.join(current_images(live))}, {live['phase']}: {live['message']}".rstrip(": ")
                + "); finish it with playbooks/promote.yml or take it back with playbooks/rollback.yml"
            )
    return found


def _taken_back(live: Mapping[str, Any], target: Target) -> str:
    """Return that the guard took the image of a release back before, empty when it did not, or it is live all the same."""
    if target.image in current_images(live):
        return ""
    for revision in live.get("revisions") or ():
        if revision.get("banned") and target.image in revision["images"]:
            return (
                f"the guard took {target.image} back before (revision {revision['revision']}, {revision['hash']}); release a "
                "version in which that is mended, or this one once more with release_again=true"
            )
    return ""


def shortfalls(rollouts: Mapping[str, Mapping[str, Any]], targets: Mapping[str, Target]) -> list[str]:
    """Return which services do not serve with the image they were to run, a sentence each."""
    found = []
    for service, target in targets.items():
        live = rollouts.get(target.workload)
        if live is None:
            found.append(f"{service}: {target.workload} does not exist")
        elif target.image not in current_images(live):
            found.append(f"{service} runs {', '.join(current_images(live))} instead of {target.image}")
        elif live["phase"] != "Healthy" or live["in_flight"]:
            found.append(f"{service} is {live['phase']} {live['message']}".rstrip())
    return found


def to_migrate(rollouts: Mapping[str, Mapping[str, Any]], catalog: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the services whose database has to be brought to the new version: they have migrations and not yet its image."""
    targets = targets_of({service: entry for service, entry in catalog.items() if entry["migrations"]})
    return [service for service, target in targets.items() if target.image not in _images_of(rollouts, target)]


def _images_of(rollouts: Mapping[str, Mapping[str, Any]], target: Target) -> list[str]:
    live = rollouts.get(target.workload)
    return current_images(live) if live else []


def release_name(rollouts: Mapping[str, Mapping[str, Any]], targets: Mapping[str, Target], new: str) -> str:
    """Return the name of the release: that of the one this run resumes, else a new one.

    A release is resumed when one of its services is still in flight with the image it is to run.
    """
    resumed = [
        str(live["release"])
        for target in targets.values()
        for live in [rollouts.get(target.workload)]
        if live and live.get("release") and live["in_flight"] and target.image in current_images(live)
    ]
    return max((name for name in resumed if not name.endswith(ROLLED_BACK)), default=new)


def rollback_waves(
    rollouts: Mapping[str, Mapping[str, Any]],
    waves: Sequence[Sequence[str]],
    *,
    release: str = "",
    names: Sequence[str] = (),
) -> list[list[str]]:
    """Return the workloads to take back, in the reverse order of their release.

    Args:
        rollouts: what is live, as `rollout_info` returns it.
        waves: all workloads of the catalog in the order of a release.
        release: take back exactly what this release changed.
        names: take back exactly these. Without both, everything the newest release changed is meant, promoted or not, and
            whatever else is in flight: half a release must never stay. A release that was taken back already gives
            nothing, so that a second call does not go further back.
    """
    chosen = set(names) or set(_changed_by(rollouts, release) if release else _newest(rollouts))
    ordered = [[name for name in wave if name in chosen] for wave in reversed(waves)]
    known = {name for wave in waves for name in wave}
    # What the catalog does not know goes first: nothing is known to depend on its order.
    rest = sorted(chosen - known)
    return [wave for wave in [rest, *ordered] if wave]


def _newest(rollouts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    releases = [str(live.get("release") or "").partition(" ")[0] for live in rollouts.values()]
    newest = max((name for name in releases if name), default="")
    moving = [name for name, live in rollouts.items() if live["in_flight"] or live["aborted"]]
    return [*(_changed_by(rollouts, newest) if newest else []), *moving]


def _changed_by(rollouts: Mapping[str, Mapping[str, Any]], release: str) -> list[str]:
    return [name for name, live in rollouts.items() if live.get("release") == release]


def current_images(live: Mapping[str, Any]) -> list[str]:
    """Return the images of the current revision."""
    current = [item["images"] for item in live.get("revisions") or [] if item["hash"] == live["current_hash"]]
    return [str(image) for images in current for image in images]


def live_versions(rollouts: Mapping[str, Mapping[str, Any]], targets: Mapping[str, Target]) -> dict[str, str]:
    """Return service -> the tag that its current revision runs, of those services that are among the rollouts.

    Args:
        rollouts: what is live, as `rollout_info` returns it.
        targets: the catalog's services.

    Raises:
        DeliveryError: a service runs another image than the catalog's, so that no version of it could be given.
    """
    found: dict[str, str] = {}
    for service, target in targets.items():
        live = rollouts.get(target.workload)
        if live is None:
            continue
        repository = target.image.rpartition(":")[0]
        tags = [
            image.removeprefix(f"{repository}:") for image in current_images(live) if image.startswith(f"{repository}:")
        ]
        if not tags or "@" in tags[0]:
            raise DeliveryError(
                f"{service} runs {', '.join(current_images(live)) or 'nothing'}, which is no version of {repository}",
                reason="UnknownVersion",
                hint="release the service first, by playbooks/release.yml",
            )
        found[service] = tags[0]
    return found
