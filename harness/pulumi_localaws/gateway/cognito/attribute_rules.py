"""Checks of user attributes: write, read and immutable attributes, and the format of a phone number."""

import re
from collections.abc import Collection, Mapping

from pulumi_localaws.gateway.cognito.pool_models import PHONE, AppClient, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError

DEFAULT_WRITE_ATTRIBUTES = frozenset({
    "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
    "nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website",
    "zoneinfo",
})  # fmt: skip
"""The write attributes of a client without WriteAttributes: no custom attribute and no ``*_verified``."""

DEFAULT_READ_ATTRIBUTES = DEFAULT_WRITE_ATTRIBUTES | {"email_verified", "phone_number_verified"}
"""The read attributes of a client without ReadAttributes (API reference of CreateUserPoolClient): no custom
attribute."""

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def check_write_attributes(client: AppClient, names: Collection[str]) -> None:
    """Reject attributes outside a client's write attributes, and ``*_verified`` from any client.

    Raises:
        AwsError: NotAuthorizedException with AWS's text, which names no attribute.
    """
    write_attributes = client.write_attributes or DEFAULT_WRITE_ATTRIBUTES
    for name in names:
        # The emulator rejects the sub from any client, with a text of its own.
        if name == "sub":
            continue
        if name not in write_attributes or name in {"email_verified", "phone_number_verified"}:
            raise AwsError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def is_readable(client: AppClient, name: str) -> bool:
    """Return whether a client may read an attribute; the sub is in every response."""
    return name == "sub" or name in (client.read_attributes or DEFAULT_READ_ATTRIBUTES)


def check_mutable(pool: UserPool, names: Collection[str]) -> None:
    """Reject a change of an attribute that is immutable in the pool's schema, for every caller.

    Raises:
        AwsError: InvalidParameterException that names the attribute.
    """
    for name in names:
        if name == "sub":
            raise AwsError("InvalidParameterException", "Cannot modify the non-mutable attribute sub")
        if name in pool.immutable_attributes:
            raise AwsError("InvalidParameterException", f"user.{name}: Attribute cannot be updated.")


def check_phone_format(attributes: Mapping[str, str], user_name: str = "") -> None:
    """Reject a phone number, or a user name that begins like one, that is not in E.164 format.

    Raises:
        AwsError: InvalidParameterException.
    """
    numbers = [number for number in (attributes.get(PHONE),) if number]
    if user_name.startswith("+") and "@" not in user_name:
        numbers.append(user_name)
    if not all(_E164.fullmatch(number) for number in numbers):
        raise AwsError("InvalidParameterException", "Invalid phone number format.")
