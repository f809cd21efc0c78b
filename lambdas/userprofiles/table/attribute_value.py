"""Plain Python values to DynamoDB's typed JSON and back, without boto3.

boto3 brings this as `boto3.dynamodb.types`, but importing boto3 costs a cold start about 180 ms, and a
trigger has five seconds in all. The results are the same as boto3's (the tests compare), with two
differences that a record needs:
a `float` is accepted (by its shortest decimal form), and a whole number comes back as `int` rather than
`Decimal`.
"""

from collections.abc import Mapping, Sequence
from decimal import Clamped, Context, Decimal, DecimalException, Inexact, Overflow, Rounded, Underflow
from typing import Any

# DynamoDB keeps 38 significant digits between 1E-130 and 9.99E+125 and refuses what it would have to round:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBERS = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])

# "DynamoDB supports nested attributes up to 32 levels deep" (the same page).
_DEEPEST = 32

AttributeValue = dict[str, Any]


class AttributeValueError(ValueError):
    """A value that DynamoDB can't hold. The message names the type or rule, never the value itself."""


def _number(value: float | Decimal) -> str:
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        exact = _NUMBERS.create_decimal(number)
    except DecimalException:
        raise AttributeValueError(
            "DynamoDB keeps numbers of at most 38 digits, between 1E-130 and 9.99E+125; this one is not.",
        ) from None
    if not exact.is_finite():
        raise AttributeValueError("Infinity and NaN are not numbers to DynamoDB.")
    return str(exact)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise AttributeValueError(
            "A text holds half of a surrogate pair, which UTF-8 can't express."
        ) from None
    return value


def _set(value: set[Any] | frozenset[Any]) -> AttributeValue:
    if not value:
        raise AttributeValueError("DynamoDB has no empty sets: leave the attribute out instead.")
    members = [serialize(member) for member in value]
    kinds = {kind for member in members for kind in member}
    if len(kinds) > 1 or not kinds <= {"S", "N", "B"}:
        raise AttributeValueError("A set holds only texts, only numbers or only bytes.")
    kind = kinds.pop()
    return {f"{kind}S": [member[kind] for member in members]}


def _container(value: Any, depth: int) -> AttributeValue:
    if depth >= _DEEPEST:
        raise AttributeValueError(f"Values are nested deeper than the {_DEEPEST} levels that DynamoDB takes.")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise AttributeValueError("The names in a map have to be texts.")
        return {"M": {_text(name): serialize(member, depth + 1) for name, member in value.items()}}
    return {"L": [serialize(member, depth + 1) for member in value]}


def serialize(value: Any, depth: int = 0) -> AttributeValue:  # noqa: PLR0911  (one return for each type)
    """Turn a Python value into DynamoDB's typed JSON.

    Args:
        value: None, bool, int, float, Decimal, str, bytes, set, list, tuple or a mapping of these.
        depth: How many containers this value already stands in.

    Returns:
        For instance `{"S": "en"}`.

    Raises:
        AttributeValueError: DynamoDB has no such value.
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
        f"DynamoDB can't hold a value of type {type(value).__name__}: "
        "use None, bool, int, float, Decimal, str, bytes, a set, a list or a dict.",
    )


def _number_back(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def deserialize(attribute: Mapping[str, Any]) -> Any:  # noqa: PLR0911  (one return for each type)
    """Turn DynamoDB's typed JSON into a Python value: whole numbers as int, others as Decimal.

    Raises:
        AttributeValueError: It isn't one type and one value.
    """
    if len(attribute) != 1:
        raise AttributeValueError(f"A DynamoDB value has exactly one type, this one has {len(attribute)}.")
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S" | "B":
            return value
        case "N":
            return _number_back(value)
        case "L":
            return [deserialize(member) for member in value]
        case "M":
            return {name: deserialize(member) for name, member in value.items()}
        case "SS" | "BS":
            return set(value)
        case "NS":
            return {_number_back(member) for member in value}
    raise AttributeValueError(
        f"DynamoDB has no type {kind!r}; there are NULL, BOOL, N, S, B, L, M, SS, NS and BS.",
    )


def serialize_item(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Turn a whole item, name by name, into DynamoDB's typed JSON."""
    return {name: serialize(value) for name, value in item.items()}


def deserialize_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Turn a whole item of DynamoDB's typed JSON into a plain dict."""
    return {name: deserialize(value) for name, value in item.items()}


def _size(attribute: Mapping[str, Any]) -> int:  # noqa: PLR0911  (one return for each type)
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL" | "BOOL":
            return 1
        case "N":
            return len(value) // 2 + 2  # about a byte for two digits, one for sign and exponent
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "L":
            return 3 + sum(1 + _size(member) for member in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(member) for name, member in value.items())
    return sum(len(member) for member in _members(value))


def _members(value: Sequence[Any]) -> list[bytes]:
    return [member.encode() if isinstance(member, str) else member for member in value]


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Count the bytes of an item in typed JSON, as DynamoDB does for its limit of 400 KB.

    The rules are those of "DynamoDB item sizes and formats" in the developer guide; numbers are rounded up.
    """
    return sum(len(name.encode()) + _size(value) for name, value in item.items())
