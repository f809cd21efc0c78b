"""The result of a run for one user."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_SIZE_OR_DIGEST = re.compile(r"\b[0-9a-f]{32,}\b|(?<![\w-])(?:\d{1,3}(?:,\d{3})+|\d{4,})\b")


def reason_group(reason: str) -> str:
    """Return a reason without its sizes and digests, so that rows of different sizes are counted together."""
    return _SIZE_OR_DIGEST.sub("…", reason)


class Outcome(StrEnum):
    """The outcome for one user. The report counts users under these names."""

    EXISTED = "existed"
    CREATED = "created"
    SKIPPED = "skipped"
    FAILED = "failed"

    # Only of the operation VERIFY.
    MATCHING = "matching"
    CHANGED = "changed"
    DIFFERING = "differing"
    MISSING = "missing"
    ORPHANED = "orphaned"
    ERASED = "erased"

    # Only of the operation ROLLBACK.
    REMOVED = "removed"
    KEPT = "kept"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """The result for one profile.

    Attributes:
        outcome: The outcome for its user.
        reason: Why the user was skipped or failed; empty for other outcomes.
        write_units: In a dry run, the write units of the items that would be created.
        error_code: AWS's error code if AWS rejected the profile. Then the reason has AWS's message, which can
            repeat a value of the row.
    """

    outcome: Outcome
    reason: str = ""
    write_units: int = 0
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class UserResult:
    """The result for the user of one row.

    Attributes:
        user_id: The user's id, or another value that identifies the row.
        outcome: The outcome for this user.
        reason: Why the user was skipped or failed; empty for other outcomes.
        email: The e-mail address, for a line on a terminal.
        key: The row's key, as `row_key` returns it.
        write_units: In a dry run, the write units of the items that would be created.
        error_code: As in `ProfileResult`.
        sha256: The digest of a failed row; empty for other outcomes.
    """

    user_id: str
    outcome: Outcome
    reason: str = ""
    email: str | None = None
    key: Mapping[str, str] = field(default_factory=dict)
    write_units: int = 0
    error_code: str = ""
    sha256: str = ""

    @property
    def safe_reason(self) -> str:
        """The reason without AWS's message, which can repeat a value of the row."""
        return f"AWS rejected the item: {self.error_code}" if self.error_code else self.reason
