"""Checks inputs that hold JSON documents. Policies are checked as AWS does when they are saved.

The emulator accepts any document. An error message has no full stop at its end: the caller adds it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+)$")
_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
}  # fmt: skip
_PRINCIPAL_TYPES = {"AWS", "Service", "Federated", "CanonicalUser"}


def check_trust_policy(text: str) -> None:
    """Check a role's trust policy, which allows principals an ``sts:`` action and has no resource.

    Raises:
        ValueError: The document is one for which AWS returns MalformedPolicyDocument.
    """
    for path, statement in _read_statements(text):
        _check_principal(path, statement)
        if "Resource" in statement or "NotResource" in statement:
            raise ValueError(f"{path}: a trust policy must not have Resource or NotResource. Remove it")
        for action in _to_text_list(statement.get("Action", [])):
            if not action.startswith("sts:"):
                raise ValueError(
                    f"{path}: Action {action!r} is not allowed in a trust policy. Use an action of STS,"
                    " such as sts:AssumeRole"
                )


def check_identity_policy(text: str) -> None:
    """Check a policy of a role or user, which allows actions on resources and has no principal.

    Raises:
        ValueError: The document is one for which AWS returns MalformedPolicyDocument.
    """
    for path, statement in _read_statements(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise ValueError(
                f"{path}: a policy of a role or user must not have Principal or NotPrincipal. Remove it"
            )
        _check_resource(path, statement)


def check_resource_policy(text: str) -> None:
    """Check the policy of a queue, topic, bucket or key, which has principals and resources.

    Raises:
        ValueError: The document is one that AWS rejects.
    """
    for path, statement in _read_statements(text):
        _check_principal(path, statement)
        _check_resource(path, statement)


def build_property_check(name: str, check: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    """Return a check of one input that holds a document."""

    def run(inputs: dict[str, Any]) -> None:
        if inputs.get(name):
            try:
                check(inputs[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error

    return run


def check_json_object(text: str) -> None:
    """Check that a text is a JSON object.

    Raises:
        ValueError: It is not.
    """
    _read_json_object(text)


def _read_json_object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"the text is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the document must be a JSON object")  # noqa: TRY004 callers handle one type of error
    return document


def _read_statements(text: str) -> list[tuple[str, dict[str, Any]]]:
    document = _read_json_object(text)
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise ValueError(f"Version is {document['Version']!r}; allowed: {', '.join(VERSIONS)}")
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise ValueError("Statement is missing or empty. Add at least one statement")
    statements_by_path = [(f"Statement[{index}]", statement) for index, statement in enumerate(statements)]
    for path, statement in statements_by_path:
        _check_statement(path, statement)
    return statements_by_path


def _check_statement(path: str, statement: Any) -> None:
    if not isinstance(statement, dict) or not isinstance(statement.get("Condition", {}), dict):
        raise ValueError(f"{path}: the statement and its Condition must be JSON objects")  # noqa: TRY004 as above
    if unknown := set(statement) - _ELEMENTS:
        raise ValueError(
            f"{path}: {', '.join(sorted(unknown))} is not an element of a policy; allowed:"
            f" {', '.join(sorted(_ELEMENTS))}"
        )
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError(f"{path}: Effect is {statement.get('Effect')!r}; allowed: Allow, Deny")
    actions = _to_text_list(statement.get("Action", statement.get("NotAction")))
    if not actions:
        raise ValueError(f"{path}: Action is missing. Set Action or NotAction")
    for action in actions:
        if not _ACTION.match(action):
            raise ValueError(f"{path}: Action {action!r} must have the form <service>:<name>")


def _check_principal(path: str, statement: dict[str, Any]) -> None:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise ValueError(f"{path}: Principal is missing. Set Principal or NotPrincipal")
    if unknown := set(principal) - _PRINCIPAL_TYPES:
        raise ValueError(
            f"{path}: Principal has the unknown type {', '.join(sorted(unknown))}; allowed:"
            f" {', '.join(sorted(_PRINCIPAL_TYPES))}"
        )
    for service in _to_text_list(principal.get("Service", [])):
        if "." not in service:
            raise ValueError(f"{path}: the service {service!r} must have the form <service>.amazonaws.com")


def _check_resource(path: str, statement: dict[str, Any]) -> None:
    resources = _to_text_list(statement.get("Resource", statement.get("NotResource")))
    if not resources:
        raise ValueError(f"{path}: Resource is missing. Set Resource or NotResource")
    for name in resources:
        if name != "*" and not name.startswith("arn:"):
            raise ValueError(f"{path}: Resource {name!r} must be an ARN or *")


def _to_text_list(value: Any) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return []
    return items
