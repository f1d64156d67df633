# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The module's door: from AnsibleModule to an operation and back. Private to this collection."""

from __future__ import annotations

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule

from ._errors import DeliveryError
from ._operation import Call, Operation


class _Module(AnsibleModule):  # type: ignore[misc]  # ansible-core is not typed
    """AnsibleModule that keeps the options out of the host's system log: manifests may hold Secrets."""

    def _log_invocation(self) -> None:
        """Log nothing; see the class."""


def run_module(operation: Operation) -> NoReturn:
    """Run an operation as a module and exit.

    A module cannot print while it runs: its lines of progress come back in the result's ``progress``.
    """
    module = _Module(argument_spec=operation.options, supports_check_mode=True, **operation.rules())
    if isinstance(module.params.get("kubeconfig"), str):
        # The content of a kubeconfig is secret, its path is not: a message about the file has to name it.
        module.no_log_values.discard(module.params["kubeconfig"])
    progress: list[str] = []
    call = Call(
        params=module.params,
        check_mode=module.check_mode,
        diff_mode=module._diff,
        say=progress.append,
        warn=module.warn,
        show=lambda title, lines, over=False: progress.extend([title, *lines] if title else lines),
    )
    try:
        result, leave = operation.run(call), module.exit_json
    except DeliveryError as error:
        result, leave = error.to_ansible(), module.fail_json
    # With INJECT_INVOCATION Ansible would put the options into the result.
    module.params.update({name: "not shown" for name in operation.private if module.params.get(name)})
    raise SystemExit(leave(**result, **({"progress": progress} if progress else {})))
