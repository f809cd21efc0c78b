"""Measure the import of the handlers from the Lambda zip, with and without bytecode, and check the deadline.

Every round imports each handler in both ways, so that other load on the machine affects both equally. The
measured value is CPU time: Lambda gives a function CPU in proportion to its memory.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pulumi_userprofiles.build_tools import BundleError, python_path
from pulumi_userprofiles.bundle import RUNTIMES, build_bundle
from pulumi_userprofiles.cognito_triggers import TRIGGER_MEMORY_MB
from userprofiles.deadline import POST_CONFIRMATION_SECONDS

MAX_CPU_RATIO = 0.7
"""CPU time of an import with bytecode, divided by the time without."""

COGNITO_SECONDS = 5
"""Cognito's wait for a trigger (Amazon Cognito Developer Guide, "Customizing user pool workflows with Lambda
triggers")."""

VCPU_MEMORY_MB = 1769
"""Memory that comes with one vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory")."""

HANDLERS = ("pre_sign_up", "post_confirmation", "outbox", "profile_api")
IMPORT = """
import importlib, sys, time
sys.path.insert(0, sys.argv[1])
started = time.process_time()
importlib.import_module("userprofiles.handlers." + sys.argv[2])
print(time.process_time() - started)
"""
ENVIRONMENT = {
    "AUDIT_TABLE": "audit",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "test",
    "OUTBOX_QUEUE_URL": "http://127.0.0.1:9/queue",
    "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "TEMPLATE": "marketplace",
    "USERS_TABLE": "users",
    "USER_POOL_CLIENT_IDS": "client",
    "USER_POOL_ID": "us-east-1_pool",
}


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


def _import_seconds(python: Path, folder: Path, handler: str) -> float:
    # -B: otherwise the first import would write the bytecode that the other folder lacks.
    command = [str(python), "-I", "-S", "-B", "-c", IMPORT, str(folder), handler]
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return float(process.stdout)


def measure(runtime: str, rounds: int) -> dict[str, dict[str, float]]:
    """Import each handler in a new process, with and without bytecode.

    Args:
        runtime: Lambda runtime of the zip.
        rounds: Number of imports of each handler in each way.

    Returns:
        For each handler: CPU seconds (medians) and their ratio.
    """
    seconds: dict[str, dict[str, list[float]]] = {name: {"with": [], "without": []} for name in HANDLERS}
    with tempfile.TemporaryDirectory() as temporary:
        folders = {way: Path(temporary) / way for way in ("with", "without")}
        for folder in folders.values():
            with zipfile.ZipFile(build_bundle(runtime=runtime)) as archive:
                archive.extractall(folder)
        for folder in list(folders["without"].rglob("__pycache__")):
            shutil.rmtree(folder)
        for _ in range(rounds):
            for handler in HANDLERS:
                for way, folder in folders.items():
                    seconds[handler][way].append(_import_seconds(_python(runtime), folder, handler))
    medians = {
        handler: {way: statistics.median(values) for way, values in ways.items()}
        for handler, ways in seconds.items()
    }
    return {
        handler: {
            "cpu_seconds_with_bytecode": ways["with"],
            "cpu_seconds_without_bytecode": ways["without"],
            "ratio": ways["with"] / ways["without"],
        }
        for handler, ways in medians.items()
    }


def main() -> int:
    """Print the results; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="imports of each handler (default: 15)")
    runtime = _available_runtime()
    imports = measure(runtime, parser.parse_args().rounds)
    import_seconds = imports["post_confirmation"]["cpu_seconds_with_bytecode"]
    import_seconds *= VCPU_MEMORY_MB / TRIGGER_MEMORY_MB
    answer_seconds = import_seconds + POST_CONFIRMATION_SECONDS
    result = {
        "runtime": runtime,
        "imports": imports,
        "post_confirmation": {
            "memory_mb": TRIGGER_MEMORY_MB,
            "import_seconds": import_seconds,
            "import_and_handler_seconds": answer_seconds,
            "seconds_left_for_lambda_and_network": COGNITO_SECONDS - answer_seconds,
        },
    }
    print(json.dumps(result, indent=2))
    exceeded_limits = [
        f"{name} is {value:.2f}, at most {limit} is allowed"
        for name, value, limit in (
            *((f"ratio of {handler}", values["ratio"], MAX_CPU_RATIO) for handler, values in imports.items()),
            ("import and handler of post confirmation (s)", answer_seconds, COGNITO_SECONDS - 1),
        )
        if value > limit
    ]
    if exceeded_limits:
        print("too slow: " + "; ".join(exceeded_limits), file=sys.stderr)
    return 1 if exceeded_limits else 0


if __name__ == "__main__":
    sys.exit(main())
