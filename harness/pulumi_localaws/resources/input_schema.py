"""What a resource's inputs may look like, and the names that AWS has for them.

A shape is checked before the first call for a resource: a property that isn't in it is refused by name, never
dropped. Pulumi's numbers arrive as floats; here they become what AWS takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Kind(Enum):
    """A plain value."""

    STR = "text"
    INT = "a whole number"
    NUMBER = "a number"
    BOOL = "true or false"
    ASSET = "an asset or archive"


STR, INT, NUMBER, BOOL, ASSET = Kind.STR, Kind.INT, Kind.NUMBER, Kind.BOOL, Kind.ASSET


@dataclass(frozen=True)
class ListOf:
    """A list of equal things."""

    item: "Shape"


@dataclass(frozen=True)
class MapOf:
    """A mapping whose keys are the user's own."""

    item: "Shape" = Kind.STR


@dataclass(frozen=True)
class Obj:
    """An object with known properties.

    Attributes:
        fields: Each Pulumi name with its shape.
        aws: AWS's name where it isn't Pulumi's with a capital letter; None for a property that isn't sent as
            it stands.
    """

    fields: Mapping[str, "Shape"]
    aws: Mapping[str, str | None] = field(default_factory=dict)


Shape = Kind | ListOf | MapOf | Obj
STRS = ListOf(STR)
TAGS = MapOf(STR)


class ShapeError(Exception):
    """An input is not as it should be; the message begins with the property's path."""


def check(value: Any, shape: Shape, path: str = "") -> Any:
    """Return the value with its numbers made right and empty (null) properties left out.

    Raises:
        ShapeError: A property is unknown, or of the wrong kind.
    """
    if isinstance(shape, Obj):
        if not isinstance(value, dict):
            raise ShapeError(f"{path}: an object is expected, not {value!r}")
        for name, item in value.items():
            if name not in shape.fields and item is not None:
                allowed = ", ".join(sorted(shape.fields)) or "none"
                raise ShapeError(
                    f"{_join(path, name)} is not supported by the local deployment; supported: {allowed}"
                )
        return {
            name: check(item, shape.fields[name], _join(path, name))
            for name, item in value.items()
            if item is not None
        }
    if isinstance(shape, ListOf):
        if not isinstance(value, list):
            raise ShapeError(f"{path}: a list is expected, not {value!r}")
        return [check(item, shape.item, f"{path}[{i}]") for i, item in enumerate(value) if item is not None]
    if isinstance(shape, MapOf):
        if not isinstance(value, dict):
            raise ShapeError(f"{path}: a mapping is expected, not {value!r}")
        return {
            key: check(item, shape.item, _join(path, key)) for key, item in value.items() if item is not None
        }
    return _plain(value, shape, path)


def aws_name(name: str) -> str:
    """Return the name that AWS has for most properties: Pulumi's with a capital letter."""
    return name[0].upper() + name[1:]


def attribute_text(value: Any) -> str:
    """Return a value as AWS takes it where every attribute is text (SNS, SQS)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_aws(value: Any, shape: Shape) -> Any:
    """Return a checked value under AWS's names: ``hashKey`` is ``HashKey``, or as the shape says."""
    if isinstance(shape, Obj):
        named = ((shape.aws.get(name, aws_name(name)), name, item) for name, item in value.items())
        return {aws: to_aws(item, shape.fields[name]) for aws, name, item in named if aws is not None}
    if isinstance(shape, ListOf):
        return [to_aws(item, shape.item) for item in value]
    if isinstance(shape, MapOf):
        return {key: to_aws(item, shape.item) for key, item in value.items()}
    return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _plain(value: Any, kind: Kind, path: str) -> Any:
    if kind is Kind.ASSET:
        if not (isinstance(value, Mapping) and "sig" in value):
            raise ShapeError(f"{path}: an asset or archive is expected, not {value!r}")
        return value
    converted = _convert(value, kind)
    if converted is None:
        raise ShapeError(f"{path}: {kind.value} is expected, not {value!r}")
    return converted


def _convert(value: Any, kind: Kind) -> Any:
    """Return the value as its kind, with text as leniently as Pulumi's bridge; None if it isn't one."""
    if kind is Kind.STR:
        return _as_text(value)
    if kind is Kind.BOOL:
        known = {"true": True, "false": False, True: True, False: False}
        return known.get(value) if isinstance(value, bool | str) else None
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = None
    if number is None or (kind is Kind.INT and not number.is_integer()):
        return None
    return int(number) if number.is_integer() else number


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None
