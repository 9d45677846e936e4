"""A closed model, the same question to own GPUs, and where the lines cross: offline, against the fake provider.

    uv run python examples/closed-or-own/run.py [FOLDER FOR THE PLOT]

Three fake servers stand in for a closed API, for own GPUs that serve four requests at a time, and for a hosting
provider. The commands are the ones you would type; point the three addresses at real servers and they measure those.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from evalkit.cli import run_command
from evalkit.testing.fake_provider import Behaviour, FakeProvider

HERE = Path(__file__).parent
SUITE = HERE / "suite.yaml"
BILLING = dict.fromkeys(("charged twice", "shows the wrong tax", "card was billed"), "billing")
RETURNS = dict.fromkeys(("too small", "return order", "came broken"), "returns")
ACCOUNT = dict.fromkeys(("cannot log in", "delete my account", "reset mail"), "account")
CLOSED = Behaviour(
    reply="shipping", answers=BILLING | RETURNS | ACCOUNT, input_tokens=300, output_tokens=60, cached_tokens=256
)
OPEN = BILLING | RETURNS | {"cannot log in": "account", "reset mail": "account"}
OWN = Behaviour(
    reply="The answer is shipping.",
    answers={part: f"The answer is {queue}." for part, queue in OPEN.items()},
    flavour="vllm",
    input_tokens=315,
    output_tokens=64,
    latency_s=0.02,
    chunks=4,
    token_interval_s=0.007,
    slots=4,
)
HOSTED = Behaviour(reply="shipping", answers=OPEN, input_tokens=315, output_tokens=64)


def main(plot: Path | None = None, seconds: float = 2.0) -> int:
    """Load, run, price and compare; the exit code of the first command that fails, else 0."""
    with ExitStack() as stack:
        servers = {"EVALKIT_CLOSED_URL": CLOSED, "EVALKIT_OWN_URL": OWN, "EVALKIT_HOSTED_URL": HOSTED}
        for name, behaviour in servers.items():
            os.environ[name] = stack.enter_context(FakeProvider.in_process(behaviour)).base_url
        results = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["EVALKIT_CACHE"] = str(Path(results) / "cache")
        load = ["load", SUITE, "--model", "own", "--slo", "ttft_p95=0.5", "--seconds", seconds, "--in-flight", "1,4,8"]
        crossing = ["breakeven", "latest", "--api", "closed", "--self-hosted", "own", "--hosted", "hosted"]
        commands = [
            load,
            ["run", SUITE],
            ["price"],
            [*crossing, "--requests-per-day", "10k,100k,1M,10M", *(("--svg", plot / "breakeven.svg") if plot else ())],
        ]
        for words in commands:
            line = [str(word) for word in words]
            print(f"\n$ evalkit {' '.join(line)}", flush=True)
            code = run_command([*line, "--results", results])
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
