"""What the gateway costs: the same calls with it and straight at the emulator, side by side, and its start.

Every round asks both ways in turn, so that what else the machine does falls on both; the result is a ratio.
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

RATIO_ALLOWED = 1.8
"""Median of a GetItem through the gateway, over the same straight at the emulator."""

START_ALLOWED = 1.2
"""Seconds from the first line to both serving."""


def _milliseconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _starts(runs: int) -> dict[str, float]:
    seconds, stops = [], []
    for _ in range(runs):
        started = time.perf_counter()
        aws = LocalAws().start()
        seconds.append(time.perf_counter() - started)
        stops.append(_milliseconds(aws.stop))
    return {
        "start_seconds_median": statistics.median(seconds),
        "start_seconds_worst": max(seconds),
        "stop_ms_median": statistics.median(stops),
    }


def _latency(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    took: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        for _ in range(50):
            call()
        took[name].clear()
    for _ in range(rounds):
        for name, call in calls.items():
            took[name].append(_milliseconds(call))
    return {
        name: {
            "median_ms": statistics.median(values),
            "p95_ms": statistics.quantiles(values, n=20)[-1],
        }
        for name, values in took.items()
    }


def _throughput(call: Callable[[], Any], count: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: call(), range(count)))
    return count / (time.perf_counter() - started)


def measure(rounds: int, runs: int) -> dict[str, Any]:
    """Measure all.

    Args:
        rounds: Calls each way.
        runs: Starts.
    """
    result: dict[str, Any] = {"start": _starts(runs)}
    with LocalAws() as aws:
        ways = {
            "direct": Clients(aws.emulator_url, with_boto3=True, attempts=1).get("dynamodb", aws.region),
            "gateway": aws.client("dynamodb"),
        }
        ways["gateway"].create_table(
            TableName="bench",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        )
        ways["gateway"].put_item(TableName="bench", Item={"PK": {"S": "USER#1"}, "name": {"S": "x" * 500}})

        def getter(way: str) -> Callable[[], Any]:
            return lambda: ways[way].get_item(TableName="bench", Key={"PK": {"S": "USER#1"}})

        calls = {way: getter(way) for way in ways}
        latency = _latency(calls, rounds)
        rates = {
            way: [_throughput(calls[way], rounds // 2) for _ in range(3)] for way in ("direct", "gateway")
        }
    medians = {way: latency[way]["median_ms"] for way in latency}
    best = {way: max(values) for way, values in rates.items()}
    return result | {
        "get_item": latency,
        "added_ms": medians["gateway"] - medians["direct"],
        "latency_ratio": medians["gateway"] / medians["direct"],
        "requests_per_second_8_threads": best,
        "throughput_ratio": best["gateway"] / best["direct"],
    }


def main() -> int:
    """Print the figures; 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="calls each way (1000)")
    parser.add_argument("--runs", type=int, default=5, help="starts (5)")
    arguments = parser.parse_args()
    result = measure(arguments.rounds, arguments.runs)
    print(json.dumps(result, indent=2))
    over = [
        f"{what} is {value:.2f}, {allowed} allowed"
        for what, value, allowed in (
            ("latency ratio", result["latency_ratio"], RATIO_ALLOWED),
            ("start (median, s)", result["start"]["start_seconds_median"], START_ALLOWED),
        )
        if value > allowed
    ]
    if over:
        print("too slow: " + "; ".join(over), file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
