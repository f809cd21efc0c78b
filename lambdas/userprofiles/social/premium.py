"""The paid plan of a user. Pure functions: the remaining time is computed from the current time.

    PK `USER#<sub>`, SK `PREMIUM#MAIN`

| Attribute        | Value                                                                              |
|------------------|------------------------------------------------------------------------------------|
| `entityType`     | `PREMIUM`                                                                          |
| `plan`           | name of the plan                                                                   |
| `starts_at`      | the first second of the plan: ISO 8601 in UTC                                      |
| `ends_at`        | the end of the plan: ISO 8601 in UTC; missing if the plan does not end             |
| `created_at`     | when the item was written: ISO 8601 in UTC, to the second                          |
| `migrationRunId` | the run that imported it; only if it was imported                                  |

`SUBSCRIPTION#` is the sort key of links, so paid plans have another one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from userprofiles.table import record
from userprofiles.table.record import Item

SORT_KEY = "PREMIUM#MAIN"
ENTITY_TYPE = "PREMIUM"

NONE = "none"
SCHEDULED = "scheduled"
ACTIVE = "active"
EXPIRED = "expired"
STATES = (NONE, SCHEDULED, ACTIVE, EXPIRED)


@dataclass(frozen=True)
class Premium:
    """A paid plan at a certain time.

    Attributes:
        state: One of `STATES`.
        plan: Name of the plan; None without one.
        starts_at: Its beginning; None without a plan.
        ends_at: Its end; None without a plan, and for a plan that does not end.
        remaining_days: Days until the end, a day that has begun counts as one; 0 without a plan and after the
            end; None for a plan that does not end.
    """

    state: str
    plan: str | None
    starts_at: str | None
    ends_at: str | None
    remaining_days: int | None


def premium_key(sub: str) -> dict[str, str]:
    """Return the primary key of a user's paid plan."""
    return {"PK": record.partition_key(sub), "SK": SORT_KEY}


def premium_item(
    sub: str,
    *,
    plan: str,
    starts_at: str,
    ends_at: str | None,
    created_at: str,
    run_id: str | None = None,
) -> Item:
    """Return the item of a paid plan.

    Args:
        sub: The user.
        plan: Name of the plan.
        starts_at: Its beginning, in ISO 8601 with a time zone.
        ends_at: Its end, in ISO 8601 with a time zone; None if the plan does not end.
        created_at: The result of `record.timestamp`.
        run_id: The run of an import; None if no import writes the item.

    Raises:
        ValueError: A time is not in ISO 8601 with a time zone.
    """
    item: Item = {
        **premium_key(sub),
        "entityType": ENTITY_TYPE,
        "plan": plan,
        "starts_at": _normalise(starts_at),
        "created_at": created_at,
    }
    if ends_at is not None:
        item["ends_at"] = _normalise(ends_at)
    return item if run_id is None else {**item, record.RUN_ID: run_id}


def read_premium(item: Mapping[str, Any] | None, now: datetime) -> Premium:
    """Return the state of a paid plan at a time.

    Args:
        item: The item; None without a plan.
        now: The time, with a time zone.
    """
    if item is None:
        return Premium(NONE, None, None, None, 0)
    start = datetime.fromisoformat(item["starts_at"])
    ends_at = item.get("ends_at")
    if ends_at is None:
        state = SCHEDULED if now < start else ACTIVE
        return Premium(state, item["plan"], item["starts_at"], None, None)
    end = datetime.fromisoformat(ends_at)
    if now >= end:
        return Premium(EXPIRED, item["plan"], item["starts_at"], ends_at, 0)
    state = SCHEDULED if now < start else ACTIVE
    return Premium(state, item["plan"], item["starts_at"], ends_at, remaining_days(max(now, start), end))


def remaining_days(start: datetime, end: datetime) -> int:
    """Return the days from a time to the end of a plan. A day that has begun counts as one."""
    return max(0, math.ceil((end - start) / timedelta(days=1)))


def _normalise(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("The time of a plan must have a time zone, such as Z.")
    return record.timestamp(moment)
