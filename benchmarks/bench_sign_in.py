"""Measure sign-in by code beside sign-in by password (SRP), and count the DynamoDB writes of each call.

Each round makes one sign-in of each kind, so that other load on the machine affects both equally. Only the
ratio is meaningful: the local AWS, the functions and the client share this machine's CPU. The time between
the two calls of a sign-in by code, in which the message arrives, is shown by itself.

Exit codes: 0 success; 1 a call wrote more than once.

    python benchmarks/bench_sign_in.py [--rounds 50]
"""

import argparse
import re
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from pulumi_localaws.deploy import deploy
from pulumi_localaws.local_aws import LocalAws
from pycognito.aws_srp import AWSSRP

PROJECT = Path(__file__).resolve().parents[1]
PASSWORD = "Correct-horse-7-battery"  # noqa: S105 - not a secret: the pool is deleted with the benchmark
WARM_UP_ROUNDS = 5
MESSAGE_SECONDS = 15
MAX_WRITES = 1
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem", "ExecuteStatement"}

CODE = "sign-in by code"
MESSAGE = "the message arrives"
PASSWORD_SIGN_IN = "sign-in by password"  # noqa: S105 - a name


class Users:
    """Creates users with a phone number, and signs them in both ways."""

    def __init__(self, aws: LocalAws, outputs: Mapping[str, Any]) -> None:
        self._aws = aws
        self._idp = aws.client("cognito-idp")
        self._pool_id, self._client_id = outputs["userPoolId"], outputs["userPoolClientId"]
        self._count = 0

    def create(self) -> str:
        """Create a user, and return the phone number. Ranges have a limit, so each user has another one."""
        self._count += 1
        number = f"+1206{200 + self._count % 700}{2000 + self._count // 700}"
        attributes = {"phone_number": number, "phone_number_verified": "true"}
        self._idp.admin_create_user(
            UserPoolId=self._pool_id,
            Username=number,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        self._idp.admin_set_user_password(
            UserPoolId=self._pool_id, Username=number, Password=PASSWORD, Permanent=True
        )
        return number

    def start(self, number: str) -> str:
        """Request a code, and return the session."""
        response = self._idp.initiate_auth(
            ClientId=self._client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": number}
        )
        return str(response["Session"])

    def wait_for_code(self, number: str) -> str:
        """Return the code in the text message.

        Raises:
            TimeoutError: No message arrived.
        """
        deadline = time.monotonic() + MESSAGE_SECONDS
        while time.monotonic() < deadline:
            for message in self._aws.sms_messages(number):
                return str(re.findall(r"\b\d{6}\b", message.text)[0])
            time.sleep(0.01)
        raise TimeoutError(f"no message arrived within {MESSAGE_SECONDS} s")

    def answer(self, number: str, session: str, code: str) -> dict[str, Any]:
        """Type a code, and return the response."""
        response: dict[str, Any] = self._idp.respond_to_auth_challenge(
            ClientId=self._client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=session,
            ChallengeResponses={"USERNAME": number, "ANSWER": code},
        )
        return response

    def sign_in_by_code(self, number: str) -> tuple[float, float]:
        """Sign in by code; return the milliseconds of the two calls, and those until the message arrived."""
        started = time.perf_counter()
        session = self.start(number)
        requested = time.perf_counter()
        code = self.wait_for_code(number)
        arrived = time.perf_counter()
        tokens = self.answer(number, session, code)["AuthenticationResult"]
        assert tokens["AccessToken"]
        ended = time.perf_counter()
        return (ended - started - (arrived - requested)) * 1000, (arrived - requested) * 1000

    def sign_in_by_password(self, number: str) -> float:
        """Sign in by password, and return the milliseconds."""
        started = time.perf_counter()
        AWSSRP(
            username=number,
            password=PASSWORD,
            pool_id=self._pool_id,
            client_id=self._client_id,
            client=self._idp,
        ).authenticate_user()
        return (time.perf_counter() - started) * 1000


def _measure_latencies(users: Users, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each round."""
    milliseconds: dict[str, list[float]] = {CODE: [], PASSWORD_SIGN_IN: [], MESSAGE: []}
    for number in range(WARM_UP_ROUNDS + rounds):
        phone = users.create()
        by_code, message = users.sign_in_by_code(phone)
        by_password = users.sign_in_by_password(phone)
        if number >= WARM_UP_ROUNDS:
            for name, value in ((CODE, by_code), (PASSWORD_SIGN_IN, by_password), (MESSAGE, message)):
                milliseconds[name].append(value)
    return milliseconds


def _count_writes(aws: LocalAws, users: Users, mapping: str) -> dict[str, int]:
    """Return how many writes to DynamoDB each call of a sign-in made, while the sender is stopped."""
    journal = f"{aws.endpoint}/_localaws/journal"

    def count(call: Any) -> tuple[Any, int]:
        requests.delete(journal, timeout=5).raise_for_status()
        result = call()
        entries = requests.get(journal, timeout=5).json()["entries"]
        return result, sum(e["service"] == "dynamodb" and e["action"] in _WRITES for e in entries)

    phone = users.create()
    _switch_sender(aws, mapping, enabled=False)
    session, at_start = count(lambda: users.start(phone))
    response, at_wrong_code = count(lambda: users.answer(phone, session, "12345"))
    _switch_sender(aws, mapping, enabled=True)
    code = users.wait_for_code(phone)
    _, at_right_code = count(lambda: users.answer(phone, response["Session"], code))
    return {"start": at_start, "wrong code": at_wrong_code, "right code": at_right_code}


def _switch_sender(aws: LocalAws, mapping: str, *, enabled: bool) -> None:
    functions = aws.client("lambda")
    functions.update_event_source_mapping(UUID=mapping, Enabled=enabled)
    state = "Enabled" if enabled else "Disabled"
    while functions.get_event_source_mapping(UUID=mapping)["State"] != state:
        time.sleep(0.05)


def main() -> int:
    """Print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="sign-ins of each kind (default: 50)")
    rounds = parser.parse_args().rounds
    with LocalAws() as aws:
        deployment = deploy(
            PROJECT,
            stack="dev",
            endpoint=aws.endpoint,
            config={"pulumi-userprofiles:phoneSignIn": '{"messagesPerCountryHour": 100000}'},
            scratch=aws.folder,
        )
        [mapping] = [r["id"] for r in deployment.resources if r["name"].endswith("-sender-mapping")]
        users = Users(aws, deployment.outputs)
        milliseconds = _measure_latencies(users, rounds)
        writes = _count_writes(aws, users, mapping)
    quantiles = {
        name: (statistics.median(values), statistics.quantiles(values, n=100)[-1])
        for name, values in milliseconds.items()
    }
    print(f"{'':42} {'p50 ms':>8} {'p99 ms':>8}")
    for name, (p50, p99) in quantiles.items():
        print(f"{name:42} {p50:8.1f} {p99:8.1f}")
    p50, p99 = (a / b for a, b in zip(quantiles[CODE], quantiles[PASSWORD_SIGN_IN], strict=True))
    print(f"{f'{CODE} / {PASSWORD_SIGN_IN}':42} {p50:8.2f} {p99:8.2f}")
    print("DynamoDB writes: " + ", ".join(f"{name} {count}" for name, count in writes.items()), flush=True)
    return 0 if max(writes.values()) <= MAX_WRITES else 1


if __name__ == "__main__":
    sys.exit(main())
