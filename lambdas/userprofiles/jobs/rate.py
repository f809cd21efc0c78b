"""Reads a rate: a number of write units per second, or a part of the throughput of a table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_RATE = re.compile(r"\s*(\d{1,7}(?:\.\d{1,3})?)\s*(%?)\s*")


class NoThroughputError(ValueError):
    """A table has no throughput of which a rate could be a part."""


@dataclass(frozen=True)
class Rate:
    """A rate as the operator writes it.

    Attributes:
        value: Write units per second, or percent.
        is_percent: Whether the value is a part of the table's throughput.
    """

    value: float
    is_percent: bool

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.is_percent else ''}"


def parse_rate(text: str) -> Rate:
    """Read a rate such as ``200`` or ``20%``.

    Raises:
        ValueError: The text is not a rate.
    """
    match = _RATE.fullmatch(text)
    rate = Rate(float(match[1]), bool(match[2])) if match else None
    if rate is None or rate.value <= 0 or (rate.is_percent and rate.value > 100):  # noqa: PLR2004 - all of it
        raise ValueError(
            f"must be a number of write units per second above 0, such as 200, or a part of the table's "
            f"throughput from 1% to 100%, such as 20%, got {text!r}"
        )
    return rate


def resolve_rate(rate: Rate, table: Mapping[str, Any]) -> float:
    """Return a rate in write units per second.

    Args:
        rate: The rate as the operator writes it.
        table: The description of the table, the field ``Table`` of DescribeTable's response.

    Raises:
        NoThroughputError: The rate is a part of a throughput that the table does not have.
    """
    if not rate.is_percent:
        return rate.value
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html: -1 removes a
    # maximum. A provisioned table has at least one write unit, an on-demand table has 0.
    provisioned = int(table.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0))
    maximum = int(table.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1))
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    throughput = maximum if mode == "PAY_PER_REQUEST" else provisioned
    if throughput <= 0:
        raise NoThroughputError(
            f"rate {rate}: table {table.get('TableName', '')!r} is an on-demand table without a maximum "
            "write throughput, so there is nothing to take a part of. Give a number of write units per "
            "second, such as --rate 200, or configure a maximum write throughput for the table."
        )
    return rate.value / 100 * throughput
