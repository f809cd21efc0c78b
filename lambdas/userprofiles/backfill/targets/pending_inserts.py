"""The inserts that a killed run may have executed without counting them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

_DIGITS = 10  # 40 bits: among the few hundred keys of a chunk, no two are equal


@dataclass
class PendingInserts:
    """The profiles that a segment inserts next, by the time of creation that these have.

    A segment stores them before it inserts them. A resumed run then knows which of the profiles that exist
    are its own, although a profile in the plain shape has no mark of ours.

    The stored document has no IDs of users, and 300 of them take 3 KB: each key is stored as a part of its
    SHA-256.

    Attributes:
        fingerprints: The fingerprints of the keys, by time of creation.
    """

    fingerprints: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fingerprints)

    def add(self, created_at: str, keys: Iterable[str]) -> None:
        """Add inserts.

        Args:
            created_at: The time of creation of the profiles.
            keys: Their PKs.
        """
        self.fingerprints.setdefault(created_at, set()).update(map(_fingerprint, keys))

    def contains(self, key: str, created_at: str | None = None) -> bool:
        """Return whether a profile may be an own one.

        Args:
            key: The PK of the profile.
            created_at: Its time of creation; None for any.
        """
        if created_at is not None:
            return _fingerprint(key) in self.fingerprints.get(created_at, ())
        return any(_fingerprint(key) in values for values in self.fingerprints.values())

    def remove(self, keys: Collection[str]) -> None:
        """Remove inserts that are counted now."""
        if not self.fingerprints or not keys:
            return
        counted = set(map(_fingerprint, keys))
        self.fingerprints = {
            time: rest for time, values in self.fingerprints.items() if (rest := values - counted)
        }

    def to_json(self) -> dict[str, str]:
        """Return the document that a checkpoint stores."""
        return {time: "".join(sorted(values)) for time, values in sorted(self.fingerprints.items())}

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> "PendingInserts":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, TypeError, AttributeError: The document is damaged.
        """
        for time, text in document.items():
            if len(text) % _DIGITS:
                raise ValueError(f"the pending inserts of {time} have {len(text)} digits")
        return cls(
            {
                time: {text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS)}
                for time, text in document.items()
            }
        )


def _fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]
