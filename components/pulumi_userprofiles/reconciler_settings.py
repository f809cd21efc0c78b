"""Settings of the scheduled reconciliation. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.validation import integer

_LONGEST_INTERVAL_HOURS = 720


class ReconcilerSettings:
    """The checked numbers of `Reconciler`."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: A number is out of range.
        """
        interval_hours = integer(
            where, args, "interval_hours", 24, at_least=1, at_most=_LONGEST_INTERVAL_HOURS
        )
        self.unconfirmed_days = unconfirmed_days(where, args)
        requests = integer(where, args, "requests_per_second", 10, at_least=1, at_most=100)
        self.environment = {
            "INTERVAL_HOURS": str(interval_hours),
            "UNCONFIRMED_DAYS": str(self.unconfirmed_days),
            "REQUESTS_PER_SECOND": str(requests),
        }


def unconfirmed_days(where: str, args: Mapping[str, Any]) -> int:
    """Return after how many days an unconfirmed user is removed.

    Raises:
        InvalidArgumentError: The number is out of range.
    """
    return integer(where, args, "unconfirmed_days", 7, at_least=0, at_most=365)


def reconcile_interval_hours(where: str, args: Mapping[str, Any]) -> int:
    """Return the hours between two passes in the complete stack; 0 for no scheduled reconciliation.

    Raises:
        InvalidArgumentError: The number is out of range.
    """
    return integer(where, args, "reconcile_interval_hours", 24, at_least=0, at_most=_LONGEST_INTERVAL_HOURS)
