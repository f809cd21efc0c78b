"""A set of texts with 8 bytes of memory for each, such as the subs of a pool or the keys of a table.

Two texts can have the same hash. With 10 million texts, the probability is 3 in a million (birthday problem,
n^2 / 2^65).
"""

import hashlib
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

_BYTES = 8
_BUCKET_BITS = 12
_SHIFT = 8 * _BYTES - _BUCKET_BITS


def hash_keys(keys: Iterable[str]) -> bytes:
    """Return the hashes of texts, 8 bytes each."""
    return b"".join(_hash(key) for key in keys)


def hash_number(key: str) -> int:
    """Return the hash of a text as a number below 2**64."""
    return int.from_bytes(_hash(key), "big")


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:_BYTES]


class KeyHashes:
    """A set of hashes, as sorted arrays of numbers. Small arrays keep insertions fast."""

    def __init__(self) -> None:
        self._buckets: defaultdict[int, array[int]] = defaultdict(lambda: array("Q"))

    def add(self, key: str) -> bool:
        """Add the hash of a text. Return whether it is new."""
        return self._add(hash_number(key))

    def add_all(self, hashes: bytes, *, part: int = 0, parts: int = 1) -> None:
        """Add the hashes that `hash_keys` returned.

        Args:
            hashes: The hashes.
            part: The remainder of the hashes to add, if they are divided by `parts`. Others are ignored.
            parts: The number of parts.
        """
        for start in range(0, len(hashes), _BYTES):
            number = int.from_bytes(hashes[start : start + _BYTES], "big")
            if number % parts == part:
                self._add(number)

    def _add(self, number: int) -> bool:
        bucket = self._buckets[number >> _SHIFT]
        position = bisect_left(bucket, number)
        if position < len(bucket) and bucket[position] == number:
            return False
        bucket.insert(position, number)
        return True

    def __contains__(self, key: str) -> bool:
        """Return whether the hash of a text is in the set."""
        number = hash_number(key)
        bucket = self._buckets.get(number >> _SHIFT, ())
        position = bisect_left(bucket, number)
        return position < len(bucket) and bucket[position] == number
