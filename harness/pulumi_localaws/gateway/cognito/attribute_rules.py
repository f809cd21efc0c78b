"""Which attributes a client may write and read, which never change, what a phone number looks like. Pure."""

import re
from collections.abc import Collection, Mapping

from pulumi_localaws.gateway.cognito.user_directory import PHONE, AppClient, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError

WRITABLE_BY_DEFAULT = frozenset({
    "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
    "nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website",
    "zoneinfo",
})  # fmt: skip
"""What a client without WriteAttributes may write: no custom attribute and no ``*_verified``."""

READABLE_BY_DEFAULT = WRITABLE_BY_DEFAULT | {"email_verified", "phone_number_verified"}
"""What a client without ReadAttributes may read (API reference of CreateUserPoolClient): no custom one."""

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def check_written_by_client(client: AppClient, names: Collection[str]) -> None:
    """Refuse attributes outside a client's write attributes, and ``*_verified`` from any client.

    Raises:
        AwsError: NotAuthorizedException with AWS's text, which names no attribute.
    """
    allowed = client.write_attributes or WRITABLE_BY_DEFAULT
    for name in names:
        # The emulator has a text of its own for the sub, which no client may name either.
        if name != "sub" and (name not in allowed or name in {"email_verified", "phone_number_verified"}):
            raise AwsError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def readable_by_client(client: AppClient, name: str) -> bool:
    """Tell whether a client may see an attribute; the sub is in every answer."""
    return name == "sub" or name in (client.read_attributes or READABLE_BY_DEFAULT)


def check_mutable(pool: UserPool, names: Collection[str]) -> None:
    """Refuse a change of an attribute that the schema has as immutable, whoever asks.

    Raises:
        AwsError: InvalidParameterException naming the attribute.
    """
    immutable = pool.immutable()
    for name in names:
        if name == "sub":
            raise AwsError("InvalidParameterException", "Cannot modify the non-mutable attribute sub")
        if name in immutable:
            raise AwsError("InvalidParameterException", f"user.{name}: Attribute cannot be updated.")


def check_phone(attributes: Mapping[str, str], username: str = "") -> None:
    """Refuse a phone number, or a user name that begins as one, that is not in E.164 form.

    Raises:
        AwsError: InvalidParameterException.
    """
    number = attributes.get(PHONE)
    if number and not _E164.fullmatch(number):
        raise AwsError("InvalidParameterException", "Invalid phone number format.")
    if username.startswith("+") and "@" not in username and not _E164.fullmatch(username):
        raise AwsError("InvalidParameterException", "Invalid phone number format.")
