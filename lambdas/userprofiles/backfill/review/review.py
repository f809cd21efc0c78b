"""What all threads of a verification or a rollback share."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from userprofiles.backfill.review.run_history import RunHistory
from userprofiles.jobs.key_hashes import KeyHashes, hash_number

_HASHES = 2**64


@dataclass(frozen=True)
class Sample:
    """Selects users by the hash of their keys, so that the same seed selects the same users.

    Attributes:
        size: The number of users to select, on average.
        total: The number of all users.
        seed: Any text.
    """

    size: int
    total: int
    seed: str

    def to_json(self) -> dict[str, Any]:
        """Return the sample for the document of a job."""
        return {"size": self.size, "total": self.total, "seed": self.seed}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Sample":
        """Read the document that `to_json` returns.

        Raises:
            ValueError: A value is wrong.
        """
        try:
            sample = cls(int(document["size"]), int(document["total"]), str(document["seed"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"sample {document!r}: it must have a size, a total and a seed") from error
        if sample.size < 1 or sample.total < 1:
            raise ValueError(f"sample {document!r}: size and total must be at least 1")
        return sample

    def selects(self, key: str) -> bool:
        """Return whether the sample has the user with this PK."""
        return hash_number(f"{self.seed}#{key}") * self.total < self.size * _HASHES


class KeyFile:
    """A list of keys in a temporary file, so that memory does not grow with it.

    Raises:
        OSError: The file can't be created.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `close`

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def extend(self, keys: Iterable[str]) -> None:
        """Add keys.

        Raises:
            OSError: The file can't be written.
        """
        self._file.writelines(json.dumps(key) + "\n" for key in keys)

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)


@dataclass
class Review:
    """The knowledge of a verification or a rollback about the users of all segments.

    A user can have several rows in a source, in different segments. The profile was created from one of them:
    it is in order if one of the rows agrees with it.

    Use it as a context manager: it has a temporary file.

    Attributes:
        history: The run that is verified or undone; None to verify all profiles.
        sample: Selects the users to verify; None for all.
        on_users: Receives the PKs of all users of the source, for the units of a distributed verification.
    """

    history: RunHistory | None = None
    sample: Sample | None = None
    on_users: Callable[[Sequence[str]], None] | None = None
    _users: KeyHashes = field(default_factory=KeyHashes)
    _counted: KeyHashes = field(default_factory=KeyHashes)
    _settled: KeyHashes = field(default_factory=KeyHashes)
    _profiles: KeyFile = field(default_factory=KeyFile)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._profiles.close()

    def selects(self, key: str) -> bool:
        """Return whether the user with this PK is verified."""
        return self.sample is None or self.sample.selects(key)

    def add_users(self, keys: Iterable[str]) -> None:
        """Record the PKs of users of the source."""
        keys = list(keys)
        with self._lock:
            for key in keys:
                self._users.add(key)
        if self.on_users:
            self.on_users(keys)

    def add_profiles(self, keys: Iterable[str]) -> None:
        """Record the PKs of profiles whose users are not known yet.

        Raises:
            OSError: The temporary file can't be written.
        """
        with self._lock:
            self._profiles.extend(keys)

    def orphans(self) -> Iterator[str]:
        """Yield the PKs of profiles without a user, after all segments are read."""
        return (key for key in self._profiles if key not in self._users)

    def count(self, key: str, *, is_settled: bool) -> bool:
        """Record the result of one row of a user.

        Args:
            key: The PK of the user.
            is_settled: Whether this row agrees with the user's items.

        Returns:
            Whether the result counts: it is the user's first one, or it settles an earlier one.
        """
        with self._lock:
            is_new = self._counted.add(key)
            if is_settled:
                return self._settled.add(key) or is_new
            return is_new

    def is_counted(self, key: str) -> bool:
        """Return whether a user has a result."""
        with self._lock:
            return key in self._counted

    def is_settled(self, key: str) -> bool:
        """Return whether a row of a user agrees with the items: differences of other rows don't count."""
        with self._lock:
            return key in self._settled
