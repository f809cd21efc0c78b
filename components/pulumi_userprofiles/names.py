"""Conversion of Python names to the names that other Pulumi languages and stack configurations use."""

import re


def camel_case(name: str) -> str:
    """Convert a snake-case name to camel case, as Pulumi's schema does.

    Only the first character of each further word changes: `user_pool_arn` becomes `userPoolArn`,
    `sign_up_2fa` becomes `signUp2fa`, `sms_MFA` becomes `smsMFA`.
    """
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def snake_case(name: str) -> str:
    """Convert a camel-case name to snake case: `userPoolArn` becomes `user_pool_arn`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
