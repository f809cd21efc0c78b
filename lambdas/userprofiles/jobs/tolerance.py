"""How many failed users a run accepts before it stops."""

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """A number of failed users, or a share of all users.

    Attributes:
        users: The number; None if a share was named.
        percent: The share in percent; None if a number was named.
    """

    users: int | None = None
    percent: float | None = None

    def limit(self, all_users: int) -> int:
        """Return the number of failed users that the run accepts.

        Args:
            all_users: The number of users that the run is expected to process.
        """
        if self.users is not None:
            return self.users
        return math.floor(all_users * (self.percent or 0.0) / 100)


def parse_tolerance(text: str) -> Tolerance:
    """Read a number of users such as ``100``, or a share such as ``0.5%``.

    Raises:
        ValueError: The text is neither.
    """
    match = re.fullmatch(r"(\d{1,12}|\d{1,3}(?:\.\d{1,6})?(?=%))(%?)", text.strip())
    if match and not match[2]:
        return Tolerance(users=int(match[1]))
    if match and float(match[1]) <= 100:  # noqa: PLR2004 - percent
        return Tolerance(percent=float(match[1]))
    raise ValueError(
        f"{text!r}: allowed is a number of failed users, such as 100, or a share of all users from 0% to "
        "100%, such as 0.5%"
    )
