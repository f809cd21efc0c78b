"""The prices of DynamoDB, from a file with their date and source. A cost is an estimate, not an offer."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_MILLION = 1_000_000
_GIGABYTE = 1_000_000_000  # DynamoDB bills decimal gigabytes


@dataclass(frozen=True)
class Prices:
    """The prices of one region in US dollars.

    Attributes:
        date: The date of the prices.
        region: Their region.
        write_units_million: A million write request units, on demand.
        read_units_million: A million read request units, on demand.
        backup_gigabyte_month: A gigabyte of an on-demand backup for a month.
        note: What the prices do not include.
    """

    date: str
    region: str
    write_units_million: float
    read_units_million: float
    backup_gigabyte_month: float
    note: str

    def write_cost(self, units: float) -> float:
        """Return the cost of write request units."""
        return units / _MILLION * self.write_units_million

    def read_cost(self, units: float) -> float:
        """Return the cost of read request units."""
        return units / _MILLION * self.read_units_million

    def backup_cost(self, size_bytes: int) -> float:
        """Return the cost of an on-demand backup for one month."""
        return size_bytes / _GIGABYTE * self.backup_gigabyte_month


@cache
def load_prices() -> Prices:
    """Return the prices of the file beside this module."""
    document = json.loads((files(__package__) / "prices.json").read_text(encoding="utf-8"))
    return Prices(
        date=document["date"],
        region=document["region"],
        write_units_million=document["writeUnitsMillion"],
        read_units_million=document["readUnitsMillion"],
        backup_gigabyte_month=document["backupGigabyteMonth"],
        note=document["note"],
    )
