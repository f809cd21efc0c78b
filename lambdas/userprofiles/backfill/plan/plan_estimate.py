"""What a planned run costs and how long it takes."""

from typing import Any

from userprofiles.backfill.tables.table_description import TableDescription
from userprofiles.jobs.prices import load_prices

_DIGITS = 6


def estimate(
    table: TableDescription, *, read_units: float, write_units: int, rate: float | None, seconds: float
) -> dict[str, Any]:
    """Return the capacity, the cost and the duration of a run.

    Args:
        table: The table.
        read_units: The read units of the run.
        write_units: The write units of the planned items.
        rate: The highest number of write units per second, or None.
        seconds: The duration of the plan, which the run can't fall below.
    """
    limits = [limit for limit in (rate, table.write_capacity) if limit]
    speed = min(limits) if limits else None
    return {
        "readUnits": round(read_units, 1),
        "writeUnits": write_units,
        "writeUnitsPerSecond": speed,
        "seconds": round(max(seconds, write_units / speed if speed else 0.0), 1),
        "cost": _cost(table, read_units, write_units),
    }


def _cost(table: TableDescription, read_units: float, write_units: int) -> dict[str, Any]:
    prices = load_prices()
    requests = 0.0 if table.is_provisioned else prices.read_cost(read_units) + prices.write_cost(write_units)
    notes = [prices.note]
    if table.is_provisioned:
        notes.insert(0, "The table has provisioned capacity, which is paid for by the hour: no further cost.")
    if table.region != prices.region:
        notes.insert(0, f"The table is in {table.region}; the prices are those of {prices.region}.")
    return {
        "currency": "USD",
        "requests": round(requests, _DIGITS),
        "backupMonth": round(prices.backup_cost(table.size_bytes), _DIGITS),
        "pricesOf": prices.date,
        "pricesRegion": prices.region,
        "notes": notes,
    }
