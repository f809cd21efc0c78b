"""The decisions of the operator about users who can't be imported without one.

The plan writes a file of decisions with proposals: a JSON object of old ID to `import` or `skip`. The
operator edits it and passes it to `apply`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from userprofiles.legacy.errors import LegacyError
from userprofiles.legacy.job.stage import Conflict

IMPORT = "import"
SKIP = "skip"
CHOICES = (IMPORT, SKIP)

PHONE_KIND = "phone number"
EMAIL_KIND = "e-mail address"
UNVERIFIED_EMAIL_KIND = "unverified e-mail address"
USERNAME_KIND = "user name"
UNIQUE_KINDS = frozenset({PHONE_KIND, EMAIL_KIND})
"""What Cognito allows once in a pool, so that at most one of the users can be imported."""

_SHOWN_IDS = 5


class DecisionError(LegacyError):
    """A file of decisions can't be used."""


@dataclass(frozen=True)
class Decisions:
    """What happens to users who need a decision.

    Attributes:
        choices: `import` or `skip` by old ID.
        shared_ids: The users who share something with another user, by what they share.
    """

    choices: Mapping[str, str] = field(default_factory=dict)
    shared_ids: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, choices: Mapping[str, str], conflicts: Iterable[Conflict]) -> "Decisions":
        """Return the decisions for the conflicts of a plan.

        Raises:
            DecisionError: Two users who share a phone number or e-mail address are to be imported.
        """
        shared_ids: dict[str, str] = {}
        for conflict in conflicts:
            if len(conflict.record_ids) < 2:  # noqa: PLR2004 - the user's own problem
                continue
            imported_ids = [old_id for old_id in conflict.record_ids if choices.get(old_id) == IMPORT]
            if conflict.kind in UNIQUE_KINDS and len(imported_ids) > 1:
                raise DecisionError(
                    f"The decisions import {len(imported_ids)} users with the same {conflict.kind}: "
                    f"{_some(imported_ids)}.\nAllowed is one of them: Cognito accepts each address once. "
                    f'Set the others to "{SKIP}".'
                )
            shared_ids |= {
                old_id: conflict.kind for old_id in conflict.record_ids if old_id not in shared_ids
            }
        return cls(dict(choices), shared_ids)

    def choice(self, old_id: str) -> str | None:
        """Return the decision about a user; None if there is none."""
        return self.choices.get(old_id)


def read_choices(path: Path) -> dict[str, str]:
    """Read a file of decisions.

    Raises:
        DecisionError: The file can't be read, or is not a JSON object of old IDs to `import` or `skip`.
    """
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DecisionError(
            f"The file of decisions {path} can't be read: {error.strerror}.\nCheck the path."
        ) from None
    except (ValueError, RecursionError):
        raise DecisionError(
            f"The file of decisions {path} is not JSON.\nCorrect it, or take the file that the plan wrote."
        ) from None
    if not isinstance(document, dict):
        raise DecisionError(
            f"The file of decisions {path} has a JSON {type(document).__name__}. It must be an object of old "
            f'IDs to "{IMPORT}" or "{SKIP}".'
        )
    invalid_ids = [old_id for old_id, choice in document.items() if choice not in CHOICES]
    if invalid_ids:
        raise DecisionError(
            f"The file of decisions {path} has another value than {IMPORT} and {SKIP} for "
            f"{_some(invalid_ids)}.\nCorrect it."
        )
    return document


def proposals(conflicts: Iterable[Conflict]) -> dict[str, str]:
    """Return the file of decisions that a plan writes. A user with several conflicts is skipped in doubt."""
    choices: dict[str, str] = {}
    for conflict in conflicts:
        for old_id, proposal in conflict.proposal.items():
            choices[old_id] = SKIP if SKIP in (proposal, choices.get(old_id)) else IMPORT
    return choices


def _some(old_ids: list[str]) -> str:
    more = f" and {len(old_ids) - _SHOWN_IDS} more" if len(old_ids) > _SHOWN_IDS else ""
    return ", ".join(old_ids[:_SHOWN_IDS]) + more
