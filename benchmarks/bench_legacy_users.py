"""Measure whether an import of users calls Cognito at the configured pace.

The client is a fake that answers after a fixed time. It counts the calls of each second, too: no second may
have more calls than the quota of its category.

    python benchmarks/bench_legacy_users.py [--users 240] [--threads 8] [--latency-ms 100] [--share 0.5]

The benchmark exits with 1 if the slowest category reaches less than 90 % of its pace, or if a second exceeds
a quota.
"""

import argparse
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.addresses import read_addresses
from userprofiles.legacy.users.claims import Claim
from userprofiles.legacy.users.pool_accounts import PoolAccounts
from userprofiles.legacy.users.pool_calls import PoolCalls
from userprofiles.legacy.users.pool_features import PoolFeatures
from userprofiles.legacy.users.quotas import (
    DEFAULT_QUOTAS,
    OPERATIONS,
    Quota,
    QuotaClass,
    duration_s,
    import_rates,
)
from userprofiles.social.legacy_records import claim_item

GOAL = 0.9
POOL_ID = "us-east-1_bench"


class FakeCognito:
    """A client of Cognito that answers after a fixed time.

    Attributes:
        calls: The number of calls by category and second.
    """

    def __init__(self, latency_s: float) -> None:
        self.calls: Counter[tuple[str, int]] = Counter()
        self._latency_s = latency_s
        self._users: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __getattr__(self, operation: str) -> Any:
        if operation not in OPERATIONS:
            raise AttributeError(operation)

        def call(*, Username: str, **parameters: Any) -> Any:  # noqa: N803 - Cognito's name
            with self._lock:
                self.calls[OPERATIONS[operation], int(time.monotonic())] += 1
            time.sleep(self._latency_s)
            return getattr(self, f"_{operation}")(Username, parameters)

        return call

    def _admin_create_user(self, _name: str, parameters: Any) -> Any:
        sub, now = str(uuid.uuid4()), datetime.now(UTC)
        attributes = [{"Name": "sub", "Value": sub}, *parameters["UserAttributes"]]
        user = {"Username": sub, "UserStatus": "FORCE_CHANGE_PASSWORD", "UserCreateDate": now}
        self._users[sub] = {**user, "UserAttributes": attributes, "UserLastModifiedDate": now}
        return {"User": {**user, "Attributes": attributes}}

    def _admin_set_user_password(self, name: str, _parameters: Any) -> Any:
        self._users[name]["UserStatus"] = "CONFIRMED"

    def _admin_get_user(self, name: str, _parameters: Any) -> Any:
        return self._users[name]


def old_user(number: int) -> LegacyUser:
    """Return an old user."""
    return LegacyUser(
        old_id=str(number),
        phone_number=f"415{2_000_000 + number}",
        country_code="1",
        email="",
        username="",
        first_name="",
        picture="",
        visibility="friends",
        email_notifications=True,
        push_notifications=True,
        is_phone_verified=True,
        is_disabled=False,
        friends=(),
        subscribers=(),
        blocks=(),
        premium=None,
        updated_at="",
        digest="",
        problems=(),
    )


def new_claim(user: LegacyUser) -> Claim:
    """Return the claim of a user."""
    item = claim_item(
        "bench",
        user.old_id,
        address_hash="",
        address_salt="",
        digest="",
        updated_at="2026-01-01T00:00:00Z",
        run_id="bench",
    )
    return Claim(item)


def bind(claim: Claim, sub: str, created_user: bool) -> Claim:
    """Bind a claim without a table."""
    return Claim({**claim.item, "state": "bound", "sub": sub, "createdUser": created_user})


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=240)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--share", type=float, default=0.5)
    values = parser.parse_args()

    rates = import_rates(
        {name: Quota(rate, "default") for name, rate in DEFAULT_QUOTAS.items()}, share=values.share
    )
    cognito = FakeCognito(values.latency_ms / 1000)
    features = PoolFeatures(has_old_id=True, is_passwordless=False)
    calls = PoolCalls(cognito, POOL_ID, rates)
    accounts = PoolAccounts(calls, features, bind)
    started_at = time.perf_counter()
    with ThreadPoolExecutor(values.threads) as executor:
        users = [old_user(number) for number in range(values.users)]
        list(executor.map(lambda user: accounts.ensure(user, read_addresses(user), new_claim(user)), users))
    seconds = time.perf_counter() - started_at

    planned_s = duration_s(calls.calls, rates)
    exceeded = [
        f"{name}: {number} calls in one second"
        for (name, _), number in cognito.calls.items()
        if number > DEFAULT_QUOTAS[QuotaClass(name)]
    ]
    ratio = planned_s / seconds
    print(f"{values.users} users in {seconds:.1f} s, planned {planned_s:.1f} s")
    for name, number in sorted(calls.calls.items()):
        print(f"{name:20} {number / seconds:6.1f} calls per second, at most {rates[QuotaClass(name)]:g}")
    print("\n".join(exceeded))
    is_met = ratio >= GOAL and not exceeded
    print(f"{ratio:.0%} of the pace {'' if is_met else 'MISSED '}(goal: at least {GOAL:.0%})")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
