"""Measure the cold start of each handler from the Lambda zip, beside `boto3.client('dynamodb')` alone.

Every round starts each program in a new process, in a random order, so that other load on the machine affects
all of them equally. The values are CPU milliseconds of the whole process, minus those of a bare Python
handler: Lambda gives a function CPU in proportion to its memory.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pulumi_userprofiles.build_tools import BundleError, python_path
from pulumi_userprofiles.bundle import RUNTIMES, build_bundle
from pulumi_userprofiles.cognito_triggers import TRIGGER_MEMORY_MB
from userprofiles.deadline import POST_CONFIRMATION_SECONDS

MAX_BYTECODE_RATIO = 0.7
"""CPU time of a handler with bytecode, divided by the time without."""

MAX_BOTO3_RATIO = 1.0
"""CPU time of post confirmation, divided by that of `boto3.client('dynamodb')`."""

COGNITO_SECONDS = 5
"""Cognito's wait for a trigger (Amazon Cognito Developer Guide, "Customizing user pool workflows with Lambda
triggers")."""

VCPU_MEMORY_MB = 1769
"""Memory that comes with one vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory")."""

BARE = "bare Python handler"
BOTO3 = "boto3.client('dynamodb')"
BARE_SOURCE = "def handler(event, context):\n    return event\n"
BOTO3_SOURCE = "import boto3\nCLIENT = boto3.client('dynamodb')\n"
BOTO3_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
IMPORT = "import importlib, sys; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2])"
ENVIRONMENT = {
    "AUDIT_TABLE": "audit",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "test",
    "IDEMPOTENCY_TABLE": "answers",
    "MIGRATION_BUCKET": "bucket",
    "OUTBOX_QUEUE_URL": "http://127.0.0.1:9/queue",
    "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "TEMPLATE": "marketplace",
    "USERS_TABLE": "users",
    "USER_POOL_CLIENT_IDS": "client",
    "USER_POOL_ID": "us-east-1_pool",
}

Program = tuple[Path, str]
"""A folder for `sys.path`, and the module to import from it."""


def _python(runtime: str) -> Path:
    return python_path(runtime.removeprefix("python"))


def _available_runtime() -> str:
    """Return the first runtime, in the order of our preference, that this machine has an interpreter for."""
    for runtime in RUNTIMES:
        try:
            _python(runtime)
        except BundleError:
            continue
        return runtime
    raise BundleError(f"This machine has no interpreter for {', '.join(RUNTIMES)}. Install one of them.")


def _write_boto3(folder: Path, python: Path) -> None:
    """Copy the installed boto3, whole and with bytecode, as Lambda's runtime has it."""
    for package in BOTO3_PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin)
        if source.name == "__init__.py":
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source.parent, folder / package, ignore=ignored)
        else:
            shutil.copy(source, folder)
    (folder / "boto3_client.py").write_text(BOTO3_SOURCE, encoding="utf-8")
    (folder / "bare_handler.py").write_text(BARE_SOURCE, encoding="utf-8")
    subprocess.run([python, "-I", "-m", "compileall", "-q", folder], check=True)


def _create_programs(folder: Path, runtime: str) -> dict[str, Program]:
    """Unpack the zip twice, the second time without its bytecode."""
    boto3, with_bytecode, without_bytecode = (folder / name for name in ("boto3", "with", "without"))
    boto3.mkdir()
    _write_boto3(boto3, _python(runtime))
    programs = {BARE: (boto3, "bare_handler"), BOTO3: (boto3, "boto3_client")}
    with zipfile.ZipFile(build_bundle(runtime=runtime)) as archive:
        archive.extractall(with_bytecode)
        archive.extractall(without_bytecode)
    for cache in list(without_bytecode.rglob("__pycache__")):
        shutil.rmtree(cache)
    for handler in sorted((with_bytecode / "userprofiles" / "handlers").glob("[!_]*.py")):
        module = f"userprofiles.handlers.{handler.stem}"
        programs[handler.stem] = (with_bytecode, module)
        programs[f"{handler.stem} without bytecode"] = (without_bytecode, module)
    return programs


def _cpu_milliseconds(python: Path, program: Program) -> float:
    folder, module = program
    # -B: otherwise the first import would write the bytecode that the other folder lacks.
    command = [str(python), "-I", "-S", "-B", "-c", IMPORT, str(folder), module]
    with subprocess.Popen(command, env=ENVIRONMENT) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{module} cannot be imported from {folder}: exit code {process.returncode}.")
    return (usage.ru_utime + usage.ru_stime) * 1000


def measure(runtime: str, rounds: int) -> dict[str, float]:
    """Import each handler in a new process, with and without bytecode, and create boto3's client.

    Args:
        runtime: Lambda runtime of the zip.
        rounds: Number of processes of each program.

    Returns:
        For each program: median of the CPU milliseconds, minus that of the bare handler.
    """
    python = _python(runtime)
    with tempfile.TemporaryDirectory() as temporary:
        programs = _create_programs(Path(temporary), runtime)
        milliseconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name in random.sample(list(programs), len(programs)):
                milliseconds[name].append(_cpu_milliseconds(python, programs[name]))
    medians = {name: statistics.median(values) for name, values in milliseconds.items()}
    bare = medians.pop(BARE)
    print(f"{runtime}, boto3 {version('boto3')}, {BARE}: {bare:.1f} ms CPU; below: ms above it")
    return {name: median - bare for name, median in medians.items()}


def _print_table(medians: Mapping[str, float], handlers: list[str]) -> None:
    print(f"{'':26} {'ms':>6} {'of boto3.client':>16} {'without bytecode':>17}")
    print(f"{BOTO3:26} {medians[BOTO3]:6.1f} {1:16.2f}")
    for name in handlers:
        without_bytecode = medians[f"{name} without bytecode"]
        print(
            f"{name:26} {medians[name]:6.1f} {medians[name] / medians[BOTO3]:16.2f} {without_bytecode:17.1f}"
        )


def main() -> int:
    """Print the results; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="processes of each program (default: 15)")
    medians = measure(_available_runtime(), parser.parse_args().rounds)
    handlers = [name for name in medians if f"{name} without bytecode" in medians]
    _print_table(medians, handlers)
    post_confirmation = medians["post_confirmation"]
    import_seconds = post_confirmation / 1000 * VCPU_MEMORY_MB / TRIGGER_MEMORY_MB
    answer_seconds = import_seconds + POST_CONFIRMATION_SECONDS
    print(
        f"post_confirmation with {TRIGGER_MEMORY_MB} MB: import {import_seconds:.2f} s, import and handler "
        f"{answer_seconds:.2f} s; {COGNITO_SECONDS - answer_seconds:.2f} s left for Lambda and network"
    )
    ratios = {name: medians[name] / medians[f"{name} without bytecode"] for name in handlers}
    exceeded_limits = [
        f"{name} is {value:.2f}, at most {limit} is allowed"
        for name, value, limit in (
            *((f"bytecode ratio of {name}", ratio, MAX_BYTECODE_RATIO) for name, ratio in ratios.items()),
            ("boto3 ratio of post_confirmation", post_confirmation / medians[BOTO3], MAX_BOTO3_RATIO),
            ("import and handler of post_confirmation (s)", answer_seconds, COGNITO_SECONDS - 1),
        )
        if value > limit
    ]
    if exceeded_limits:
        print("too slow: " + "; ".join(exceeded_limits), file=sys.stderr)
    return 1 if exceeded_limits else 0


if __name__ == "__main__":
    sys.exit(main())
