"""What a run did for one user."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How the work on one user ended. The report counts users under these names."""

    EXISTED = "existed"
    CREATED = "created"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """What happened to one profile.

    Attributes:
        outcome: How the work on it ended.
        reason: Why, if it was skipped or failed.
    """

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UserResult:
    """What happened to the user of one row.

    Attributes:
        user_id: The user's id, or another value that identifies the row.
        outcome: How the work on the user ended.
        reason: Why, if the user was skipped or failed.
        email: For a line on a terminal.
    """

    user_id: str
    outcome: Outcome
    reason: str = ""
    email: str | None = None
