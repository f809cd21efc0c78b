"""Checks the fields of the objects in a state machine: which ones are allowed, and their values.

The data is in states_language.json: the fields of each object, as in the specification of the Amazon States
Language and the Step Functions Developer Guide. An object's fields can depend on the query language.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = json.loads((Path(__file__).parent / "states_language.json").read_text())
_FIELDS, _OBJECTS = _DATA["fields"], _DATA["objects"]
_COMPARISONS = frozenset(_DATA["comparisons"])
_FUNCTIONS = frozenset(_DATA["intrinsic_functions"])
_LANGUAGES = ("JSONPath", "JSONata")
_BOOLEAN_OPERATORS = ("And", "Not", "Or")
_TEMPLATES = ("Assign", "BatchInput", "Credentials", "ItemSelector", "Parameters", "ResultSelector")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_QUOTED_TEXT = re.compile(r"'(?:\\.|[^'\\])*'")

STATE_TYPES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")


def find_field_problems(kind: str, item: Any, language: str, path: str) -> Iterator[str]:
    """Yield the problems with the fields of an object.

    Args:
        kind: The kind of the object: a type of state, or ``Retrier``, ``Catcher``, ...
        item: The object.
        language: The query language, ``JSONPath`` or ``JSONata``.
        path: The object's path.
    """
    if not isinstance(item, Mapping):
        yield f"{path} must be an object"
        return
    rules = _OBJECTS[kind]
    allowed = [*rules.get("required", []), *rules["optional"], *rules.get(language, [])]
    for name in sorted(set(item) - set(allowed)) if not rules.get("other_fields") else ():
        yield _describe_unknown(kind, name, language, path, allowed)
    for name in rules.get("required", []):
        if name not in item:
            yield f"{path}.{name} is missing"
    for name in (name for name in item if name in allowed):
        yield from _find_value_problems(name, item[name], language, f"{path}.{name}")
    yield from _find_group_problems(rules, item, path)
    if language == "JSONPath":
        for name in (name for name in _TEMPLATES if name in item):
            yield from _find_template_problems(item[name], f"{path}.{name}")


def find_error_list_problems(state: Mapping[str, Any], language: str, path: str) -> Iterator[str]:
    """Yield the problems with the fields ``Retry`` and ``Catch`` of a state."""
    for field, kind in (("Retry", "Retrier"), ("Catch", "Catcher")):
        items = state.get(field, [])
        if not isinstance(items, list):
            continue  # reported as a wrong type
        for index, item in enumerate(items):
            item_path = f"{path}.{field}[{index}]"
            yield from find_field_problems(kind, item, language, item_path)
            errors = item.get("ErrorEquals") if isinstance(item, Mapping) else None
            if errors is None:
                continue
            if not isinstance(errors, list) or not errors or not all(isinstance(e, str) for e in errors):
                yield f"{item_path}.ErrorEquals must be a list with at least one error name"
            elif "States.ALL" in errors and (len(errors) > 1 or index < len(items) - 1):
                yield f"{item_path}.ErrorEquals contains States.ALL, which must be alone and in the last item"


def find_choice_problems(rule: Any, language: str, path: str, *, is_nested: bool = False) -> Iterator[str]:
    """Yield the problems with a rule of a Choice state."""
    if not isinstance(rule, Mapping):
        yield f"{path} must be an object"
        return
    if is_nested == ("Next" in rule):
        yield f"{path}.Next must not be set in a nested rule" if is_nested else f"{path}.Next is missing"
    if language == "JSONata":
        yield from _find_unknown_in_rule(rule, {"Condition", "Output"}, path)
        if not _is_expression(rule.get("Condition")) and not isinstance(rule.get("Condition"), bool):
            yield f"{path}.Condition is {rule.get('Condition')!r}; it must be an expression: {{% ... %}}"
        return
    yield from _find_unknown_in_rule(rule, {*_COMPARISONS, *_BOOLEAN_OPERATORS, "Variable"}, path)
    operators = sorted(set(rule) & {*_COMPARISONS, *_BOOLEAN_OPERATORS})
    if len(operators) != 1:
        yield f"{path} has {len(operators)} operators ({', '.join(operators)}); allowed: exactly one"
        return
    operator, value = operators[0], rule[operators[0]]
    if operator == "Not":
        yield from find_choice_problems(value, language, f"{path}.Not", is_nested=True)
    elif operator in _BOOLEAN_OPERATORS:
        if not isinstance(value, list) or not value:
            yield f"{path}.{operator} must be a list with at least one rule"
        for index, nested in enumerate(value if isinstance(value, list) else []):
            yield from find_choice_problems(nested, language, f"{path}.{operator}[{index}]", is_nested=True)
    else:
        yield from _find_comparison_problems(operator, rule, path)


def _find_comparison_problems(operator: str, rule: Mapping[str, Any], path: str) -> Iterator[str]:
    variable = rule.get("Variable")
    if not isinstance(variable, str) or not variable.startswith("$"):
        yield f"{path}.Variable is {variable!r}; it must be a path that begins with $"
    value = rule[operator]
    if operator.endswith("Path"):
        is_valid, kind = _is_path(value), "a path that begins with $"
    elif operator.startswith(("Boolean", "Is")):
        is_valid, kind = isinstance(value, bool), "true or false"
    elif operator.startswith("Numeric"):
        is_valid, kind = _is_number(value), "a number"
    else:
        is_valid, kind = isinstance(value, str), "a string"
    if not is_valid:
        yield f"{path}.{operator} is {value!r}; it must be {kind}"


def _find_unknown_in_rule(rule: Mapping[str, Any], names: set[str], path: str) -> Iterator[str]:
    unknown = sorted(set(rule) - names - {"Assign", "Comment", "Next"})
    if unknown:
        yield f"{path} has the unknown field {', '.join(unknown)}; allowed: {', '.join(sorted(names))}"


def _describe_unknown(kind: str, name: str, language: str, path: str, allowed: Sequence[str]) -> str:
    other = _LANGUAGES[language == _LANGUAGES[0]]
    if name in _OBJECTS[kind].get(other, []):
        return f"{path}.{name} is allowed only with the query language {other}; this one is {language}"
    return f"{path}.{name} is not a field of {kind}; allowed: {', '.join(sorted(allowed))}"


def _find_group_problems(rules: Mapping[str, Any], item: Mapping[str, Any], path: str) -> Iterator[str]:
    for group in rules.get("at_most_one", []):
        names = [name for name in group if name in item]
        if len(names) > 1:
            yield f"{path} has {' and '.join(names)}. Set only one of them"
    for group in rules.get("exactly_one", []):
        # "End": false is the same as no End.
        names = [name for name in group if name in item and (name != "End" or item[name] is not False)]
        if len(names) != 1:
            yield f"{path} must have exactly one of {', '.join(group)}"


def _find_value_problems(name: str, value: Any, language: str, path: str) -> Iterator[str]:
    rule = _FIELDS[name]
    if value is None and rule.get("nullable"):
        return
    if language == "JSONata" and rule.get("expression") and _is_expression(value):
        return
    allowed = _describe_type(rule, value)
    if allowed is None and "enum" in rule and value not in rule["enum"]:
        allowed = f"one of {', '.join(rule['enum'])}"
    if allowed is None and len(str(value)) > rule.get("maximum_length", len(str(value))):
        allowed = f"at most {rule['maximum_length']} characters long"
    if allowed is None and _is_number(value):
        minimum, maximum = rule.get("minimum", value), rule.get("maximum", value)
        if not minimum <= value <= maximum:
            allowed = f"at least {minimum}" if "maximum" not in rule else f"{minimum} to {maximum}"
    if allowed is not None:
        yield f"{path} is {value!r}; it must be {allowed}"


def _describe_type(rule: Mapping[str, Any], value: Any) -> str | None:
    """Return the type that a field must have, or None if the value has it."""
    checks = {
        "arn": (isinstance(value, str) and value.startswith("arn:"), "an ARN"),
        "boolean": (isinstance(value, bool), "true or false"),
        "integer": (_is_number(value) and float(value).is_integer(), "a whole number"),
        "list": (isinstance(value, list), "a list"),
        "number": (_is_number(value), "a number"),
        "object": (isinstance(value, Mapping), "an object"),
        "path": (_is_path(value), "a path that begins with $, or an intrinsic function"),
        "reference": (
            isinstance(value, str) and bool(re.match(r"\$($|\.|\[)", value)),
            "a reference path that begins with $. and is not a variable",
        ),
        "text": (isinstance(value, str), "a string"),
        "timestamp": (isinstance(value, str) and bool(_TIMESTAMP.fullmatch(value)), "an RFC 3339 timestamp"),
    }
    is_valid, text = checks[rule["type"]] if "type" in rule else (True, "")
    return None if is_valid else text


def _find_template_problems(value: Any, path: str) -> Iterator[str]:
    """Yield the problems of the keys that end with ``.$``, and of their paths and intrinsic functions."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _find_template_problems(item, f"{path}[{index}]")
    for name, item in value.items() if isinstance(value, Mapping) else ():
        if not name.endswith(".$"):
            yield from _find_template_problems(item, f"{path}.{name}")
        elif not _is_path(item):
            yield f"{path}.{name} is {item!r}; it must be a path that begins with $, or an intrinsic function"
        else:
            unknown = sorted(set(_list_functions(item)) - _FUNCTIONS)
            if unknown:
                names = ", ".join(f"States.{function}" for function in sorted(_FUNCTIONS))
                yield f"{path}.{name} has the unknown function States.{unknown[0]}; allowed: {names}"


def _list_functions(text: str) -> list[str]:
    return re.findall(r"\bStates\.(\w+)\s*\(", _QUOTED_TEXT.sub("''", text))


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("$", "States."))


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
