"""Cognito triggers whose functions are not ours: checks and inputs. This module creates no resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_userprofiles.cognito_triggers import CUSTOM_MESSAGE, PRE_TOKEN_GENERATION, TRIGGERS
from pulumi_userprofiles.identifiers import FUNCTION_ARN, matches_form
from pulumi_userprofiles.validation import InvalidArgumentError, plain_value

SENDERS = ("custom_email_sender", "custom_sms_sender")
"""Triggers whose functions send the messages themselves, with codes that a KMS key encrypts."""

OTHER_TRIGGERS = (
    *("create_auth_challenge", CUSTOM_MESSAGE.key, "define_auth_challenge", "post_authentication"),
    *("pre_authentication", PRE_TOKEN_GENERATION.key, "user_migration", "verify_auth_challenge_response"),
    *SENDERS,
)
"""Triggers that `triggers` accepts: all that pulumi-aws has, except those that we always use."""

_REFUSING = ("pre_authentication", "user_migration")
_MANY_ERRORS = 20
_ARN_PARTS = 7  # of a function's ARN without a qualifier


@dataclass(frozen=True)
class OtherTrigger:
    """A trigger whose function is not ours.

    Attributes:
        key: Key in the pool's Lambda configuration.
        function_arn: ARN of the function, of one of its versions, or of an alias.
    """

    key: str
    function_arn: pulumi.Input[str]

    @property
    def child(self) -> str:
        """Start of the names of the trigger's children."""
        return self.key.replace("_", "-")

    @property
    def max_errors(self) -> int:
        """How many errors in five minutes are normal: some triggers refuse a user by an error."""
        return _MANY_ERRORS if self.key in _REFUSING else 0

    @property
    def function_name(self) -> pulumi.Output[str]:
        """Name of the function."""
        return pulumi.Output.from_input(self.function_arn).apply(lambda arn: arn.split(":")[6])


def split_function_arn(arn: str) -> tuple[str, str | None]:
    """Split the ARN of a function into the ARN without qualifier and the qualifier, if it has one."""
    parts = arn.split(":")
    unqualified = ":".join(parts[:_ARN_PARTS])
    return unqualified, parts[_ARN_PARTS] if len(parts) > _ARN_PARTS else None


def other_triggers(where: str, args: Mapping[str, Any]) -> list[OtherTrigger]:
    """Check `triggers` and `sender_key_arn` of a user pool.

    Raises:
        InvalidArgumentError: A trigger is unknown or has a function already, a value is not the ARN of a
            function, or the key of a sender is missing.
    """
    functions = plain_value(where, "triggers", args.get("triggers"))
    functions = {} if functions is None else functions
    if not isinstance(functions, Mapping):
        raise InvalidArgumentError(
            where,
            "'triggers' must be a dict from a trigger to the ARN of a function",
            got=functions,
            allowed=", ".join(OTHER_TRIGGERS),
            fix='Write {"pre_authentication": function.arn}.',
            argument="triggers",
        )
    for key, arn in functions.items():
        _check_trigger(where, args, key)
        _check_function_arn(where, key, arn)
    _check_sender_key(where, args, [key for key in SENDERS if key in functions])
    return [OtherTrigger(key, arn) for key, arn in functions.items()]


def _check_trigger(where: str, args: Mapping[str, Any], key: str) -> None:
    own_trigger = next((trigger for trigger in TRIGGERS if trigger.key == key), None)
    if own_trigger is not None and (
        key not in OTHER_TRIGGERS or args.get(own_trigger.alias_argument) is not None
    ):
        raise second_handler_error(where, key)
    if key not in OTHER_TRIGGERS:
        raise InvalidArgumentError(
            where,
            "'triggers' contains an unknown trigger",
            got=key,
            allowed=", ".join(OTHER_TRIGGERS),
            fix="Use one of these names. Other triggers need a newer version of pulumi-aws.",
            argument="triggers",
        )


_WAYS_OUT = {
    PRE_TOKEN_GENERATION.key: "To replace our function, set 'role_in_token' to false.",
    CUSTOM_MESSAGE.key: "To replace our function, remove 'texts_by_language'.",
}


def second_handler_error(where: str, key: str) -> InvalidArgumentError:
    """Return the error for a second function of a trigger: Cognito invokes one function for each trigger."""
    argument = f"{key}_alias_arn"
    way_out = _WAYS_OUT.get(
        key,
        f"To replace our function, create UserPool with '{argument}' set to your function's alias, and let "
        "your function invoke ours through that output of SignUpTriggers.",
    )
    return InvalidArgumentError(
        where,
        f"'triggers' contains '{key}', which has a function already; Cognito invokes only one",
        got=key,
        allowed=", ".join(name for name in OTHER_TRIGGERS if name != key),
        fix=f"Remove it. {way_out}",
        argument="triggers",
    )


def _check_function_arn(where: str, key: str, arn: Any) -> None:
    if matches_form(arn, FUNCTION_ARN):
        return
    raise InvalidArgumentError(
        where,
        f"'triggers.{key}' must be the ARN of {FUNCTION_ARN.resource_type}",
        got=arn,
        allowed=f"an ARN such as {FUNCTION_ARN.example}, with or without a version or an alias",
        fix="Use the ARN of the function or of its alias. Lambda permits no invocations of $LATEST by name.",
        argument="triggers",
    )


def _check_sender_key(where: str, args: Mapping[str, Any], senders: list[str]) -> None:
    key = args.get("sender_key_arn")
    if senders and key is None:
        raise InvalidArgumentError(
            where,
            f"'sender_key_arn' is missing, which the trigger {senders[0]} needs",
            got=None,
            allowed="the ARN of a symmetric KMS key",
            fix="Set it to a key with which the function can decrypt the codes (kms:Decrypt).",
            argument="sender_key_arn",
        )
    if key is not None and not senders:
        raise InvalidArgumentError(
            where,
            "'sender_key_arn' is set without a trigger that uses it",
            got=key,
            allowed=f"no value without {' or '.join(SENDERS)} in 'triggers'",
            fix="Remove it, or add the trigger.",
            argument="sender_key_arn",
        )
