"""Measure the overhead of the gateway: the same calls through it and directly to the emulator, and its start.

Every round makes both calls, so that other load on the machine affects both equally. The result is a ratio.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_localaws.local.clients import Clients
from pulumi_localaws.local_aws import LocalAws

MAX_LATENCY_RATIO = 1.8
"""Median of a GetItem through the gateway, divided by the median of the same call to the emulator."""

MAX_START_SECONDS = 1.2
"""Seconds until both processes serve."""


def _measure_milliseconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _measure_starts(runs: int) -> dict[str, float]:
    start_seconds, stop_milliseconds = [], []
    for _ in range(runs):
        started = time.perf_counter()
        aws = LocalAws().start()
        start_seconds.append(time.perf_counter() - started)
        stop_milliseconds.append(_measure_milliseconds(aws.stop))
    return {
        "start_seconds_median": statistics.median(start_seconds),
        "start_seconds_worst": max(start_seconds),
        "stop_ms_median": statistics.median(stop_milliseconds),
    }


def _measure_latency(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    milliseconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(50):  # warm up
            call()
    for _ in range(rounds):
        for name, call in calls.items():
            milliseconds[name].append(_measure_milliseconds(call))
    return {
        name: {
            "median_ms": statistics.median(values),
            "p95_ms": statistics.quantiles(values, n=20)[-1],
        }
        for name, values in milliseconds.items()
    }


def _measure_throughput(call: Callable[[], Any], count: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: call(), range(count)))
    return count / (time.perf_counter() - started)


def measure(rounds: int, runs: int) -> dict[str, Any]:
    """Run all measurements.

    Args:
        rounds: Number of calls per target.
        runs: Number of starts.
    """
    result: dict[str, Any] = {"start": _measure_starts(runs)}
    with LocalAws() as aws:
        clients = {
            "direct": Clients(aws.emulator_url, with_boto3=True, attempts=1).get("dynamodb", aws.region),
            "gateway": aws.client("dynamodb"),
        }
        clients["direct"].meta.events.register(
            "before-send", lambda request, **_: request.headers.update(aws.emulator_headers)
        )
        clients["gateway"].create_table(
            TableName="bench",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        )
        clients["gateway"].put_item(TableName="bench", Item={"PK": {"S": "USER#1"}, "name": {"S": "x" * 500}})

        def create_call(target: str) -> Callable[[], Any]:
            return lambda: clients[target].get_item(TableName="bench", Key={"PK": {"S": "USER#1"}})

        calls = {target: create_call(target) for target in clients}
        latency = _measure_latency(calls, rounds)
        rates = {
            target: [_measure_throughput(call, rounds // 2) for _ in range(3)]
            for target, call in calls.items()
        }
    medians = {target: values["median_ms"] for target, values in latency.items()}
    best_rates = {target: max(values) for target, values in rates.items()}
    return result | {
        "get_item": latency,
        "added_ms": medians["gateway"] - medians["direct"],
        "latency_ratio": medians["gateway"] / medians["direct"],
        "requests_per_second_8_threads": best_rates,
        "throughput_ratio": best_rates["gateway"] / best_rates["direct"],
    }


def main() -> int:
    """Print the results; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="calls per target (default: 1000)")
    parser.add_argument("--runs", type=int, default=5, help="starts (default: 5)")
    arguments = parser.parse_args()
    result = measure(arguments.rounds, arguments.runs)
    print(json.dumps(result, indent=2))
    exceeded_limits = [
        f"{name} is {value:.2f}, at most {limit} is allowed"
        for name, value, limit in (
            ("latency ratio", result["latency_ratio"], MAX_LATENCY_RATIO),
            ("start (median, s)", result["start"]["start_seconds_median"], MAX_START_SECONDS),
        )
        if value > limit
    ]
    if exceeded_limits:
        print("too slow: " + "; ".join(exceeded_limits), file=sys.stderr)
    return 1 if exceeded_limits else 0


if __name__ == "__main__":
    sys.exit(main())
