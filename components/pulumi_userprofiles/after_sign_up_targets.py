"""Targets of new users: the argument's type and its checks. This module creates no resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from userprofiles.table.record import CREATED_BY, SELF_REGISTERED

from pulumi_userprofiles.identifiers import FUNCTION_ARN
from pulumi_userprofiles.validation import InvalidArgumentError, plain_value

MAX_TARGETS = 10
"""Most targets. Each takes up to 300 bytes of the reader's environment variables, which Lambda limits to 4 KB
(AWS Lambda Developer Guide, "Lambda quotas")."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")


class SignUpTarget(TypedDict):
    """A queue for new users, and optionally the function that receives its messages."""

    name: str
    """Name of the target, which is part of its queues' names: up to 24 lower-case letters, digits and
    hyphens."""

    function_arn: NotRequired[pulumi.Input[str]]
    """ARN of a function, or of its alias, that receives the queue's messages, one at a time. Its role must
    allow that before, and its time-out must be at most 30 seconds. Default: none, you receive the messages
    yourself."""

    created_by: NotRequired[list[str]]
    """Which users the target gets: `sign_up`, `first_access`, `reconciler`, `admin`, `import`. Default:
    `sign_up` and `first_access`, the users who registered themselves."""


@dataclass(frozen=True)
class CheckedTarget:
    """A target whose values are checked.

    Attributes:
        name: Name of the target.
        function_arn: ARN of its function; None without a function.
        created_by: Which users it gets.
    """

    name: str
    function_arn: pulumi.Input[str] | None
    created_by: list[str]


def sign_up_targets(where: str, args: Mapping[str, Any], key: str) -> list[CheckedTarget]:
    """Check a list of targets.

    Args:
        where: The component, for error messages.
        args: Its arguments.
        key: The argument with the list.

    Raises:
        InvalidArgumentError: A target is not valid, a name occurs twice, or there are too many targets.
    """
    items = plain_value(where, key, args.get(key))
    items = [] if items is None else items
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, Mapping) for item in items):
        raise InvalidArgumentError(
            where,
            f"'{key}' must be a list of targets",
            got=items,
            allowed='a list of dicts, such as [{"name": "welcome-mail"}]',
            fix="Write a dict for each target.",
            argument=key,
        )
    targets = [_checked_target(where, key, item) for item in items]
    _check_number_and_names(where, key, [target.name for target in targets])
    return targets


def _check_number_and_names(where: str, key: str, names: list[str]) -> None:
    if len(names) > MAX_TARGETS:
        raise InvalidArgumentError(
            where,
            f"'{key}' contains too many targets",
            got=len(names),
            allowed=f"at most {MAX_TARGETS}",
            fix="Let one target's function do several steps, or let it publish to an SNS topic.",
            argument=key,
        )
    for name in names:
        if names.count(name) > 1:
            raise InvalidArgumentError(
                where,
                f"'{key}' contains two targets with the same name",
                got=name,
                allowed="each name once",
                fix="Rename one of them: the name is part of the queues' names.",
                argument=key,
            )


def _checked_target(where: str, key: str, item: Mapping[str, Any]) -> CheckedTarget:
    for field in item:
        if field not in SignUpTarget.__annotations__:
            raise InvalidArgumentError(
                where,
                f"'{key}' contains a target with an unknown field",
                got=field,
                allowed=", ".join(SignUpTarget.__annotations__),
                fix="Correct the spelling, or remove the field.",
                argument=key,
            )
    name = plain_value(where, key, item.get("name"))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArgumentError(
            where,
            f"'{key}' contains a target with an invalid or missing name",
            got=name,
            allowed="up to 24 lower-case letters, digits and hyphens, the first a letter",
            fix="Choose a name that you can keep: it is part of the queues' names.",
            argument=key,
        )
    function_arn = item.get("function_arn")
    if function_arn is not None:
        _check_function_arn(where, key, name, function_arn)
    return CheckedTarget(name, function_arn, _created_by(where, key, name, item))


def _check_function_arn(where: str, key: str, name: str, arn: Any) -> None:
    if isinstance(arn, pulumi.Output) or (isinstance(arn, str) and FUNCTION_ARN.matches(arn)):
        return
    raise InvalidArgumentError(
        where,
        f"'{key}.function_arn' of the target {name} must be the ARN of {FUNCTION_ARN.resource_type}",
        got=arn,
        allowed=f"an ARN such as {FUNCTION_ARN.example}, with or without a version or an alias",
        fix="Use the ARN of the function or of its alias.",
        argument=key,
    )


def _created_by(where: str, key: str, name: str, item: Mapping[str, Any]) -> list[str]:
    values = plain_value(where, key, item.get("created_by"))
    if values is None:
        return list(SELF_REGISTERED)
    values = list(values) if isinstance(values, (list, tuple)) else values
    is_valid = isinstance(values, list) and values and all(value in CREATED_BY for value in values)
    if not is_valid or len(set(values)) < len(values):
        raise InvalidArgumentError(
            where,
            f"'{key}.created_by' of the target {name} must be a list of different known values",
            got=values,
            allowed=", ".join(CREATED_BY),
            fix=f"List at least one of them, or leave it out for the default: {', '.join(SELF_REGISTERED)}.",
            argument=key,
        )
    return list(map(str, values))
