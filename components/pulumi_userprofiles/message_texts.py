"""Texts of the messages that Cognito sends: their arguments and checks. This module creates no resources.

Lengths, characters and placeholders are those of the Cognito API Reference
("VerificationMessageTemplateType", "MessageTemplateType") and of the Amazon Cognito Developer Guide ("Custom
message Lambda trigger").
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from pulumi_userprofiles.names import camel_case
from pulumi_userprofiles.validation import InvalidArgumentError, check_known_arguments, plain_value

CODE = "{####}"
USER_NAME = "{username}"


class MessageTexts(TypedDict):
    """Texts of messages. A text that is left out is Cognito's own, or the pool's."""

    verification_email_subject: NotRequired[str]
    """Subject of emails with a code, at most 140 characters. Default: Cognito's."""

    verification_email_message: NotRequired[str]
    """Email with a code; contains `{####}`, its place. HTML is allowed; at most 20,000 characters. Default:
    Cognito's."""

    verification_sms_message: NotRequired[str]
    """Text message with a code; contains `{####}`, its place; at most 140 characters. Default: Cognito's."""

    invitation_email_subject: NotRequired[str]
    """Subject of the email to a user whom an administrator created, at most 140 characters. Default:
    Cognito's."""

    invitation_email_message: NotRequired[str]
    """Email to such a user; contains `{username}` and `{####}`, the place of the temporary password; at most
    20,000 characters. Default: Cognito's."""

    invitation_sms_message: NotRequired[str]
    """Text message to such a user; contains `{username}` and `{####}`; at most 140 characters. Default:
    Cognito's."""


_TEXT_NAMES = tuple(MessageTexts.__annotations__)
_MAX_LENGTHS = {"email_subject": 140, "email_message": 20_000, "sms_message": 140}
_MIN_LENGTHS = {"email_subject": 1, "email_message": 6, "sms_message": 6}
# A tag of the form of BCP 47, such as `de` or `pt-BR`.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")


def message_texts(where: str, argument: str, value: Any) -> dict[str, str]:
    """Check the texts of one language.

    Args:
        where: The component.
        argument: Name of the argument.
        value: The texts.

    Returns:
        The texts.

    Raises:
        InvalidArgumentError: A text is unknown, too long, or lacks a placeholder.
    """
    texts = plain_value(where, argument, value)
    if texts is None:
        return {}
    if not isinstance(texts, Mapping):
        raise InvalidArgumentError(
            where,
            f"'{argument}' must be a dict of texts",
            got=texts,
            allowed=", ".join(_TEXT_NAMES),
            fix='Write {"verification_email_subject": "Your code"}.',
            argument=argument.partition(".")[0],
        )
    check_known_arguments(f"{where}, {argument}", texts, _TEXT_NAMES)
    for name, text in texts.items():
        if text is not None:
            _check_text(where, argument, name, text)
    return {name: text for name, text in texts.items() if text is not None}


def _check_text(where: str, argument: str, name: str, text: Any) -> None:
    purpose, _, part = name.partition("_")
    minimum, maximum = _MIN_LENGTHS[part], _MAX_LENGTHS[part]
    if not isinstance(text, str) or not minimum <= len(text) <= maximum:
        raise InvalidArgumentError(
            where,
            f"'{argument}.{name}' must be a text of {minimum} to {maximum:,} characters",
            got=f"{len(text):,} characters" if isinstance(text, str) else type(text).__name__,
            allowed=f"{minimum} to {maximum:,} characters",
            fix="Shorten the text, or leave it out for the default.",
            argument=argument.partition(".")[0],
        )
    character = next((item for item in text if _is_control(item)), None)
    if character is not None:
        raise InvalidArgumentError(
            where,
            f"'{argument}.{name}' contains a character that Cognito refuses",
            got=unicodedata.name(character, f"U+{ord(character):04X}"),
            allowed="letters, marks, symbols, numbers, punctuation, spaces and line breaks",
            fix="Remove control and format characters.",
            argument=argument.partition(".")[0],
        )
    placeholders = [CODE] if purpose == "verification" else [USER_NAME, CODE]
    missing = [item for item in placeholders if part != "email_subject" and item not in text]
    if missing:
        raise InvalidArgumentError(
            where,
            f"'{argument}.{name}' lacks the placeholder {' and '.join(missing)}",
            got=text[:60],
            allowed=f"a text that contains {' and '.join(placeholders)}",
            fix="Add it at the place where Cognito inserts the value.",
            argument=argument.partition(".")[0],
        )


def _is_control(character: str) -> bool:
    return unicodedata.category(character).startswith("C") and character not in "\t\n\r"


def texts_by_language(where: str, args: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Check `texts_by_language`.

    Returns:
        Language tag to texts.

    Raises:
        InvalidArgumentError: A tag is not a language tag or is there twice, or a text is not valid.
    """
    key = "texts_by_language"
    value = plain_value(where, key, args.get(key))
    if value is None:
        return {}
    tags = list(value) if isinstance(value, Mapping) else []
    invalid = [tag for tag in tags if not isinstance(tag, str) or not _LANGUAGE.fullmatch(tag)]
    if not tags or invalid:
        raise InvalidArgumentError(
            where,
            f"'{key}' must map language tags to texts",
            got=invalid[0] if invalid else value,
            allowed="tags such as de or pt-BR",
            fix="Use a language tag as the name of each object with texts, or leave it out.",
            argument=key,
        )
    if len({tag.lower() for tag in tags}) < len(tags):
        raise InvalidArgumentError(
            where,
            f"'{key}' contains the same language twice",
            got=", ".join(tags),
            allowed="each language once, in any case",
            fix="Remove one of them.",
            argument=key,
        )
    return {tag: message_texts(where, f"{key}.{tag}", texts) for tag, texts in value.items()}


def has_email_texts(texts: Mapping[str, str]) -> bool:
    """Return whether texts of emails are among the texts."""
    return any("_email_" in name for name in texts)


def packed_texts(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return texts by language with the names that the function reads, such as `verificationSmsMessage`."""
    return {
        language: {camel_case(name): text for name, text in items.items()}
        for language, items in texts.items()
    }
