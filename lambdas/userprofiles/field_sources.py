"""The sources of a field's first value: attributes in Cognito, and values of the system."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from userprofiles import phone_number

_SURROGATES = re.compile("[\ud800-\udfff]")


def read_values(
    sources: Iterable[Mapping[str, Any]], attributes: Mapping[str, str], system: Mapping[str, str]
) -> list[Any]:
    """Return the values of a field's sources, without empty ones.

    Args:
        sources: The sources as a template has them, such as `{"attribute": "email", "as": "lowerCase"}`.
        attributes: The user's attributes in Cognito.
        system: The values of `sub`, `role` and `now`.
    """
    values = (_read_value(source, attributes, system) for source in sources)
    return [value for value in values if value not in (None, "")]


def read_attribute_values(sources: Iterable[Mapping[str, Any]], attributes: Mapping[str, str]) -> list[Any]:
    """Return the values of those sources that are attributes in Cognito."""
    return read_values((source for source in sources if "system" not in source), attributes, {})


def read_system_value(name: str, system: Mapping[str, str]) -> str:
    """Return a value of the system; `uuid` is a new UUID each time."""
    return str(uuid.uuid4()) if name == "uuid" else system[name]


def _read_value(source: Mapping[str, Any], attributes: Mapping[str, str], system: Mapping[str, str]) -> Any:
    value: Any = None
    if "system" in source:
        value = read_system_value(source["system"], system)
    elif "join" in source:
        parts = [clean_text(attributes.get(name, "")) for name in source["join"]]
        value = " ".join(part for part in parts if part)
    elif source["attribute"] in attributes:
        value = _convert(clean_text(attributes[source["attribute"]]), source.get("as", "text"))
    return value


def _convert(text: str, conversion: str) -> str | bool:
    match conversion:
        case "lowerCase":
            return text.lower()
        case "localPart":
            return text.lower().partition("@")[0]
        case "boolean":
            return text.lower() == "true"
        case "callingCode":
            return phone_number.split(text)[0]
        case "nationalNumber":
            return phone_number.split(text)[1]
    return text


def clean_text(text: str) -> str:
    """Strip a text and replace each unpaired surrogate, which DynamoDB can't store, with U+FFFD."""
    return _SURROGATES.sub("\ufffd", text).strip()
