# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Plays that consist of roles of the collection alone, on the inventory of an environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.support.plays import ROOT, Ansible, Run

ROLE = "tradesense.delivery."


class Roles:
    """Runs roles with the variables of an inventory, and others over them."""

    def __init__(self, ansible: Ansible, folder: Path, environment: str = "development") -> None:
        self._ansible = ansible
        self._folder = folder
        self._inventory = ROOT / "inventories" / environment

    def run(
        self,
        *roles: str,
        kubeconfig: Path | None = None,
        flags: tuple[str, ...] = (),
        code: int | None = 0,
        **variables: Any,
    ) -> Run:
        """Run roles in their order; `flags` are those of ansible-playbook, for `code` see `Ansible.playbook`."""
        play: dict[str, Any] = {
            "name": "Roles",
            "hosts": "clusters",
            "gather_facts": False,
            "roles": [{"role": ROLE + role} for role in roles],
        }
        if kubeconfig:
            play["module_defaults"] = {f"group/{ROLE}delivery": {"kubeconfig": str(kubeconfig)}}
        playbook, given = self._folder / "roles.yml", self._folder / "roles.json"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        given.write_text(json.dumps(variables), encoding="utf-8")
        return self._ansible.playbook(playbook, "-i", str(self._inventory), "-e", f"@{given}", *flags, code=code)
