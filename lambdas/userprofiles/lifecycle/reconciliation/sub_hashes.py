"""A set of subs with 8 bytes of memory for each: whether an account has a user in a pool of any size.

Two subs with the same hash would hide an orphan. With 10 million users, the probability is 3 in a million
(birthday problem, n^2 / 2^65).
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable

_BYTES = 8
_BUCKET_BITS = 12
_SHIFT = 8 * _BYTES - _BUCKET_BITS


def hash_subs(subs: Iterable[str]) -> bytes:
    """Return the hashes of subs, 8 bytes each."""
    return b"".join(_hash(sub) for sub in subs)


def _hash(sub: str) -> bytes:
    return hashlib.sha256(sub.encode()).digest()[:_BYTES]


class SubHashes:
    """A set of hashes, as sorted arrays of numbers. Small arrays keep insertions fast."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(2**_BUCKET_BITS)]

    def add_all(self, hashes: bytes) -> None:
        """Add the hashes that `hash_subs` returned."""
        for start in range(0, len(hashes), _BYTES):
            number = int.from_bytes(hashes[start : start + _BYTES], "big")
            bucket = self._buckets[number >> _SHIFT]
            position = bisect_left(bucket, number)
            if position == len(bucket) or bucket[position] != number:
                bucket.insert(position, number)

    def __contains__(self, sub: str) -> bool:
        """Return whether the hash of a sub is in the set."""
        number = int.from_bytes(_hash(sub), "big")
        bucket = self._buckets[number >> _SHIFT]
        position = bisect_left(bucket, number)
        return position < len(bucket) and bucket[position] == number
