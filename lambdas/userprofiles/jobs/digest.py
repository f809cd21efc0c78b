"""A digest of a set of records that does not depend on their order, so parallel readers can add them up."""

import hashlib
from dataclasses import dataclass

_MODULUS = 2**256


def record_number(*parts: str) -> int:
    """Return the SHA-256 of a record as a number. Parts are separated: `a, bc` differs from `ab, c`."""
    data = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return int.from_bytes(hashlib.sha256(data).digest(), "big")


@dataclass
class OrderFreeDigest:
    """The sum of the SHA-256 of all records, modulo 2^256. Unlike XOR, it notices a record that occurs twice.

    It detects accidental differences. It does not resist somebody who chooses records to reach a sum.

    Attributes:
        total: The sum so far.
    """

    total: int = 0

    def add(self, number: int) -> None:
        """Add a record, or the total of another digest."""
        self.total = (self.total + number) % _MODULUS

    def hexdigest(self) -> str:
        """Return the sum as 64 hexadecimal digits."""
        return f"{self.total:064x}"
