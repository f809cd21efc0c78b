"""Evaluate a function's resource policy: may an AWS service invoke the function? Makes no calls."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any


def allows(policy: Mapping[str, Any], *, principal: str, resource: str, context: Mapping[str, str]) -> bool:
    """Return whether a resource policy allows a service principal to invoke a function.

    Args:
        policy: The policy document, as Lambda's GetPolicy returns it.
        principal: The service, such as ``cognito-idp.amazonaws.com``.
        resource: The function's ARN, with the qualifier of the call if there is one. A statement without the
            qualifier does not cover a call through an alias (Lambda developer guide, "Using aliases").
        context: The condition keys of the call, in lower case: ``aws:sourcearn``, ``aws:sourceaccount``.

    Returns:
        Whether a statement allows the call and none denies it. A condition with an unknown operator or key
        counts as not met, so the result is never more permissive than AWS.
    """
    effects = {
        statement.get("Effect")
        for statement in as_list(policy.get("Statement"))
        if isinstance(statement, dict)
        and _names_principal(statement.get("Principal"), principal)
        and any(
            _matches_wildcards(a.lower(), "lambda:invokefunction") for a in as_list(statement.get("Action"))
        )
        and any(arn_like(r, resource) for r in as_list(statement.get("Resource")))
        and _are_conditions_met(statement.get("Condition") or {}, context)
    }
    return "Allow" in effects and "Deny" not in effects


def arn_like(pattern: str, arn: str) -> bool:
    """Match an ARN as ArnLike does: part by part, with ``*`` and ``?``; the last part may contain colons."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    if len(patterns) != len(parts):
        return pattern == "*"
    return all(_matches_wildcards(p, part) for p, part in zip(patterns, parts, strict=True))


def as_list(value: Any) -> list[Any]:
    """Return a value that IAM allows to be single or a list as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _matches_wildcards(pattern: str, value: str) -> bool:
    # IAM supports only * and ?: a bracket in a name must not start a character class.
    return re.match(fnmatch.translate(pattern.replace("[", "[[]")), value) is not None


def _names_principal(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(p in {service, "*"} for p in as_list(principal.get("Service"))) or "*" in as_list(
        principal.get("AWS")
    )


def _are_conditions_met(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    return all(
        _is_condition_met(operator, context.get(key.lower()), [str(v) for v in as_list(expected)])
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _is_condition_met(operator: str, actual: str | None, expected: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if actual is None:
        return name != operator
    if "Not" in name:
        compare = _OPERATORS.get(name.replace("Not", ""))
        return compare is not None and not any(compare(e, actual) for e in expected)
    compare = _OPERATORS.get(name)
    return compare is not None and any(compare(e, actual) for e in expected)


# ArnLike and ArnEquals behave alike (IAM user guide, "ARN condition operators").
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, actual: expected == actual,
    "StringEqualsIgnoreCase": lambda expected, actual: expected.lower() == actual.lower(),
    "StringLike": _matches_wildcards,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}
