"""Checks of plain arguments, which run before a component registers any resource.

Each error message says what is wrong, what was given, what is allowed and how to fix it. The checks work
without a running Pulumi engine.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, TypeVar

import pulumi

E = TypeVar("E", bound=Enum)
N = TypeVar("N", int, None)

TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
"""Valid names of DynamoDB tables (Amazon DynamoDB Developer Guide, "Naming rules")."""

_TABLE_NAMES_BYTES = 2560
"""Leaves 1.5 KB of Lambda's 4 KB for the other environment variables (AWS Lambda Developer Guide, "Lambda
quotas")."""

ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""Valid names of roles. A role becomes part of an index key and the value of a Cognito attribute."""


class InvalidArgumentError(pulumi.RunError, ValueError):
    """Invalid argument or setting. Pulumi prints the message without a traceback."""

    def __init__(
        self, where: str, problem: str, *, got: Any, allowed: str, fix: str, argument: str | None = None
    ) -> None:
        """Build the message.

        Args:
            where: The component or setting that has the problem.
            problem: What is wrong.
            got: The value that was given.
            allowed: The values that are allowed.
            fix: How to fix it.
            argument: Name of the argument, so callers can map it to their setting; nested fields use a dot.
        """
        super().__init__(f"{where}: {problem}. Got {got!r}; allowed: {allowed}. {fix}")
        self.problem = problem
        self.got = got
        self.allowed = allowed
        self.fix = fix
        self.argument = argument


def plain_value(where: str, key: str, value: Any) -> Any:
    """Return a value that decides which resources are created, so it must be known during a preview.

    Raises:
        InvalidArgumentError: The value is an output or a secret.
    """
    if isinstance(value, pulumi.Output):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a plain value, because it decides which resources are created",
            got="an output (or a secret)",
            allowed="a plain value",
            fix="Read it from the stack's configuration without require_secret, or write it in the program.",
            argument=key,
        )
    return value


def check_known_arguments(where: str, args: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Reject unknown arguments; otherwise a misspelled argument would have no effect.

    Raises:
        InvalidArgumentError: The component does not have such an argument.
    """
    for key in args:
        if key not in allowed:
            raise InvalidArgumentError(
                where,
                f"unknown argument '{key}'",
                got=key,
                allowed=", ".join(sorted(allowed)) or "none",
                fix="Correct the spelling, or remove the argument.",
            )


def check_required(where: str, args: Mapping[str, Any], *keys: str) -> None:
    """Check that required arguments are set.

    Raises:
        InvalidArgumentError: A required argument is missing.
    """
    for key in keys:
        if args.get(key) is None:
            raise InvalidArgumentError(
                where,
                f"required argument '{key}' is missing",
                got=None,
                allowed="a value or an output",
                fix=f"Set '{key}'.",
            )


def check_component_name(where: str, name: str, limit: int) -> None:
    """Check a component's name, which is the prefix of its resources' names; AWS limits their length.

    Raises:
        InvalidArgumentError: The name is too long, or has characters that some of the services reject.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or len(name) > limit:
        raise InvalidArgumentError(
            where,
            "the component's name is not a valid prefix for the names of its resources",
            got=name,
            allowed=f"lower-case letters, digits and hyphens, the first a letter; at most {limit} characters",
            fix="Choose a valid name that you can keep: it is part of each resource's identity.",
        )


def integer(
    where: str, args: Mapping[str, Any], key: str, default: N, *, at_least: int, at_most: int
) -> int | N:
    """Read a whole number from the arguments. Other languages pass 30 as 30.0, which is read as 30.

    Raises:
        InvalidArgumentError: The value is not a whole number, or is out of range.
    """
    value = plain_value(where, key, args.get(key))
    if value is None:
        return default
    is_whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if not is_whole or not at_least <= value <= at_most:
        default_text = "none" if default is None else default
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a whole number from {at_least} to {at_most}",
            got=value,
            allowed=f"{at_least} to {at_most}",
            fix=f"Set such a number, or leave it out for the default: {default_text}.",
            argument=key,
        )
    return int(value)


def boolean(where: str, args: Mapping[str, Any], key: str, default: bool) -> bool:
    """Read true or false from the arguments.

    Raises:
        InvalidArgumentError: The value is neither true nor false.
    """
    value = plain_value(where, key, args.get(key))
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be true or false",
            got=value,
            allowed="true, false",
            fix="Write it without quotes.",
            argument=key,
        )
    return value


def enum_member(where: str, args: Mapping[str, Any], key: str, default: E) -> E:
    """Read an enum member from the arguments, passed as the member or as its value.

    Raises:
        InvalidArgumentError: The enum does not have such a member.
    """
    value = plain_value(where, key, args.get(key))
    if value is None:
        return default
    members = type(default)
    try:
        return members(value)
    except ValueError:
        raise InvalidArgumentError(
            where,
            f"'{key}' has an unknown value",
            got=value,
            allowed=", ".join(str(member.value) for member in members),
            fix=f"Choose one of them, or leave it out for the default: {default.value}.",
            argument=key,
        ) from None


def string_list(where: str, args: Mapping[str, Any], key: str, default: Collection[str]) -> list[str]:
    """Read a list of plain strings from the arguments.

    Raises:
        InvalidArgumentError: The value is not a list of non-empty strings, or has a duplicate.
    """
    value = plain_value(where, key, args.get(key))
    if value is None:
        return list(default)
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a list of strings",
            got=value,
            allowed="a list of strings",
            fix="Write it as a list, such as [a, b].",
            argument=key,
        )
    if len(set(value)) < len(value):
        raise InvalidArgumentError(
            where,
            f"'{key}' contains the same value twice",
            got=value,
            allowed="each value once",
            fix="Remove the duplicate.",
            argument=key,
        )
    return list(value)


def known_values(
    where: str, args: Mapping[str, Any], key: str, default: Collection[str], allowed: Collection[str]
) -> list[str]:
    """Read a list that must contain at least one of the allowed values, and no others.

    Raises:
        InvalidArgumentError: The list is empty, or contains another value.
    """
    values = string_list(where, args, key, default)
    unknown = [value for value in values if value not in allowed]
    if unknown or not values:
        raise InvalidArgumentError(
            where,
            f"'{key}' contains an unknown value" if unknown else f"'{key}' is empty",
            got=unknown[0] if unknown else values,
            allowed=", ".join(allowed),
            fix=f"Choose from these values, or leave it out for the default: {', '.join(default)}.",
            argument=key,
        )
    return values


def table_names(where: str, args: Mapping[str, Any], key: str) -> list[str]:
    """Read a list of DynamoDB table names from the arguments.

    Raises:
        InvalidArgumentError: A name is not valid in DynamoDB.
    """
    names = string_list(where, args, key, ())
    for name in names:
        if not TABLE_NAME.fullmatch(name):
            raise InvalidArgumentError(
                where,
                f"'{key}' contains an invalid table name",
                got=name,
                allowed="3 to 255 letters, digits, hyphens, underscores and dots",
                fix="Use the table's name, not its ARN.",
                argument=key,
            )
    size = len(",".join(names))
    if size > _TABLE_NAMES_BYTES:
        raise InvalidArgumentError(
            where,
            f"'{key}' is too long for the worker's environment variables, which Lambda limits to 4 KB",
            got=f"{len(names)} names with {size} characters in total",
            allowed=f"{_TABLE_NAMES_BYTES} characters in total, including commas",
            fix="Leave out tables that are done, or create a second MigrationJob for the others.",
            argument=key,
        )
    return names


def check_exclusive(where: str, args: Mapping[str, Any], existing: str, others: Collection[str]) -> None:
    """Check that the arguments do not name an existing resource and also describe a new one.

    Raises:
        InvalidArgumentError: `existing` is set together with one of the others.
    """
    if args.get(existing) is None:
        return
    for key in others:
        if args.get(key):
            raise InvalidArgumentError(
                where,
                f"'{existing}' and '{key}' cannot be used together",
                got=f"both {existing} and {key}",
                allowed=f"{existing}, or {key}",
                fix=f"Remove '{key}' and configure the existing resource yourself, or remove '{existing}'.",
            )
