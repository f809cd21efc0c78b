"""What the emulator's Cognito shows or accepts in another form than AWS.

These are client IDs, message templates, filters, passwords with a space, and attributes without a value.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import re
import secrets
import string
from collections.abc import Callable
from functools import partial
from typing import Any

_CLIENT_ID_LENGTH = 26
_CLIENT_ID_CHARACTERS = string.ascii_lowercase + string.digits
_TEMPLATE_FIELDS = {
    "SmsMessage": "SmsVerificationMessage",
    "EmailMessage": "EmailVerificationMessage",
    "EmailSubject": "EmailVerificationSubject",
}
"""The fields of VerificationMessageTemplate, and the pool's fields with the same text."""
_OPTIONAL_SETTINGS = (
    *_TEMPLATE_FIELDS.values(),
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "AccountRecoverySetting",
)
_USER_STATUS_FILTER = re.compile(r'\s*"?cognito:user_status"?\s*(\^?=)\s*"(.*)"\s*')


def apply_cognito_forms() -> None:
    """Give app clients, pools and filters the form that they have on AWS."""
    from ministack.services import cognito  # noqa: PLC0415 - loaded before ministack

    describe_pool = cognito._pool_out  # noqa: SLF001 - the emulator's version is pinned
    filter_users = cognito._apply_user_filter  # noqa: SLF001 - as above
    find_errors = cognito._password_policy_errors  # noqa: SLF001 - as above
    cognito._password_policy_errors = partial(find_policy_errors, find_errors)  # noqa: SLF001 - as above
    cognito._attr_list_to_dict = read_attributes  # noqa: SLF001 - as above
    cognito._client_id = generate_client_id  # noqa: SLF001 - as above
    cognito._pool_out = lambda pool: complete_pool(describe_pool(pool))  # noqa: SLF001 - as above
    cognito._apply_user_filter = lambda users, expression: (  # noqa: SLF001 - as above
        filter_by_status(users, expression)
        if _USER_STATUS_FILTER.fullmatch(expression)
        else filter_users(users, expression)
    )


def find_policy_errors(
    find_errors: Callable[..., list[str]], pool: dict[str, Any], password: str
) -> list[str]:
    """Return the violations of a pool's password policy; a space counts as a symbol.

    Source: developer guide, "Adding user pool password requirements".

    Args:
        find_errors: The emulator's function, which counts a space as nothing.
        pool: The pool.
        password: The new password.
    """
    return find_errors(pool, password.replace(" ", "_"))


def read_attributes(attributes: list[dict[str, Any]]) -> dict[str, str]:
    """Return the values of attributes by name; `Value` is optional (API reference, AttributeType)."""
    return {entry["Name"]: entry.get("Value") or "" for entry in attributes if "Name" in entry}


def generate_client_id() -> str:
    """Return an ID of lower-case letters and digits."""
    return "".join(secrets.choice(_CLIENT_ID_CHARACTERS) for _ in range(_CLIENT_ID_LENGTH))


def complete_pool(pool: dict[str, Any]) -> dict[str, Any]:
    """Return a pool's description with the same texts in the message template and in the pool.

    The texts of the template win (seen in terraform-provider-aws#2423). Settings without a
    value are left out.
    """
    template = {"DefaultEmailOption": "CONFIRM_WITH_CODE", **(pool.get("VerificationMessageTemplate") or {})}
    texts = {}
    for template_field, pool_field in _TEMPLATE_FIELDS.items():
        text = template.get(template_field) or pool.get(pool_field)
        if text:
            template[template_field] = texts[pool_field] = text
    schema = [_drop_other_limits(attribute) for attribute in pool.get("SchemaAttributes", [])]
    pool = {**pool, **texts, "VerificationMessageTemplate": template, "SchemaAttributes": schema}
    return {key: value for key, value in pool.items() if value or key not in _OPTIONAL_SETTINGS}


def _drop_other_limits(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute without the limits of another data type."""
    own_limits = f"{attribute.get('AttributeDataType')}AttributeConstraints"
    return {k: v for k, v in attribute.items() if not k.endswith("AttributeConstraints") or k == own_limits}


def filter_by_status(users: list[dict[str, Any]], expression: str) -> list[dict[str, Any]]:
    """Return the users with a status, in any case (API reference of ListUsers)."""
    match = _USER_STATUS_FILTER.fullmatch(expression)
    if match is None:
        return users
    operator, status = match[1], match[2].casefold()
    statuses = [str(user.get("UserStatus") or "").casefold() for user in users]
    return [
        user
        for user, user_status in zip(users, statuses, strict=True)
        if user_status == status or (operator == "^=" and user_status.startswith(status))
    ]
