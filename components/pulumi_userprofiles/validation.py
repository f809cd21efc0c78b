"""Checks of plain arguments, made before a component registers anything: a mistake costs one message.

A message says what is wrong, what was given, what is allowed and how to mend it. Nothing here needs a running
Pulumi.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, TypeVar

import pulumi

E = TypeVar("E", bound=Enum)

TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
"""What DynamoDB takes as the name of a table (Amazon DynamoDB Developer Guide, "Naming rules")."""

ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""The form of a role; it becomes part of an index key and of a Cognito attribute."""


class InvalidArgumentError(pulumi.RunError, ValueError):
    """An argument can't be used. Pulumi prints its message without a traceback."""

    def __init__(
        self, where: str, problem: str, *, got: Any, allowed: str, fix: str, argument: str | None = None
    ) -> None:
        """Build the message.

        Args:
            where: The component or setting at fault.
            problem: What is wrong with it.
            got: The value that was given.
            allowed: The values that are allowed.
            fix: What to do.
            argument: The argument at fault, for who has another name for it; in a record with a dot.
        """
        super().__init__(f"{where}: {problem}. Got {got!r}; allowed: {allowed}. {fix}")
        self.problem = problem
        self.got = got
        self.allowed = allowed
        self.fix = fix
        self.argument = argument


def plain(where: str, key: str, value: Any) -> Any:
    """Return a value that decides what is made, which therefore can't wait for another resource.

    Raises:
        InvalidArgumentError: It is an output, or a secret.
    """
    if isinstance(value, pulumi.Output):
        raise InvalidArgumentError(
            where,
            f"'{key}' decides what is made, so it has to be known before anything is",
            got="an output (or a secret)",
            allowed="a plain value",
            fix="Read it from the stack's configuration without require_secret, or write it down.",
            argument=key,
        )
    return value


def known_keys(where: str, args: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refuse an argument that doesn't exist: a misspelt one would otherwise be passed over in silence.

    Raises:
        InvalidArgumentError: The component has no such argument.
    """
    for key in args:
        if key not in allowed:
            raise InvalidArgumentError(
                where,
                f"there is no argument '{key}'",
                got=key,
                allowed=", ".join(sorted(allowed)) or "none",
                fix="Correct the spelling, or leave it out.",
            )


def required(where: str, args: Mapping[str, Any], *keys: str) -> None:
    """Refuse arguments that lack what the component can't do without.

    Raises:
        InvalidArgumentError: One is missing.
    """
    for key in keys:
        if args.get(key) is None:
            raise InvalidArgumentError(
                where,
                f"the argument '{key}' is missing",
                got=None,
                allowed="a value or an output",
                fix=f"Give '{key}'.",
            )


def child_name(where: str, name: str, limit: int) -> None:
    """Check a component's name: children append to it, and AWS limits what comes out.

    Raises:
        InvalidArgumentError: It has other characters than AWS takes for all of them, or is too long.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or len(name) > limit:
        raise InvalidArgumentError(
            where,
            "the component's name can't begin the names of its resources",
            got=name,
            allowed=f"lower-case letters, digits and hyphens, a letter first, {limit} characters at most",
            fix="Choose such a name; it is part of each resource's identity, so choose it for good.",
        )


N = TypeVar("N", int, None)


def whole_number(
    where: str, args: Mapping[str, Any], key: str, default: N, *, at_least: int, at_most: int
) -> int | N:
    """Read a number from the arguments. Other languages hand over 30 as 30.0, which is taken as 30.

    Raises:
        InvalidArgumentError: It is no whole number, or out of bounds.
    """
    value = plain(where, key, args.get(key))
    if value is None:
        return default
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if not whole or not at_least <= value <= at_most:
        raise InvalidArgumentError(
            where,
            f"'{key}' is no whole number in bounds",
            got=value,
            allowed=f"{at_least} to {at_most}",
            fix=f"Give such a number, or leave it out for {'none' if default is None else default}.",
            argument=key,
        )
    return int(value)


def switch(where: str, args: Mapping[str, Any], key: str, default: bool) -> bool:
    """Read a switch from the arguments.

    Raises:
        InvalidArgumentError: It is neither true nor false.
    """
    value = plain(where, key, args.get(key))
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidArgumentError(
            where,
            f"'{key}' is no switch",
            got=value,
            allowed="true, false",
            fix="Give it without quotes.",
            argument=key,
        )
    return value


def choice(where: str, args: Mapping[str, Any], key: str, default: E) -> E:
    """Read one of an enum's members from the arguments, given as the member or as its value.

    Raises:
        InvalidArgumentError: The enum has no such member.
    """
    value = plain(where, key, args.get(key))
    if value is None:
        return default
    members = type(default)
    try:
        return members(value)
    except ValueError:
        raise InvalidArgumentError(
            where,
            f"unknown '{key}'",
            got=value,
            allowed=", ".join(str(member.value) for member in members),
            fix=f"Choose one of them, or leave it out for {default.value}.",
            argument=key,
        ) from None


def texts(where: str, args: Mapping[str, Any], key: str, default: Collection[str]) -> list[str]:
    """Read a list of plain texts from the arguments.

    Raises:
        InvalidArgumentError: It is no list of texts, or one stands in it twice.
    """
    value = plain(where, key, args.get(key))
    if value is None:
        return list(default)
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise InvalidArgumentError(
            where,
            f"'{key}' is no list of texts",
            got=value,
            allowed="a list of texts",
            fix="Such as [a, b].",
            argument=key,
        )
    if len(set(value)) < len(value):
        raise InvalidArgumentError(
            where,
            f"'{key}' names something twice",
            got=value,
            allowed="each once",
            fix="Remove one.",
            argument=key,
        )
    return list(value)


def table_names(where: str, args: Mapping[str, Any], key: str) -> list[str]:
    """Read a list of names of DynamoDB tables from the arguments.

    Raises:
        InvalidArgumentError: DynamoDB wouldn't take one of them as a table's name.
    """
    names = texts(where, args, key, ())
    for name in names:
        if not TABLE_NAME.fullmatch(name):
            raise InvalidArgumentError(
                where,
                f"'{key}' has something that is no table name",
                got=name,
                allowed="3 to 255 letters, digits, hyphens, underscores and dots",
                fix="Give the table's name, not its ARN.",
                argument=key,
            )
    return names


def one_of(where: str, args: Mapping[str, Any], existing: str, others: Collection[str]) -> None:
    """Refuse arguments that both bring a resource and describe one to make.

    Raises:
        InvalidArgumentError: `existing` is given together with one of the others.
    """
    if args.get(existing) is None:
        return
    for key in others:
        if args.get(key):
            raise InvalidArgumentError(
                where,
                f"'{existing}' and '{key}' exclude each other",
                got=f"both {existing} and {key}",
                allowed=f"{existing}, or {key}",
                fix=f"Leave out '{key}' and set up what exists yourself, or let the component make it.",
            )
