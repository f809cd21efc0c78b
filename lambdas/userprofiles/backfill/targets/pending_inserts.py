"""The inserts that a killed run may have executed without counting them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class PendingInserts:
    """The profiles that a segment inserts next, by the time of creation that these have.

    A segment stores them before it inserts them. A resumed run then knows which of the profiles that exist
    are its own, although a profile in the plain shape has no mark of ours. It also finds the profiles of
    users who were deleted in the meantime, so the whole keys are stored.

    Attributes:
        times: The PKs of the profiles, by time of creation.
    """

    times: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.times)

    def add(self, created_at: str, keys: Iterable[str]) -> None:
        """Add inserts.

        Args:
            created_at: The time of creation of the profiles.
            keys: Their PKs.
        """
        self.times.setdefault(created_at, set()).update(keys)

    def keys(self) -> set[str]:
        """Return the PKs of all profiles."""
        return set().union(*self.times.values())

    def contains(self, key: str, created_at: str | None = None) -> bool:
        """Return whether a profile may be an own one.

        Args:
            key: The PK of the profile.
            created_at: Its time of creation; None for any.
        """
        if created_at is not None:
            return key in self.times.get(created_at, ())
        return any(key in values for values in self.times.values())

    def remove(self, keys: Collection[str]) -> bool:
        """Remove inserts that are counted now. Return whether there were any."""
        if all(values.isdisjoint(keys) for values in self.times.values()):
            return False
        rest = {time: values.difference(keys) for time, values in self.times.items()}
        self.times = {time: values for time, values in rest.items() if values}
        return True

    def to_json(self) -> dict[str, list[str]]:
        """Return the document that a checkpoint stores."""
        return {time: sorted(values) for time, values in sorted(self.times.items())}

    @classmethod
    def from_json(cls, document: Mapping[str, list[str]]) -> "PendingInserts":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, TypeError, AttributeError: The document is damaged.
        """
        for time, keys in document.items():
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                raise TypeError(f"the pending inserts of {time} are not a list of keys")
        return cls({time: set(keys) for time, keys in document.items()})
