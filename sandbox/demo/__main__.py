# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Three releases on the sandbox: a good canary, a good blue-green, and a bad canary that is taken back.

``make demo`` calls it. It ends with exit code 0 only if each of them went as it should.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from sandbox.demo.playbook import Outcome, run
from sandbox.demo.witness import Witness
from sandbox.launcher.layout import Layout, layout_for
from sandbox.launcher.sandbox import Sandbox
from tools.binaries import ensure_binaries
from tools.errors import ToolError, run_main
from tools.paths import ROOT
from tools.report import Stopwatch, say

_FIRST = "v2.7.0"


class Demo:
    """The demonstration on one sandbox."""

    def __init__(self, layout: Layout) -> None:
        self.env = layout.environment()
        self.logs = layout.logs
        self.witness = Witness(
            self.env["TRADESENSE_KUBECTL"], self.env["KUBECONFIG"], self.env["TRADESENSE_SIMULATOR_URL"]
        )

    def provision(self) -> None:
        """Bring the development environment to the sandbox, or find it there."""
        _title("Provision the development environment")
        self._expect(run("provision", self.logs / "demo-provision.log", self.env), 0)

    def good_canary(self) -> str:
        """Release a good trading-service; return its version."""
        version = _next(self.witness.image("tradesense-trading-service"))
        _title(f"A canary: trading-service {version}")
        self._release("canary", "trading-service", version, 0)
        self._prove_trading(version)
        return version

    def good_blue_green(self) -> None:
        """Release a good api-gateway."""
        version = _next(self.witness.image("tradesense-api-gateway"))
        _title(f"A blue-green: api-gateway {version}")
        self._release("blue-green", "api-gateway", version, 0)
        for line in self.witness.stable_serves_all(
            "tradesense-api-gateway",
            "tradesense-api-gateway-ingress",
            "tradesense-api-gateway-active",
            f"tradesense/api-gateway:{version}",
        )[1:]:
            say(f"  {line}")

    def bad_canary(self, good: str) -> None:
        """Release a trading-service that fails a fifth of its requests; it must be taken back."""
        version = f"{_next(f'x:{good}')}-errors20"
        _title(f"A bad canary: trading-service {version}, which fails 20 % of its requests")
        outcome = self._release("bad-canary", "trading-service", version, 2)
        say(f"  the release failed, as it should: {_why(outcome.failure)}")
        self._prove_trading(good)

    def _release(self, log: str, service: str, version: str, code: int) -> Outcome:
        versions = f"release_versions={service}={version}"
        return self._expect(run("release", self.logs / f"demo-{log}.log", self.env, "-e", versions), code)

    def _prove_trading(self, version: str) -> None:
        for line in self.witness.stable_serves_all(
            "tradesense-trading-service",
            "tradesense-trading-service-stable",
            "tradesense-trading-service-stable",
            f"tradesense/trading-service:{version}",
        ):
            say(f"  {line}")

    def _expect(self, outcome: Outcome, code: int) -> Outcome:
        if outcome.code != code:
            raise ToolError(
                f"the play ended with exit code {outcome.code} instead of {code}",
                detail=outcome.failure or outcome.output[-1500:],
                hint=f"The whole output is in {self.logs}. To start afresh: make sandbox-down",
            )
        return outcome


def _why(failure: str) -> str:
    """Return what was found of the requests that fail: by the guard, or by the canary's analysis if that was quicker.

    Raises:
        ToolError: neither of them is the reason.
    """
    found = re.search(
        r"error rate: [\d.]+ % of \d+ requests failed, on stable [\d.]+ % of \d+ requests failed", failure
    )
    found = found or re.search(r'Metric "error-rate-comparison" assessed Failed', failure)
    if not found:
        raise ToolError("the release failed, but not for the reason it should", detail=failure)
    return found[0]


def _next(image: str) -> str:
    """Return the next minor version after an image's, without its behaviour suffix."""
    found = re.search(r":v(\d+)\.(\d+)\.\d+", image)
    return f"v{found[1]}.{int(found[2]) + 1}.0" if found else _FIRST


def _title(text: str) -> None:
    say("")
    say(f"== {text}")


def main() -> int:
    """Start the sandbox, run the three releases, say what happened."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument("--name", default=os.environ.get("SANDBOX") or "default", help="which sandbox")
    layout = layout_for(ROOT, parser.parse_args().name)
    watch = Stopwatch()
    _title("Start the sandbox: a real API server, Argo Rollouts controller and Prometheus")
    Sandbox(layout, ensure_binaries(), timeout=90).up()
    demo = Demo(layout)
    demo.provision()
    good = demo.good_canary()
    demo.good_blue_green()
    demo.bad_canary(good)
    _title("What happened")
    say("  1. The canary went to 100 % step by step, each step judged by metrics of its own pods.")
    say("  2. The blue-green was checked on its preview Service, then took all traffic at once.")
    say("  3. The bad canary was found worse than stable and taken back: the good version serves all traffic.")
    say(f"demo: passed in {watch}. The sandbox is still up (make sandbox-down); whole outputs are in {layout.logs}")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
