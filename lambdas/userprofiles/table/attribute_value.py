"""Conversion between Python values and DynamoDB's typed JSON, without boto3.

boto3 has `boto3.dynamodb.types`, but its import adds about 180 ms to a cold start, and a trigger has five
seconds in total. The results are the same as boto3's (the tests compare them), with two differences:

* a `float` is accepted and stored in its shortest decimal form
* a whole number is returned as `int` instead of `Decimal`
"""

from collections.abc import Mapping, Sequence
from decimal import Clamped, Context, Decimal, DecimalException, Inexact, Overflow, Subnormal
from typing import Any

# DynamoDB stores 0 and, positive or negative, numbers of 38 significant digits from 1E-130 to 9.99...E+125:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
# Trailing zeros are not significant, so only an inexact result is an error, not a rounded one.
_NUMBERS = Context(Emin=-130, Emax=125, prec=38, traps=[Clamped, Overflow, Inexact, Subnormal])

# "DynamoDB supports nested attributes up to 32 levels deep" (the same page).
_MAX_DEPTH = 32

AttributeValue = dict[str, Any]


class AttributeValueError(ValueError):
    """DynamoDB can't store a value. The message names the type or rule, never the value."""


def _number(value: float | Decimal) -> str:
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        exact = _NUMBERS.create_decimal(number)
    except DecimalException:
        raise AttributeValueError(
            "A number must have at most 38 significant digits, and be 0 or from 1E-130 to "
            f"{'9.' + '9' * 37}E+125, positive or negative.",
        ) from None
    if not exact.is_finite():
        raise AttributeValueError("DynamoDB can't store Infinity or NaN.")
    return str(exact)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise AttributeValueError(
            "A text contains an unpaired surrogate, which UTF-8 can't encode."
        ) from None
    return value


def _set(value: set[Any] | frozenset[Any]) -> AttributeValue:
    if not value:
        raise AttributeValueError("DynamoDB can't store an empty set: omit the attribute instead.")
    members = [serialize(member) for member in value]
    types = {name for member in members for name in member}
    if len(types) > 1 or not types <= {"S", "N", "B"}:
        raise AttributeValueError("The members of a set must be all texts, all numbers or all bytes.")
    type_name = types.pop()
    return {f"{type_name}S": [member[type_name] for member in members]}


def _container(value: Any, depth: int) -> AttributeValue:
    if depth >= _MAX_DEPTH:
        raise AttributeValueError(f"Values are nested deeper than {_MAX_DEPTH} levels, DynamoDB's limit.")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise AttributeValueError("The names in a map must be texts.")
        return {"M": {_text(name): serialize(member, depth + 1) for name, member in value.items()}}
    return {"L": [serialize(member, depth + 1) for member in value]}


def serialize(value: Any, depth: int = 0) -> AttributeValue:  # noqa: PLR0911  (one return for each type)
    """Convert a Python value to DynamoDB's typed JSON.

    Args:
        value: None, bool, int, float, Decimal, str, bytes, set, list, tuple or a mapping of these.
        depth: The number of containers around this value.

    Returns:
        For example `{"S": "en"}`.

    Raises:
        AttributeValueError: DynamoDB can't store the value.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": _number(value)}
        case str():
            return {"S": _text(value)}
        case bytes() | bytearray():
            return {"B": bytes(value)}
        case set() | frozenset():
            return _set(value)
        case Mapping() | list() | tuple():
            return _container(value, depth)
    raise AttributeValueError(
        f"DynamoDB can't store a value of type {type(value).__name__}: "
        "use None, bool, int, float, Decimal, str, bytes, a set, a list or a dict.",
    )


def _parse_number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def deserialize(attribute: Mapping[str, Any]) -> Any:  # noqa: PLR0911  (one return for each type)
    """Convert DynamoDB's typed JSON to a Python value: whole numbers to int, others to Decimal.

    Raises:
        AttributeValueError: The JSON isn't one value of one known type.
    """
    if len(attribute) != 1:
        raise AttributeValueError(f"A DynamoDB value must have exactly one type, not {len(attribute)}.")
    ((type_name, value),) = attribute.items()
    match type_name:
        case "NULL":
            return None
        case "BOOL" | "S" | "B":
            return value
        case "N":
            return _parse_number(value)
        case "L":
            return [deserialize(member) for member in value]
        case "M":
            return {name: deserialize(member) for name, member in value.items()}
        case "SS" | "BS":
            return set(value)
        case "NS":
            return {_parse_number(member) for member in value}
    raise AttributeValueError(
        f"Unknown DynamoDB type {type_name!r}; allowed: NULL, BOOL, N, S, B, L, M, SS, NS and BS.",
    )


def serialize_item(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Convert an item to DynamoDB's typed JSON."""
    return {name: serialize(value) for name, value in item.items()}


def deserialize_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Convert an item in DynamoDB's typed JSON to a plain dict."""
    return {name: deserialize(value) for name, value in item.items()}


def _size(attribute: Mapping[str, Any]) -> int:  # noqa: PLR0911  (one return for each type)
    ((type_name, value),) = attribute.items()
    match type_name:
        case "NULL" | "BOOL":
            return 1
        case "N":
            return len(value) // 2 + 2  # about one byte for two digits, and one for sign and exponent
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "L":
            return 3 + sum(1 + _size(member) for member in value)
        case "M":
            return 3 + len(value) + item_size(value)
    return sum(len(member) for member in _member_bytes(value))


def _member_bytes(value: Sequence[Any]) -> list[bytes]:
    return [member.encode() if isinstance(member, str) else member for member in value]


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item in typed JSON, as DynamoDB counts them for its limit of 400 KB.

    The rules come from "DynamoDB item sizes and formats" in the developer guide. Numbers are rounded up.
    """
    size = 0
    for name, value in item.items():
        text = value.get("S")  # most values, so that a backfill of millions of items is faster
        size += len(name.encode()) + (_size(value) if text is None else len(text.encode()))
    return size
