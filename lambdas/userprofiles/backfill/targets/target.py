"""What a run writes for a user, and how it finds out what exists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from userprofiles.backfill.outcome import ProfileResult
from userprofiles.backfill.sources.source import Page
from userprofiles.backfill.users.user_row import Row, UserRow


class Target(Protocol):
    """Where the users of a source get their profiles. One object serves one thread.

    All keys are the PKs of users, as `UserRow.profile_key` has them.
    """

    def read_existing(self, keys: Sequence[str], page: Page) -> Mapping[str, Row]:
        """Return the existing profiles by PK.

        Args:
            keys: The PKs of a chunk's users.
            page: The page of the chunk, which may have the profiles already.

        Raises:
            BackfillError: The table can't be read.
        """

    def insert_missing(
        self,
        users: Sequence[UserRow],
        existing: Mapping[str, Row],
        moment: datetime,
        results: dict[str, ProfileResult],
    ) -> None:
        """Insert what is missing, or nothing in a dry run.

        Args:
            users: The users of a chunk.
            existing: Their existing profiles by PK.
            moment: The time of creation.
            results: Gets the result of each missing profile by PK. It is right after an error, too.

        Raises:
            BackfillError: The run can't continue.
        """

    def existing_result(self, profile: Row) -> ProfileResult:
        """Return the result for a user whose profile exists."""
