"""The users of a verification or rollback that its report lists, in a temporary file."""

from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.review import Review
from userprofiles.table import record

_LISTED = frozenset({Outcome.DIFFERING, Outcome.MISSING, Outcome.ORPHANED, Outcome.FAILED, Outcome.KEPT})
_SETTLED_BY_ANOTHER_ROW = frozenset({Outcome.DIFFERING, Outcome.KEPT})


class DifferenceLog:
    """Lists users with their outcomes and reasons: IDs, keys and names of attributes, never values.

    Args:
        review: Knows which differences another row of the same user settles.

    Raises:
        BackfillFailedError: The temporary file can't be created.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        try:
            self._log = FailureLog()
        except OSError as error:
            raise _file_error(error) from error

    def __enter__(self) -> Self:
        self._log.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.__exit__(kind, error, trace)

    def add(self, results: Iterable[UserResult]) -> None:
        """Add the results that the report lists. Others are ignored.

        Raises:
            BackfillFailedError: The temporary file can't be written.
        """
        entries = [
            {"userId": result.user_id, "outcome": result.outcome.value, "reason": result.reason, **result.key}
            for result in results
            if result.outcome in _LISTED
        ]
        try:
            self._log.extend(entries)
        except OSError as error:
            raise _file_error(error) from error

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the users, without those whose difference another row settles."""
        return (entry for entry in self._log if not self._is_settled(entry))

    def settled(self) -> Counter[str]:
        """Return how many results another row has settled, by outcome."""
        return Counter(entry["outcome"] for entry in self._log if self._is_settled(entry))

    def _is_settled(self, entry: dict[str, Any]) -> bool:
        key = record.partition_key(entry["userId"])
        return entry["outcome"] in _SETTLED_BY_ANOTHER_ROW and self._review.is_settled(key)


def _file_error(error: OSError) -> BackfillFailedError:
    return BackfillFailedError(
        ErrorKind.STATE,
        f"The differences can't be written to a temporary file: {error.strerror}.\n"
        "Free space on the disk of TMPDIR, then run the command again.",
    )
