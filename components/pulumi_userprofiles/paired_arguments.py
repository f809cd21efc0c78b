"""Arguments that name one resource together. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.validation import InvalidArgumentError


def has_both(where: str, args: Mapping[str, Any], first: str, second: str) -> bool:
    """Return whether a resource is set, which needs two arguments.

    Raises:
        InvalidArgumentError: Only one of the arguments is set.
    """
    missing = [key for key in (first, second) if args.get(key) is None]
    if len(missing) == 1:
        [other] = {first, second} - set(missing)
        raise InvalidArgumentError(
            where,
            f"'{other}' needs '{missing[0]}' too",
            got=f"only {other}",
            allowed=f"both {first} and {second}, or none of them",
            fix=f"Set '{missing[0]}' to the output of the same resource, or remove '{other}'.",
            argument=missing[0],
        )
    return not missing
