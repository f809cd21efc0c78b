"""Measure what a test waits for: a further user by the fixture `make_user`, a seed, a reset.

The user signs up, is confirmed and signs in by SRP, in the stack of this repository with its triggers. The
first users are not counted: they start the workers of the functions. The steps of one user follow each other,
so on a machine without other load, a user takes about the processor time of all processes together.

Exit codes: 0 success; 1 a further user needs more processor time than the limit.

    python benchmarks/bench_test_kit.py [--users 40]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from pulumi_localaws.testing.embedded_backend import EmbeddedBackend
from pulumi_localaws.testing.seed import seed_users
from pulumi_localaws.testing.user_pools import UserPools
from pulumi_localaws.testing.users import UserFactory

PROJECT = Path(__file__).resolve().parents[1]
WARM_UP_USERS = 5
LIMIT_SECONDS = 0.15


def measure(call: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def read_processor_seconds() -> float:
    """Return the processor time of this process, of the local AWS and of the workers."""
    current = psutil.Process()
    times = [process.cpu_times() for process in (current, *current.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def main() -> int:
    """Print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=40, help="users to measure (default: 40)")
    count = parser.parse_args().users
    backend = EmbeddedBackend()
    backend.start()
    try:
        stack = backend.deploy(PROJECT, stack="dev", config=None)
        backend.remember_data()
        cognito = backend.client("cognito-idp")
        factory = UserFactory(cognito, UserPools(cognito, [stack]), has_constant_codes=True)
        for _ in range(WARM_UP_USERS):
            factory.create()
        processor_seconds = read_processor_seconds()
        users = [measure(factory.create) for _ in range(count)]
        processor_seconds = (read_processor_seconds() - processor_seconds) / count
        sign_ups = [measure(lambda: factory.create(sign_in=False)) for _ in range(count)]
        seed = measure(lambda: seed_users(factory.create))
        reset = measure(backend.restore_data)
    finally:
        backend.stop()
    print(f"a further user, signed in       {statistics.median(users):6.3f} s (median of {count})")
    print(f"the fastest of them             {min(users):6.3f} s")
    print(f"processor time of a user        {processor_seconds:6.3f} s (all processes; goal {LIMIT_SECONDS})")
    print(f"without the sign-in             {statistics.median(sign_ups):6.3f} s (median)")
    print(f"a seed of 50 users              {seed:6.3f} s")
    print(f"a reset                         {reset:6.3f} s", flush=True)
    return 0 if processor_seconds <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
