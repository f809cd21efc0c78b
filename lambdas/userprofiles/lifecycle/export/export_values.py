"""Values of DynamoDB items as JSON, without loss.

Fields of account and profile are plain JSON. A value that JSON doesn't have is an object with the single name
`@dynamodb`, which contains DynamoDB's typed JSON: `{"@dynamodb": {"SS": ["a", "b"]}}`.

A number is a JSON number only if every JSON parser keeps its value: whole numbers up to 2^53, and decimal
numbers that a 64-bit float keeps and that are written without an exponent. Most parsers read numbers as
64-bit floats (RFC 8259, section 6), but DynamoDB stores 38 digits.

Items are DynamoDB's typed JSON as its low-level API has it: numbers are texts, binary values are Base64
(Amazon DynamoDB Developer Guide, "DynamoDB low-level API").
"""

import base64
import binascii
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from userprofiles.table.attribute_value import (
    AttributeValue,
    AttributeValueError,
    deserialize,
    serialize,
)

TYPED = "@dynamodb"
_LARGEST_WHOLE_NUMBER = 2**53


class ExportValueError(ValueError):
    """A value in a bundle can't be read. The message names the type or rule, never the value."""


def encode(value: Any) -> Any:
    """Return the JSON of a value of an item, as `deserialize` returns it."""
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= _LARGEST_WHOLE_NUMBER:
            return value
        case Decimal() if _is_kept_by_float(value):
            return float(value)
        case list():
            return [encode(member) for member in value]
        case Mapping() if set(value) != {TYPED}:
            return {name: encode(member) for name, member in value.items()}
    return {TYPED: encode_typed(serialize(value))}


def _is_kept_by_float(number: Decimal) -> bool:
    text = repr(float(number))
    return "e" not in text and Decimal(text) == number


def decode(value: Any) -> Any:
    """Return the value of an item from its JSON.

    Raises:
        ExportValueError: The typed JSON in it is not valid.
    """
    match value:
        case float():
            return Decimal(repr(value))
        case list():
            return [decode(member) for member in value]
        case dict() if set(value) == {TYPED}:
            return _deserialize(decode_typed(value[TYPED]))
        case dict():
            return {name: decode(member) for name, member in value.items()}
    return value


def encode_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of the fields of an account or profile."""
    return {name: encode(value) for name, value in fields.items()}


def decode_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an account or profile from their JSON.

    Raises:
        ExportValueError: DynamoDB can't store a value.
    """
    decoded = {name: decode(value) for name, value in fields.items()}
    for value in decoded.values():
        _check_storable(value)
    return decoded


def encode_typed(attribute: Mapping[str, Any]) -> AttributeValue:
    """Return a value in typed JSON with Base64 for bytes and sorted sets, which DynamoDB doesn't order."""
    ((type_name, value),) = attribute.items()
    match type_name:
        case "B":
            return {"B": _encode_bytes(value)}
        case "BS":
            return {"BS": sorted(map(_encode_bytes, value))}
        case "SS" | "NS":
            return {type_name: sorted(value)}
        case "L":
            return {"L": [encode_typed(member) for member in value]}
        case "M":
            return {"M": {name: encode_typed(member) for name, member in value.items()}}
    return {type_name: value}


def decode_typed(attribute: Any) -> AttributeValue:
    """Return a value in typed JSON with bytes for Base64.

    Raises:
        ExportValueError: It is not a value in typed JSON.
    """
    if not isinstance(attribute, dict) or len(attribute) != 1:
        raise ExportValueError("a value in typed JSON must be an object with one type")
    ((type_name, value),) = attribute.items()
    match type_name, value:
        case "B", str():
            return {"B": _decode_bytes(value)}
        case "BS", list():
            return {"BS": [_decode_bytes(member) for member in value]}
        case "L", list():
            return {"L": [decode_typed(member) for member in value]}
        case "M", dict():
            return {"M": {name: decode_typed(member) for name, member in value.items()}}
        case ("S" | "N", str()) | ("BOOL", bool()) | ("NULL", True) | ("SS" | "NS", list()):
            return {type_name: value}
    raise ExportValueError(
        "a value in typed JSON must have one of DynamoDB's types, with a value of this type"
    )


def encode_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, AttributeValue]:
    """Return an item in typed JSON with Base64 for bytes."""
    return {name: encode_typed(attribute) for name, attribute in item.items()}


def decode_item(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Return an item in typed JSON, as botocore expects it.

    Raises:
        ExportValueError: A value is not valid typed JSON, or DynamoDB can't store it.
    """
    decoded = {name: decode_typed(attribute) for name, attribute in item.items()}
    for attribute in decoded.values():
        _check_storable(_deserialize(attribute))
    return decoded


def _check_storable(value: Any) -> None:
    try:
        serialize(value)
    except AttributeValueError as error:
        raise ExportValueError(str(error)) from None


def _deserialize(attribute: AttributeValue) -> Any:
    try:
        return deserialize(attribute)
    except (AttributeValueError, ArithmeticError, TypeError, ValueError):
        raise ExportValueError("a value in typed JSON has a number or set that is not valid") from None


def _encode_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decode_bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ExportValueError("a binary value must be Base64") from None
