"""The statistics of a users table: counts only, never a value that a user typed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BANDS = ("0", "1-25", "26-50", "51-75", "76-99", "100")
"""Completion bands, in percent."""

_UPPER_LIMITS = (0, 25, 50, 75, 99, 100)


def band(percentage: int) -> str:
    """Return the completion band of a percentage."""
    return next(name for name, limit in zip(BANDS, _UPPER_LIMITS, strict=True) if percentage <= limit)


@dataclass
class Statistics:
    """Counts of users. They add up over segments.

    Attributes:
        users: Users with an account.
        without_profile: Users among them without a profile.
        erased: Erased users, who are not in any other count.
        roles: Users by role.
        statuses: Users by status.
        bands: Users by completion band.
        sign_ups: Users by the day (UTC) on which their account was created.
    """

    users: int = 0
    without_profile: int = 0
    erased: int = 0
    roles: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    bands: Counter[str] = field(default_factory=Counter)
    sign_ups: Counter[str] = field(default_factory=Counter)

    @property
    def complete(self) -> int:
        """Users with a complete profile."""
        return self.bands[BANDS[-1]]

    @property
    def completion_rate(self) -> float:
        """Percentage of users with a complete profile, 0 without users."""
        return round(100 * self.complete / self.users, 1) if self.users else 0.0

    def add(self, other: "Statistics") -> None:
        """Add the counts of another segment."""
        self.users += other.users
        self.without_profile += other.without_profile
        self.erased += other.erased
        self.roles.update(other.roles)
        self.statuses.update(other.statuses)
        self.bands.update(other.bands)
        self.sign_ups.update(other.sign_ups)

    def totals(self) -> dict[str, Any]:
        """Return all counts except the sign-ups, as a snapshot and `--json` have them."""
        return {
            "users": self.users,
            "complete": self.complete,
            "completionRate": self.completion_rate,
            "withoutProfile": self.without_profile,
            "erased": self.erased,
            "roles": _sorted(self.roles),
            "statuses": _sorted(self.statuses),
            "completionBands": {name: self.bands[name] for name in BANDS},
        }

    def to_json(self) -> dict[str, Any]:
        """Return all counts as `--json` prints them."""
        return {**self.totals(), "signUpsPerDay": dict(sorted(self.sign_ups.items()))}


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts with the largest first."""
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
