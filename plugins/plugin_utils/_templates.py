# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Templates as ansible.builtin.template finds and renders them. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import lookup_loader

from ._action import DeliveryAction


class _Variables(dict[str, Any]):
    """Variables that are not copied to their depths.

    The lookup does that for each template, which takes longer than most templates do: the variables of a task hold all of
    the inventory. It only adds names to its copy.
    """

    def __deepcopy__(self, _memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)


def render_templates(names: Iterable[str], variables: Mapping[str, Any], *, loader: Any, templar: Any) -> list[str]:
    """Return the text of templates.

    Args:
        names: file names as ansible.builtin.template takes them.
        variables: of the task; with the search path of its role.
        loader: Ansible's DataLoader.
        templar: Ansible's Templar.

    Raises:
        AnsibleActionFail: a template that does not exist.
        AnsibleError: one that cannot be rendered.
    """
    lookup = lookup_loader.get("ansible.builtin.template", loader=loader, templar=templar)
    own = _Variables(variables)
    texts: list[str] = []
    for name in names:
        found = lookup.run([name], variables=own)
        if not found:
            raise AnsibleActionFail(f"the template {name} does not exist")
        texts += [str(text) for text in found]
    return texts


class TemplatingAction(DeliveryAction):
    """An action whose option `template` becomes `definitions`: only the controller can render templates."""

    def _prepare(self, task_vars: dict[str, Any]) -> None:
        names = self._task.args.pop("template", None)
        if names:
            given = self._task.args.pop("definitions", None) or self._task.args.pop("definition", None)
            names = [names] if isinstance(names, str) else names
            texts = render_templates(names, task_vars, loader=self._loader, templar=self._templar)
            self._task.args["definitions"] = [*texts, *([given] if given else [])]
