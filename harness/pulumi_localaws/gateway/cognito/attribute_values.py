"""Check the values of user attributes against the pool's schema, and the forms of e-mail and user name.

Texts were seen in amplify-flutter#509 (attribute not in the schema), amplify-flutter#2034 (length),
amazon-cognito-identity-dart-2#89 (required), aws-sdk-java#1396 and moto#4487 (update), amplify-js#5313
(e-mail) and amplify-js#8800 (user name). The texts for numbers and booleans are not verified.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, UserPool
from pulumi_localaws.gateway.cognito.pool_schema import parse_limits
from pulumi_localaws.gateway.wire.errors import AwsError

_EMAIL_FORMAT = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE_FORMAT = re.compile(r"\+[1-9][0-9]{1,14}")


def check_new_values(pool: UserPool, attributes: Mapping[str, str], *, needs_required: bool) -> None:
    """Check the attributes of a new user.

    Args:
        pool: The pool.
        attributes: The attributes of the call, with the address that is the user name.
        needs_required: Whether a required attribute must have a value. An administrator may leave it out: the
            user then sets it together with the first password (API reference of AdminCreateUser).

    Raises:
        AwsError: InvalidParameterException with all violations.
    """
    schema = {str(attribute["Name"]): attribute for attribute in pool.schema}
    violations = [
        f"{name}: {text}"
        for name, value in attributes.items()
        for text in _find_violations(schema, name, value)
    ]
    if needs_required:
        violations += [
            f"{name}: The attribute is required"
            for name, attribute in schema.items()
            if attribute.get("Required") and name != "sub" and not attributes.get(name)
        ]
    _raise_violations("Attributes did not conform to the schema: ", violations)


def check_changed_values(pool: UserPool, attributes: Mapping[str, str]) -> None:
    """Check the attributes of an update; a blank value deletes an attribute.

    Raises:
        AwsError: InvalidParameterException with all violations.
    """
    check_names(pool, attributes)
    schema = {str(attribute["Name"]): attribute for attribute in pool.schema}
    violations = [
        f"{name}: {text}"
        for name, value in attributes.items()
        if value
        for text in _find_violations(schema, name, value)
    ]
    _raise_violations("Invalid user attributes: ", violations)


def check_names(pool: UserPool, names: Collection[str]) -> None:
    """Reject attributes that the schema does not have, in an update or a deletion.

    Raises:
        AwsError: InvalidParameterException with all violations.
    """
    schema_names = {str(attribute["Name"]) for attribute in pool.schema}
    unknown_names = [name for name in names if name not in schema_names]
    violations = [f"user.{name}: Attribute does not exist in the schema." for name in unknown_names]
    _raise_violations("Invalid user attributes: ", violations)


def check_email_format(attributes: Mapping[str, str]) -> None:
    """Reject an e-mail address without a local part or a domain, or with a space.

    Raises:
        AwsError: InvalidParameterException.
    """
    email = attributes.get(EMAIL)
    if email and not _EMAIL_FORMAT.fullmatch(email):
        raise AwsError("InvalidParameterException", "Invalid email address format.")


def check_user_name_form(pool: UserPool, name: str) -> None:
    """Reject a user name with the form of an address that is an alias in the pool.

    Raises:
        AwsError: InvalidParameterException.
    """
    for alias, form, pattern in ((EMAIL, "email", _EMAIL_FORMAT), (PHONE, "phone number", _PHONE_FORMAT)):
        if alias in pool.alias_attributes and pattern.fullmatch(name):
            raise AwsError(
                "InvalidParameterException",
                f"Username cannot be of {form} format, since user pool is configured for {form} alias.",
            )


def _find_violations(schema: dict[str, dict[str, Any]], name: str, value: str) -> list[str]:
    attribute = schema.get(name)
    if attribute is None:
        return ["Attribute does not exist in the schema."]
    minimum, maximum = parse_limits(attribute)
    match attribute.get("AttributeDataType") or "String":
        case "String":
            return _find_string_violations(value, minimum, maximum)
        case "Number":
            return _find_number_violations(value, minimum, maximum)
        case "Boolean":
            return [] if value.lower() in {"true", "false"} else ["Value must be true or false"]
        case _:
            # AWS documents no format for values of the type DateTime.
            return []


def _find_string_violations(value: str, minimum: Decimal | None, maximum: Decimal | None) -> list[str]:
    if minimum is not None and len(value) < minimum:
        return [f"String must be no shorter than {minimum} characters"]
    if maximum is not None and len(value) > maximum:
        return [f"String must be no longer than {maximum} characters"]
    return []


def _find_number_violations(value: str, minimum: Decimal | None, maximum: Decimal | None) -> list[str]:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return ["Value must be a number"]
    if minimum is not None and number < minimum:
        return [f"Number must be no less than {minimum}"]
    if maximum is not None and number > maximum:
        return [f"Number must be no greater than {maximum}"]
    return []


def _raise_violations(prefix: str, violations: list[str]) -> None:
    if violations:
        text = prefix + "".join(f"{violation}\n" for violation in violations)
        raise AwsError("InvalidParameterException", text)
