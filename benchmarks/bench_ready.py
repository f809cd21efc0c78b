"""Measure the time until a stack is ready on the local AWS, beside the Pulumi CLI with an empty program.

Both run alternately, so that other load on the machine affects both equally. The result is a ratio. The
Pulumi CLI must be on PATH. It deploys a program without resources to a file backend in a temporary folder.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

MAX_RATIO = 0.8
"""Median of our stack, divided by the median of the Pulumi CLI."""

_ROOT = Path(__file__).resolve().parents[1]


def _measure_seconds(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(stack_folder: Path, runs: int) -> dict[str, float | int]:
    """Deploy both programs several times.

    Args:
        stack_folder: The folder of the Pulumi program for the local AWS.
        runs: Number of deployments of each.
    """
    ours, with_cli = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
        (folder / "__main__.py").write_text("import pulumi\n")
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        _measure_seconds(("pulumi", "stack", "init", "dev"), folder, environment)
        commands = {
            "cli": ("pulumi", "up", "--yes", "--stack", "dev", "--non-interactive"),
            "ours": (sys.executable, "-m", "pulumi_localaws", "run", "--", "true"),
        }
        for _ in range(runs):
            with_cli.append(_measure_seconds(commands["cli"], folder, environment))
            ours.append(_measure_seconds(commands["ours"], stack_folder, os.environ))
    return {
        "runs": runs,
        "local_aws_seconds_median": statistics.median(ours),
        "pulumi_cli_empty_program_seconds_median": statistics.median(with_cli),
        "ratio": statistics.median(ours) / statistics.median(with_cli),
    }


def main() -> int:
    """Print the results; return 1 if the limit is exceeded, and 0 if the Pulumi CLI is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="deployments of each program (default: 5)")
    parser.add_argument("--dir", type=Path, default=_ROOT, help="the program for the local AWS")
    arguments = parser.parse_args()
    if shutil.which("pulumi") is None:
        print("not measured: the Pulumi CLI is not on PATH. Install it, and repeat.", file=sys.stderr)
        return 0
    result = measure(arguments.dir, arguments.runs)
    print(json.dumps(result, indent=2))
    if result["ratio"] > MAX_RATIO:
        print(
            f"too slow: the ratio is {result['ratio']:.2f}, at most {MAX_RATIO} is allowed", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
