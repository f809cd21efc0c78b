"""How long an import and its rollback take, and what they cost."""

from collections.abc import Mapping
from typing import Any

from userprofiles.jobs.prices import load_prices
from userprofiles.legacy.job.stage import StageEstimate
from userprofiles.legacy.users.quotas import QuotaClass, durations_s

_DIGITS = 6
# Source: https://aws.amazon.com/cognito/pricing/ counts an administrative creation and AdminGetUser.
_OTHER_SERVICES = (
    "Amazon Cognito and Amazon S3 are not included. Cognito bills each imported user as an active user of "
    "the month, and again in each month in which the user is verified."
)


def describe_estimate(
    estimate: StageEstimate, rates: Mapping[QuotaClass, float], region: str, seconds: float
) -> dict[str, Any]:
    """Return calls, capacity, durations and cost as a plan has them.

    Args:
        estimate: What the import needs.
        rates: Calls per second by quota class.
        region: The region of the table.
        seconds: The duration of the plan, which an apply can't fall below.
    """
    apply, rollback = (
        {name: round(duration, 1) for name, duration in sorted(durations_s(calls, rates).items())}
        for calls in (estimate.calls, estimate.rollback_calls)
    )
    return {
        "calls": dict(sorted(estimate.calls.items())),
        "rollbackCalls": dict(sorted(estimate.rollback_calls.items())),
        "callsPerSecond": {str(name): rate for name, rate in sorted(rates.items())},
        "applySeconds": {**apply, "total": round(max([seconds, *apply.values()]), 1)},
        "rollbackSeconds": {**rollback, "total": round(max([0.0, *rollback.values()]), 1)},
        "writeUnits": round(estimate.write_units, 1),
        "rollbackWriteUnits": round(estimate.rollback_write_units, 1),
        "readUnits": round(estimate.read_units, 1),
        "copiedObjects": estimate.copied_objects,
        "cost": _cost(estimate, region),
    }


def _cost(estimate: StageEstimate, region: str) -> dict[str, Any]:
    prices = load_prices()
    writes = prices.write_cost(estimate.write_units)
    notes = [prices.note, _OTHER_SERVICES]
    if region != prices.region:
        notes.insert(0, f"The table is in {region}; the prices are those of {prices.region}.")
    return {
        "currency": "USD",
        "apply": round(writes + prices.read_cost(estimate.read_units), _DIGITS),
        "rollback": round(prices.write_cost(estimate.rollback_write_units), _DIGITS),
        "pricesOf": prices.date,
        "pricesRegion": prices.region,
        "notes": notes,
    }
