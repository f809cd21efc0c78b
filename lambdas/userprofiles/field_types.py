"""Shared field types: schemas that templates use by name, as in `{"fieldType": "text", "maxLength": 200}`.

The types are in `templates/field_types.json`. A type can use other types. Keywords beside `fieldType` replace
those of the type.
"""

import json
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

FILE_NAME = "field_types"

# JSON Schema Validation, draft 7. Other names have no effect in it, so they are mistakes such as `maxLenght`.
KEYWORDS = frozenset(
    {
        "$comment", "$defs", "$id", "$ref", "$schema", "additionalItems", "additionalProperties", "allOf",
        "anyOf", "const", "contains", "contentEncoding", "contentMediaType", "default", "definitions",
        "dependencies", "description", "else", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum",
        "format", "if", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
        "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties",
        "properties", "propertyNames", "readOnly", "required", "then", "title", "type", "uniqueItems",
        "writeOnly",
    }
)  # fmt: skip
OWN_KEYWORD_PREFIX = "x-"
"""Beginning of keywords that a team adds for its own programs. Their values are data."""

# Keywords whose value is data, and keywords whose value maps names to schemas.
DATA = frozenset({"default", "enum", "const", "examples"})
SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependencies"})


@cache
def load() -> Mapping[str, Any]:
    """Return the schema of each type, as the file has it."""
    types: Mapping[str, Any] = json.loads(
        pkgutil.get_data("userprofiles", f"templates/{FILE_NAME}.json") or b""
    )
    return types


def expand(schema: Any, path: str, report: Callable[[str], None]) -> Any:
    """Return a copy of a schema in which each `fieldType` is replaced with the keywords of that type.

    Args:
        schema: A schema, on any level.
        path: Its location, for problems.
        report: Is called with each unknown type. Such a `fieldType` is left out.
    """
    if isinstance(schema, list):
        return [expand(member, f"{path}[{number}]", report) for number, member in enumerate(schema)]
    if not isinstance(schema, Mapping):
        return schema
    own_keywords = {
        keyword: _expand_value(keyword, value, f"{path}.{keyword}", report)
        for keyword, value in schema.items()
        if keyword != "fieldType"
    }
    if "fieldType" not in schema:
        return own_keywords
    name = schema["fieldType"]
    if not isinstance(name, str) or name not in load():
        report(f"{path}.fieldType is {name!r}; allowed: {', '.join(load())}")
        return own_keywords
    return {**expand(load()[name], path, report), **own_keywords}


def expand_fields(fields: Any, path: str, report: Callable[[str], None]) -> Any:
    """Return a copy of an object that maps names to schemas, each expanded."""
    if not isinstance(fields, Mapping):
        return fields
    return {name: expand(schema, f"{path}.{name}", report) for name, schema in fields.items()}


def _expand_value(keyword: str, value: Any, path: str, report: Callable[[str], None]) -> Any:
    if keyword in DATA:
        return value
    return (expand_fields if keyword in SCHEMAS_BY_NAME else expand)(value, path, report)
