"""Check a call's parameters against Cognito's API model: required, types, lengths, ranges, patterns, values.

The model is the one of botocore, which AWS publishes. The texts are those of AWS, seen in
amazon-cognito-identity-js#388 (several errors, and a sensitive value that is not shown) and aws-cdk#14699
(the path of a list's element).
"""

import re
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from pulumi_localaws.gateway.wire.errors import AwsError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_PATTERNS = {"PasswordType": r"^[\S]+.*[\S]+$"}
"""The patterns that are not those of the model: a password can contain spaces, but not at its ends (developer
guide, "Adding user pool password requirements"; the pattern: seen in cds-snc/platform-forms-client#5635)."""
_JAVA_CLASSES = {
    # Python has no classes of Unicode categories. Code points that Unicode does not assign count as letters.
    r"\p{L}\p{M}\p{S}\p{N}\p{P}": "!-~\u00a1-\u00ac\u00ae-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e"
    "\u2070-\u2fff\u3001-\ud7ff\uf900-\U0010ffff",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


def check_request(action: str, parameters: Any) -> None:
    """Reject a call whose parameters do not fit Cognito's API model; an unknown action has no model.

    A parameter that is null counts as absent, and an unknown parameter is ignored.

    Raises:
        AwsError: SerializationException for a value of another type, otherwise InvalidParameterException with
            all violations.
    """
    if not isinstance(parameters, dict):
        # The text is not documented.
        raise AwsError("SerializationException", "The request body must be a JSON object.")
    model = _load_model()
    if action not in model.operation_names:
        return
    shape = model.operation_model(action).input_shape
    violations = [] if shape is None else _check_structure(shape, parameters, "")
    if violations:
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected"
        raise AwsError("InvalidParameterException", f"{count}: {'; '.join(violations)}")


@cache
def _load_model() -> ServiceModel:
    # A session of botocore would load four times as much.
    return ServiceModel(Loader().load_service_model("cognito-idp", "service-2"), "cognito-idp")


@cache
def _constraints(shape_name: str) -> dict[str, Any]:
    """Return a shape's description; botocore's shapes leave out the pattern of some of them."""
    constraints = dict(_load_model()._service_description["shapes"][shape_name])  # noqa: SLF001 - see above
    if shape_name in _PATTERNS:
        constraints["pattern"] = _PATTERNS[shape_name]
    return constraints


def _check_structure(shape: Any, value: dict[str, Any], path: str) -> list[str]:
    violations = []
    for name, member in shape.members.items():
        member_path = f"{path}.{_lower_first(name)}" if path else _lower_first(name)
        if value.get(name) is not None:
            violations += _check_value(member, value[name], member_path)
        elif name in shape.required_members:
            violations.append(_violation(None, member_path, "Member must not be null"))
    return violations


def _check_value(shape: Shape, value: Any, path: str) -> list[str]:
    _check_type(shape, value, path)
    if shape.type_name == "structure":
        return _check_structure(shape, value, path)
    violations = _check_constraints(shape, value, path)
    if shape.type_name == "list":
        for number, element in enumerate(value, 1):
            violations += _check_value(shape.member, element, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, element in value.items():
            if element is not None:
                _check_type(shape.value, element, f"{path}.{key}")
    return violations


def _check_type(shape: Shape, value: Any, path: str) -> None:
    types = _TYPES.get(shape.type_name)
    is_number_as_boolean = isinstance(value, bool) and shape.type_name in {"integer", "long"}
    if types is not None and (not isinstance(value, types) or is_number_as_boolean):
        # The text is not documented.
        text = f"The value at '{path}' must be a JSON {shape.type_name}."
        raise AwsError("SerializationException", text)


def _check_constraints(shape: Shape, value: Any, path: str) -> list[str]:
    constraints = _constraints(shape.name)
    is_number = shape.type_name in {"integer", "long"}
    size, subject = (
        (value, "value") if is_number else (len(value) if hasattr(value, "__len__") else 0, "length")
    )
    texts = []
    if size < constraints.get("min", size):
        texts.append(f"Member must have {subject} greater than or equal to {constraints['min']}")
    if size > constraints.get("max", size):
        texts.append(f"Member must have {subject} less than or equal to {constraints['max']}")
    pattern = constraints.get("pattern")
    if pattern and isinstance(value, str) and not _compile_pattern(pattern).fullmatch(value):
        texts.append(f"Member must satisfy regular expression pattern: {pattern}")
    allowed_values = constraints.get("enum")
    if allowed_values and value not in allowed_values:
        texts.append(f"Member must satisfy enum value set: [{', '.join(allowed_values)}]")
    shown_value = "" if constraints.get("sensitive") else value
    return [_violation(shown_value, path, text) for text in texts]


@cache
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    for java_class, characters in _JAVA_CLASSES.items():
        pattern = pattern.replace(java_class, characters)
    return re.compile(pattern, re.ASCII)


def _violation(value: Any, path: str, text: str) -> str:
    shown_value = " null" if value is None else f" '{value}'" if value != "" else ""
    return f"Value{shown_value} at '{path}' failed to satisfy constraint: {text}"


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]
