"""Measure GET and PATCH /me/profile on a local AWS, beside the same DynamoDB calls without the API.

GET is one BatchGetItem of two items. PATCH is the same read and one TransactWriteItems with three actions.
Every round makes all calls, so that other load on the machine affects them equally. Only the ratios are
meaningful: the local AWS, the functions and the clients share this machine's CPU.

    python benchmarks/bench_profile_api.py [--rounds 300]
"""

import argparse
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from pulumi_localaws.deploy import deploy
from pulumi_localaws.local_aws import LocalAws
from pycognito.aws_srp import AWSSRP

PROJECT = Path(__file__).resolve().parents[1]
PASSWORD = "Correct-horse-7-battery"  # noqa: S105 - not a secret: the pool is deleted with the benchmark
THREADS = 4
WARM_UP_ROUNDS = 20
DIRECT_CALLS = {"GET": "BatchGetItem", "PATCH": "BatchGetItem and TransactWriteItems"}

Call = Callable[[], Any]


class User:
    """A user with a profile, who calls the API, and whose items the operator reads and writes."""

    def __init__(self, aws: LocalAws, outputs: Mapping[str, Any]) -> None:
        idp = aws.client("cognito-idp")
        pool_id, client_id = outputs["userPoolId"], outputs["userPoolClientId"]
        email = f"{uuid.uuid4().hex}@example.com"
        attributes = [{"Name": "email", "Value": email}]
        response = idp.sign_up(
            ClientId=client_id, Username=email, Password=PASSWORD, UserAttributes=attributes
        )
        idp.admin_confirm_sign_up(UserPoolId=pool_id, Username=email)
        srp = AWSSRP(
            username=email, password=PASSWORD, pool_id=pool_id, client_id=client_id, client=idp
        ).authenticate_user()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {srp['AuthenticationResult']['AccessToken']}"
        self._url = f"{outputs['profileApiUrl']}/me/profile"
        self._dynamodb = aws.client("dynamodb")
        self._users_table, self._audit_table = outputs["usersTableName"], outputs["auditTableName"]
        self._partition_key = {"S": f"USER#{response['UserSub']}"}

    def get(self) -> None:
        """Send GET /me/profile."""
        self._session.get(self._url, timeout=10).raise_for_status()

    def patch(self) -> None:
        """Send PATCH /me/profile with a new value."""
        patch = {"profile": {"firstName": uuid.uuid4().hex}}
        self._session.patch(self._url, json=patch, timeout=10).raise_for_status()

    def read_items(self) -> None:
        """Read account and profile."""
        keys = [self._key("ACCOUNT#MAIN"), self._key("PROFILE#MAIN")]
        self._dynamodb.batch_get_item(
            RequestItems={self._users_table: {"Keys": keys, "ConsistentRead": True}}
        )

    def read_and_write_items(self) -> None:
        """Read account and profile, then change both and add an audit row."""
        self.read_items()
        self._dynamodb.transact_write_items(
            TransactItems=[
                # The API replaces the attribute `auditHead`. Here it must stay as it is for the API's calls.
                self._update("ACCOUNT#MAIN", "benchmarkHead"),
                self._update("PROFILE#MAIN", "firstName"),
                {
                    "Put": {
                        "TableName": self._audit_table,
                        "Item": self._key(f"BENCHMARK#{uuid.uuid4().hex}") | {"action": {"S": "BENCHMARK"}},
                        "ConditionExpression": "attribute_not_exists(PK)",
                    }
                },
            ]
        )

    def _key(self, sort_key: str) -> dict[str, Any]:
        return {"PK": self._partition_key, "SK": {"S": sort_key}}

    def _update(self, sort_key: str, attribute: str) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._users_table,
                "Key": self._key(sort_key),
                "UpdateExpression": "SET #attribute = :value",
                "ConditionExpression": "attribute_exists(PK)",
                "ExpressionAttributeNames": {"#attribute": attribute},
                "ExpressionAttributeValues": {":value": {"S": uuid.uuid4().hex}},
            }
        }

    def calls(self) -> dict[str, Call]:
        """Return the calls, each request followed by the same work without the API."""
        return {
            "GET": self.get,
            DIRECT_CALLS["GET"]: self.read_items,
            "PATCH": self.patch,
            DIRECT_CALLS["PATCH"]: self.read_and_write_items,
        }


def _measure_latencies(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Return p50 and p99 of each call, in milliseconds."""
    milliseconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(WARM_UP_ROUNDS + rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number >= WARM_UP_ROUNDS:
                milliseconds[name].append((time.perf_counter() - started) * 1000)
    return {
        name: [statistics.median(values), statistics.quantiles(values, n=100)[-1]]
        for name, values in milliseconds.items()
    }


def _measure_rate(calls: list[Call], rounds: int) -> float:
    """Return the calls per second if each call is repeated in a thread of its own."""

    def repeat(call: Call) -> None:
        for _ in range(rounds):
            call()

    with ThreadPoolExecutor(len(calls)) as pool:
        started = time.perf_counter()
        list(pool.map(repeat, calls))
        return len(calls) * rounds / (time.perf_counter() - started)


def measure(aws: LocalAws, rounds: int) -> dict[str, list[float]]:
    """Deploy the stack and measure all calls.

    Args:
        aws: A running local AWS.
        rounds: Number of repetitions of each call.

    Returns:
        For each call: p50 and p99 in milliseconds, and calls per second in 4 threads.
    """
    deployment = deploy(PROJECT, stack="dev", endpoint=aws.endpoint, scratch=aws.folder)
    # One user for each thread: parallel changes of one user would conflict.
    users = [User(aws, deployment.outputs) for _ in range(THREADS)]
    latencies = _measure_latencies(users[0].calls(), rounds)
    results: dict[str, list[float]] = {}
    for name, values in latencies.items():
        calls = [user.calls()[name] for user in users]
        _measure_rate(calls, WARM_UP_ROUNDS)
        results[name] = [*values, _measure_rate(calls, rounds // THREADS)]
    return results


def _print_table(results: Mapping[str, list[float]]) -> None:
    print(f"{'':36} {'p50 ms':>8} {'p99 ms':>8} {f'calls/s, {THREADS} threads':>20}")
    for name, (p50, p99, rate) in results.items():
        print(f"{name:36} {p50:8.2f} {p99:8.2f} {rate:20.0f}")
    for request, direct in DIRECT_CALLS.items():
        pairs = zip(results[request], results[direct], strict=True)
        p50, p99, rate = (value / direct_value for value, direct_value in pairs)
        print(f"{f'{request} / the calls without the API':36} {p50:8.2f} {p99:8.2f} {rate:20.2f}", flush=True)


def main() -> int:
    """Print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300, help="repetitions of each call (default: 300)")
    rounds = parser.parse_args().rounds
    with LocalAws() as aws:
        _print_table(measure(aws, rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
