"""Does a function's resource policy let an AWS service invoke it? Pure: documents in, a yes or no out."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any


def allows(policy: Mapping[str, Any], *, principal: str, resource: str, context: Mapping[str, str]) -> bool:
    """Tell whether a resource policy lets a service principal invoke a function.

    Args:
        policy: The policy document, as Lambda's GetPolicy returns it.
        principal: The service, such as ``cognito-idp.amazonaws.com``.
        resource: The function's ARN as it is called, with its qualifier if it has one. A statement without
            the qualifier does not cover a call through an alias (Lambda developer guide, "Using aliases").
        context: The condition keys of the call, in lower case: ``aws:sourcearn``, ``aws:sourceaccount``.

    Returns:
        Whether a statement allows it and none denies it. A condition whose operator or key is unknown here
        is not met: it may close a door that AWS holds open, never the other way.
    """
    effects = {
        statement.get("Effect")
        for statement in as_list(policy.get("Statement"))
        if isinstance(statement, dict)
        and _names_principal(statement.get("Principal"), principal)
        and any(_like(a.lower(), "lambda:invokefunction") for a in as_list(statement.get("Action")))
        and any(arn_like(r, resource) for r in as_list(statement.get("Resource")))
        and _conditions_met(statement.get("Condition") or {}, context)
    }
    return "Allow" in effects and "Deny" not in effects


def arn_like(pattern: str, arn: str) -> bool:
    """Match an ARN as ArnLike does: part by part, with ``*`` and ``?``; the last part may hold colons."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    if len(patterns) != len(parts):
        return pattern == "*"
    return all(_like(p, part) for p, part in zip(patterns, parts, strict=True))


def as_list(value: Any) -> list[Any]:
    """Return IAM's "one or many" as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _like(pattern: str, value: str) -> bool:
    # IAM knows only * and ?; a bracket in a name must not become a set of characters.
    return re.match(fnmatch.translate(pattern.replace("[", "[[]")), value) is not None


def _names_principal(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(p in {service, "*"} for p in as_list(principal.get("Service"))) or "*" in as_list(
        principal.get("AWS")
    )


def _conditions_met(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    return all(
        _condition_met(operator, context.get(key.lower()), [str(v) for v in as_list(expected)])
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _condition_met(operator: str, actual: str | None, expected: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if actual is None:
        return name != operator
    if "Not" in name:
        positive = _POSITIVE.get(name.replace("Not", ""))
        return positive is not None and not any(positive(e, actual) for e in expected)
    test = _POSITIVE.get(name)
    return test is not None and any(test(e, actual) for e in expected)


# ArnLike and ArnEquals behave alike (IAM user guide, "ARN condition operators").
_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, actual: expected == actual,
    "StringEqualsIgnoreCase": lambda expected, actual: expected.lower() == actual.lower(),
    "StringLike": _like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}
