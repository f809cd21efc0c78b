"""Sign up users by many simultaneous clients on a fresh stack, and count failures and function processes.

All functions are cold at the start, and clients, functions and the local AWS share this machine's processors.
Each user takes SignUp (pre sign-up) and AdminConfirmSignUp (post confirmation, which writes the profile).

Exit codes: 0 success; 1 a call failed, a profile is missing, or a limit on processes or memory is exceeded.

    python benchmarks/bench_sign_ups.py [--users 1000] [--clients 32]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from botocore.config import Config
from botocore.exceptions import ClientError
from pulumi_localaws.deploy import deploy
from pulumi_localaws.local_aws import LocalAws

PROJECT = Path(__file__).resolve().parents[1]
PASSWORD = "Correct-horse-7-battery"  # noqa: S105 - not a secret: the pool is deleted with the benchmark
MAX_PROCESSES, MAX_MIB = 24, 1_024
_KIB_PER_MIB = 1_024


class ProcessWatch:
    """Counts the function processes below a folder for temporary files, twice a second.

    Attributes:
        processes: The highest number.
        mib: The highest sum of their resident memory.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.processes = self.mib = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._has_ended.wait(0.5):
            command = ["ps", "-eo", "rss=,args="]
            listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            workers = [line for line in listing if self._folder in line and "_worker." in line]
            self.processes = max(self.processes, len(workers))
            self.mib = max(self.mib, sum(int(line.split()[0]) for line in workers) // _KIB_PER_MIB)


def sign_up_users(aws: LocalAws, outputs: dict[str, Any], users: int, clients: int) -> Counter[str]:
    """Sign up and confirm users. Return the number of failed calls by operation and error."""
    cognito = aws.client(
        "cognito-idp", config=Config(max_pool_connections=clients, retries={"total_max_attempts": 1})
    )
    errors: Counter[str] = Counter()

    def sign_up(number: int) -> None:
        name = f"user{number}@example.com"
        attributes = [{"Name": "email", "Value": name}]
        try:
            cognito.sign_up(
                ClientId=outputs["userPoolClientId"],
                Username=name,
                Password=PASSWORD,
                UserAttributes=attributes,
            )
            cognito.admin_confirm_sign_up(UserPoolId=outputs["userPoolId"], Username=name)
        except ClientError as error:
            errors[f"{error.operation_name}: {error.response['Error']['Code']}"] += 1

    with ThreadPoolExecutor(clients) as executor:
        list(executor.map(sign_up, range(users)))
    return errors


def count_profiles(aws: LocalAws, table: str) -> int:
    """Return the number of profiles in the users table."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sum(item["SK"]["S"] == "PROFILE#MAIN" for page in pages for item in page["Items"])


def main() -> int:
    """Run the benchmark, and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-sign-ups-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        with LocalAws() as aws, ProcessWatch(folder) as watch:
            outputs = deploy(PROJECT, endpoint=aws.endpoint).outputs
            begin = time.perf_counter()
            errors = sign_up_users(aws, outputs, arguments.users, arguments.clients)
            seconds = time.perf_counter() - begin
            profiles = count_profiles(aws, outputs["usersTableName"])
            begin_of_stop = time.perf_counter()
        stop_seconds = time.perf_counter() - begin_of_stop
    print(f"{arguments.users} users by {arguments.clients} clients in {seconds:.1f} s")
    print(f"failed calls: {errors.total()} {dict(errors) if errors else ''}".rstrip())
    print(f"profiles: {profiles}")
    print(f"function processes: {watch.processes} at most (limit {MAX_PROCESSES})")
    print(f"their memory: {watch.mib} MiB at most (limit {MAX_MIB})")
    print(f"stop of the local AWS: {stop_seconds:.1f} s")
    is_good = not errors and profiles == arguments.users
    return 0 if is_good and watch.processes <= MAX_PROCESSES and watch.mib <= MAX_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
