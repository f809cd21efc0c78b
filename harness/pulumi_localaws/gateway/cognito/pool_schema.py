"""Schemas of user pools that Cognito rejects, in CreateUserPool and AddCustomAttributes.

Texts were seen in terraform-provider-aws#18430 and #23181, amplify-cli#9960 and
serverless-cognito-add-custom-attributes#3. Those of wrong limits are the texts of getmoto/moto's tests.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import UserPool
from pulumi_localaws.gateway.wire.errors import AwsError

STANDARD_DATA_TYPES = {
    **dict.fromkeys(
        (
            "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name",
            "name", "nickname", "phone_number", "picture", "preferred_username", "profile", "sub", "website",
            "zoneinfo",
        ),
        "String",
    ),
    "updated_at": "Number",
    "email_verified": "Boolean",
    "phone_number_verified": "Boolean",
}  # fmt: skip
"""The data type of each standard attribute (developer guide, "Working with user attributes")."""

_LIMITS = {
    "String": ("StringAttributeConstraints", "MinLength", "MaxLength", "length"),
    "Number": ("NumberAttributeConstraints", "MinValue", "MaxValue", "value"),
}
_MAX_STRING_LENGTH = 2048


def check_new_pool(parameters: dict[str, Any]) -> None:
    """Check the schema and the sign-in attributes in CreateUserPool.

    Raises:
        AwsError: InvalidParameterException.
    """
    if parameters.get("AliasAttributes") and parameters.get("UsernameAttributes"):
        # Developer guide, "Customizing sign-in attributes"; the text is not verified.
        raise _invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
    for attribute in parameters.get("Schema") or ():
        name = str(attribute.get("Name"))
        if name in STANDARD_DATA_TYPES:
            _check_standard_attribute(name, attribute)
        else:
            _check_custom_attribute(attribute)


def check_custom_attributes(pool: UserPool, attributes: list[dict[str, Any]]) -> None:
    """Check the new attributes in AddCustomAttributes.

    Raises:
        AwsError: InvalidParameterException.
    """
    existing_names = {str(attribute.get("Name")) for attribute in pool.schema}
    for attribute in attributes:
        name = _check_custom_attribute(attribute)
        if name in existing_names:
            raise _invalid(f"{name}: Existing attribute already has name {name}.")
        existing_names.add(name)


def parse_limits(attribute: dict[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return the minimum and the maximum of an attribute: lengths of a string, values of a number.

    Raises:
        AwsError: InvalidParameterException for a limit that is not a number, or a length below 0.
    """
    keys = _LIMITS.get(str(attribute.get("AttributeDataType") or "String"))
    if keys is None:
        return None, None
    constraints_key, minimum_key, maximum_key, _ = keys
    constraints = attribute.get(constraints_key) or {}
    return (
        _parse_limit(constraints.get(minimum_key), constraints_key, attribute),
        _parse_limit(constraints.get(maximum_key), constraints_key, attribute),
    )


def _parse_limit(text: Any, constraints_key: str, attribute: dict[str, Any]) -> Decimal | None:
    if text is None or text == "":
        return None
    try:
        limit = Decimal(str(text))
    except InvalidOperation:
        limit = Decimal("NaN")
    is_length = constraints_key == "StringAttributeConstraints"
    if not limit.is_finite() or (is_length and (limit < 0 or limit % 1)):
        raise _invalid(f"Invalid {constraints_key} for schema attribute {attribute.get('Name')}")
    return limit


def _check_standard_attribute(name: str, attribute: dict[str, Any]) -> None:
    data_type = attribute.get("AttributeDataType") or STANDARD_DATA_TYPES[name]
    if data_type != STANDARD_DATA_TYPES[name] or attribute.get("DeveloperOnlyAttribute"):
        raise _invalid(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute"
            f" {name}"
        )
    _check_limits({**attribute, "AttributeDataType": data_type})


def _check_custom_attribute(attribute: dict[str, Any]) -> str:
    """Check a custom attribute and return its name in the pool."""
    # The emulator keeps a prefix that the name already has.
    bare_name = str(attribute.get("Name")).removeprefix("custom:").removeprefix("dev:")
    name = f"{'dev' if attribute.get('DeveloperOnlyAttribute') else 'custom'}:{bare_name}"
    if not attribute.get("AttributeDataType"):
        raise _invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
    if attribute.get("Required"):
        raise _invalid("Required custom attributes are not supported currently.")
    _check_limits({**attribute, "Name": name})
    return name


def _check_limits(attribute: dict[str, Any]) -> None:
    minimum, maximum = parse_limits(attribute)
    is_string = attribute["AttributeDataType"] == "String"
    limits = [limit for limit in (minimum, maximum) if limit is not None]
    if is_string and any(limit > _MAX_STRING_LENGTH for limit in limits):
        raise _invalid(f"user.{attribute['Name']}: String attributes cannot have a length of more than 2048")
    if minimum is not None and maximum is not None and minimum > maximum:
        size = "length" if is_string else "value"
        raise _invalid(f"user.{attribute['Name']}: Max {size} cannot be less than min {size}.")


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterException", text)
