"""Checks policy documents as AWS does when they are put: the emulator takes whatever it gets."""

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
_PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}


def check_trust_policy(text: str) -> None:
    """Check a role's trust policy: who may assume it, by which ``sts:`` action; no resource.

    Raises:
        ValueError: AWS would answer MalformedPolicyDocument.
    """
    for where, statement in _statements(text):
        _principal(where, statement)
        if "Resource" in statement or "NotResource" in statement:
            raise ValueError(f"{where}: a trust policy has no Resource")
        for action in _texts(statement.get("Action", [])):
            if not action.startswith("sts:"):
                raise ValueError(
                    f"{where}: {action!r} is no action of STS; a trust policy allows sts:AssumeRole"
                    " and its like"
                )


def check_identity_policy(text: str) -> None:
    """Check a policy of a role or user: actions on resources, no principal.

    Raises:
        ValueError: AWS would answer MalformedPolicyDocument.
    """
    for where, statement in _statements(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise ValueError(f"{where}: a policy of a role or user has no Principal")
        _resource(where, statement)


def check_resource_policy(text: str) -> None:
    """Check the policy of a queue, topic, bucket or key: who may do what.

    Raises:
        ValueError: AWS would refuse the document.
    """
    for where, statement in _statements(text):
        _principal(where, statement)
        _resource(where, statement)


def policy_check(prop: str, check: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    """Return a check of one input that holds a policy document."""

    def run(args: dict[str, Any]) -> None:
        if args.get(prop):
            try:
                check(args[prop])
            except ValueError as error:
                raise ValueError(f"{prop}: {error}") from error

    return run


def check_json(text: str) -> None:
    """Check that a text is a JSON object.

    Raises:
        ValueError: It isn't.
    """
    _document(text)


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("a JSON object is expected")  # noqa: TRY004 all of these are one kind of error to the caller
    return document


def _statements(text: str) -> list[tuple[str, dict[str, Any]]]:
    document = _document(text)
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise ValueError(f"Version is {document['Version']!r}; allowed: {', '.join(VERSIONS)}")
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise ValueError("Statement is missing or empty")
    found = [(f"Statement[{index}]", statement) for index, statement in enumerate(statements)]
    for where, statement in found:
        _check_statement(where, statement)
    return found


def _check_statement(where: str, statement: Any) -> None:
    if not isinstance(statement, dict) or not isinstance(statement.get("Condition", {}), dict):
        raise ValueError(f"{where}: it and its Condition have to be objects")  # noqa: TRY004 as above
    if unknown := set(statement) - _ELEMENTS:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is not an element of a policy")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError(f"{where}: Effect is {statement.get('Effect')!r}; allowed: Allow, Deny")
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    if not actions:
        raise ValueError(f"{where}: Action is missing")
    for action in actions:
        if not _ACTION.match(action):
            raise ValueError(f"{where}: {action!r} is not an action; <service>:<name> is expected")


def _principal(where: str, statement: dict[str, Any]) -> None:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise ValueError(f"{where}: Principal is missing")
    if unknown := set(principal) - _PRINCIPALS:
        allowed = ", ".join(sorted(_PRINCIPALS))
        raise ValueError(f"{where}: Principal has no {', '.join(sorted(unknown))}; allowed: {allowed}")
    for service in _texts(principal.get("Service", [])):
        if "." not in service:
            raise ValueError(f"{where}: {service!r} is not a service; <service>.amazonaws.com is expected")


def _resource(where: str, statement: dict[str, Any]) -> None:
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    if not resources:
        raise ValueError(f"{where}: Resource is missing")
    for name in resources:
        if name != "*" and not name.startswith("arn:"):
            raise ValueError(f"{where}: {name!r} is not a resource; an ARN or * is expected")


def _texts(value: Any) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return []
    return items
