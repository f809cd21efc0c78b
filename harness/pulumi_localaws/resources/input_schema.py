"""Schemas of a resource's inputs: the properties, their types, and their names in AWS's API.

Inputs are validated before the first call for a resource. A property that the schema does not have is
rejected with an error that names it; it is never ignored. Pulumi sends every number as a float: validation
converts it to the type that AWS accepts.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pulumi_localaws.resources.unknown_values import UNKNOWN


class ValueType(Enum):
    """The type of a single value; the enum's value is its name in messages."""

    STR = "a string"
    INT = "a whole number"
    NUMBER = "a number"
    BOOL = "true or false"
    ASSET = "an asset or archive"
    DOCUMENT = "a JSON text or an object"


STR = ValueType.STR
INT = ValueType.INT
NUMBER = ValueType.NUMBER
BOOL = ValueType.BOOL
ASSET = ValueType.ASSET
DOCUMENT = ValueType.DOCUMENT
"""A policy that pulumi_aws accepts as a JSON text and as an object; an object becomes a JSON text."""


@dataclass(frozen=True)
class ListOf:
    """A list of items with one schema."""

    item: "InputSchema"


@dataclass(frozen=True)
class MapOf:
    """A mapping with free keys and values of one schema."""

    item: "InputSchema" = ValueType.STR


@dataclass(frozen=True)
class ObjectOf:
    """An object with a fixed set of properties.

    Attributes:
        fields: The schema of each property, by its Pulumi name.
        aws_names: The AWS names of the properties whose AWS name is not the Pulumi name with a capital first
            letter. None: `to_aws` omits the property.
    """

    fields: Mapping[str, "InputSchema"]
    aws_names: Mapping[str, str | None] = field(default_factory=dict)


InputSchema = ValueType | ListOf | MapOf | ObjectOf
STR_LIST = ListOf(STR)
TAGS = MapOf(STR)


class InputError(Exception):
    """Inputs do not match their schema; each of the problems begins with the property's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(". ".join(problems))
        self.problems = problems


def validate(value: Any, schema: InputSchema) -> Any:
    """Return the value without null properties, and with each number and text in the type of its schema.

    Raises:
        InputError: The schema does not have a property, or a value has the wrong type.
    """
    problems: list[str] = []
    validated = _validate(value, schema, "", problems)
    if problems:
        raise InputError(problems)
    return validated


def _validate(value: Any, schema: InputSchema, path: str, problems: list[str]) -> Any:
    """Validate a value at a path, and append its problems to the list."""
    if value == UNKNOWN:
        return value
    if isinstance(schema, ListOf):
        if isinstance(value, list):
            items = ((f"{path}[{index}]", item) for index, item in enumerate(value) if item is not None)
            return [_validate(item, schema.item, item_path, problems) for item_path, item in items]
        problems.append(f"{path} must be a list, not {value!r}")
        return None
    if not isinstance(schema, ObjectOf | MapOf):
        return _validate_single_value(value, schema, path, problems)
    if not isinstance(value, dict):
        kind = "an object" if isinstance(schema, ObjectOf) else "a mapping"
        problems.append(f"{path} must be {kind}, not {value!r}")
        return None
    validated = {}
    for name, item in value.items():
        item_schema = schema.item if isinstance(schema, MapOf) else schema.fields.get(name)
        if item is not None and item_schema is not None:
            validated[name] = _validate(item, item_schema, _join(path, name), problems)
        elif item is not None and isinstance(schema, ObjectOf):
            supported = ", ".join(sorted(schema.fields)) or "none"
            problems.append(
                f"{_join(path, name)} is not supported by the local deployment. Supported: {supported}"
            )
    return validated


def to_aws_name(name: str) -> str:
    """Return the AWS name of most properties: the Pulumi name with a capital first letter."""
    return name[0].upper() + name[1:]


def format_attribute(value: Any) -> str:
    """Return a value as text, for the services whose attributes are all text (SNS, SQS)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_aws(value: Any, schema: InputSchema) -> Any:
    """Return a validated value with the names that its properties have in AWS's API."""
    if isinstance(schema, ObjectOf):
        renamed = (
            (schema.aws_names.get(name, to_aws_name(name)), to_aws(item, schema.fields[name]))
            for name, item in value.items()
        )
        return {aws_name: item for aws_name, item in renamed if aws_name is not None}
    if isinstance(schema, ListOf):
        return [to_aws(item, schema.item) for item in value]
    if isinstance(schema, MapOf):
        return {key: to_aws(item, schema.item) for key, item in value.items()}
    return value


def find_input_path(aws_path: Sequence[str | int], value: Any, schema: ObjectOf, inputs: Any) -> str | None:
    """Return the path of the input that an AWS parameter comes from, or None if it cannot be determined.

    Args:
        aws_path: The parameter's path in AWS's API.
        value: The parameter's value, or the key of a map.
        schema: The schema of the inputs.
        inputs: The inputs.
    """
    for start in range(len(aws_path)):
        path = _find_path_by_name(aws_path[start:], value, schema, inputs)
        if path is not None:
            return path
    paths = [path for path, item in _list_values(inputs, "") if type(item) is type(value) and item == value]
    return paths[0] if len(paths) == 1 else None


def _find_path_by_name(
    aws_path: Sequence[str | int], value: Any, schema: InputSchema, item: Any, path: str = ""
) -> str | None:
    """Follow a path of AWS names through the inputs; return the Pulumi path if it leads to the value."""
    if not aws_path:
        return path if item == value else None
    step, rest = aws_path[0], aws_path[1:]
    if isinstance(schema, ObjectOf) and isinstance(item, Mapping):
        for name in item:
            aws_name = schema.aws_names.get(name)
            if name in schema.fields and step in (aws_name, name, to_aws_name(name)):
                return _find_path_by_name(rest, value, schema.fields[name], item[name], _join(path, name))
    if isinstance(schema, ListOf) and isinstance(item, list) and isinstance(step, int) and step < len(item):
        return _find_path_by_name(rest, value, schema.item, item[step], f"{path}[{step}]")
    if isinstance(schema, MapOf) and isinstance(item, Mapping) and step in item:
        if not rest and value == step:
            return _join(path, str(step))
        return _find_path_by_name(rest, value, schema.item, item[step], _join(path, str(step)))
    return None


def _list_values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each single value with its path."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _list_values(item, _join(path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _list_values(item, f"{path}[{index}]")
    else:
        yield path, value


def list_values(value: Any) -> list[Any]:
    """Return all single values at any depth."""
    return [item for _, item in _list_values(value, "")]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _validate_single_value(value: Any, value_type: ValueType, path: str, problems: list[str]) -> Any:
    if value_type is ASSET:
        converted = value if isinstance(value, Mapping) and "sig" in value else None
    else:
        converted = _convert(value, value_type)
    if converted is None:
        hint = ". Use json.dumps" if value_type is STR and isinstance(value, dict | list) else ""
        problems.append(f"{path} must be {value_type.value}, not {value!r}{hint}")
    return converted


def _convert(value: Any, value_type: ValueType) -> Any:
    """Convert a value to its type; return None if that is not possible.

    Like Pulumi's bridge for Terraform providers, accepts a number or a boolean that is given as text.
    """
    if value_type is DOCUMENT and isinstance(value, dict):
        return json.dumps(value)
    if value_type in {STR, DOCUMENT}:
        return _convert_to_text(value)
    if value_type is BOOL:
        booleans = {"true": True, "false": False, True: True, False: False}
        return booleans.get(value) if isinstance(value, bool | str) else None
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = None
    if number is None or (value_type is INT and not number.is_integer()):
        return None
    return int(number) if number.is_integer() else number


def _convert_to_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None
