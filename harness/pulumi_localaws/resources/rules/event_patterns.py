"""Checks the structure of event patterns, which EventBridge rules and Lambda's filters share.

Sources: EventBridge user guide, "Event pattern syntax"; Lambda developer guide, "Control which events Lambda
sends to your function".
"""

from collections.abc import Mapping
from typing import Any

from pulumi_localaws.resources.document_checks import read_json_object


def find_pattern_problem(text: str) -> str | None:
    """Return what is wrong with the structure of a pattern, or None; the operators are not checked."""
    try:
        pattern = read_json_object(text)
    except ValueError as error:
        return str(error)
    return _find_field_problem(pattern, "")


def _find_field_problem(fields: Mapping[str, Any], path: str) -> str | None:
    for name, value in fields.items():
        field_path = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value:
            problem = _find_field_problem(value, field_path)
        elif isinstance(value, list) and value:
            problem = None
        else:
            problem = f"{field_path} is {value!r}; allowed: a list of one or more values, or an object"
        if problem:
            return problem
    return None
