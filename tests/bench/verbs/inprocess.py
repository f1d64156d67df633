# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Run rollout_info once as its action does, in a fresh process after all imports, and print how long it took (ms).

python -m tests.bench.verbs.inprocess NAMESPACE
"""

from __future__ import annotations

import json
import sys
import time

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tradesense.delivery.plugins.module_utils._operation import Call
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.operations.reading import INFO


def main() -> None:
    """Time the operation and print what came of it."""
    began = time.perf_counter()
    validated = ArgumentSpecValidator(INFO.options, **INFO.rules()).validate({"namespace": sys.argv[1]})
    call = Call(
        params=validated.validated_parameters,
        check_mode=False,
        diff_mode=False,
        say=lambda line: None,
        show=lambda title, lines, over=False: None,
        warn=lambda text: None,
    )
    result = INFO.run(call)
    ms = (time.perf_counter() - began) * 1000
    print(json.dumps({"ms": ms, "rollouts": len(result["rollouts"]), "bytes": len(json.dumps(result))}))


if __name__ == "__main__":
    main()
