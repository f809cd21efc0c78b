"""Reads an argument that is a dict of settings."""

from collections.abc import Collection, Mapping
from typing import Any

from pulumi_userprofiles.validation import InvalidArgumentError, plain_value


def nested_settings(
    where: str, args: Mapping[str, Any], key: str, names: Collection[str]
) -> Mapping[str, Any]:
    """Read a dict of settings from the arguments. Its names and values are not checked.

    Args:
        where: The component, as error messages show it.
        args: The component's arguments.
        key: The argument with the settings.
        names: The names of the settings.

    Raises:
        InvalidArgumentError: The value is not a dict.
    """
    value = plain_value(where, key, args.get(key))
    settings: Mapping[str, Any] = {} if value is None else value
    if not isinstance(settings, Mapping):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a dict of settings",
            got=settings,
            allowed=", ".join(names),
            fix="Write {} for the defaults.",
            argument=key,
        )
    return settings
