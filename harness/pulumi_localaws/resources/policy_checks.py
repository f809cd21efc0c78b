"""Checks IAM policies as AWS does when it saves them. All problems of a policy are reported at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_localaws.resources.document_checks import read_json_object
from pulumi_localaws.resources.policy_rules import (
    GRAMMAR_PAGE,
    IAM_KINDS,
    SID_PAGE,
    STATEMENT_RULES,
    PolicyKind,
    find_unknown,
)

VERSIONS = ("2012-10-17", "2008-10-17")
_DOCUMENT_ELEMENTS = ("Id", "Statement", "Version")


def check_trust_policy(text: str) -> None:
    """Check a role's trust policy, which allows principals an ``sts:`` action and has no resource.

    Raises:
        ValueError: The document is one for which AWS returns MalformedPolicyDocument.
    """
    _check(text, PolicyKind.TRUST)


def check_identity_policy(text: str) -> None:
    """Check a policy of a role or user, which allows actions on resources and has no principal.

    Raises:
        ValueError: The document is one for which AWS returns MalformedPolicyDocument.
    """
    _check(text, PolicyKind.IDENTITY)


def check_bucket_policy(text: str) -> None:
    """Check the policy of a bucket, which has principals and resources.

    Raises:
        ValueError: The document is one that AWS rejects.
    """
    _check(text, PolicyKind.BUCKET)


def check_resource_policy(text: str) -> None:
    """Check the policy of a queue, topic or secret. It has principals; its statements can omit the resource.

    Raises:
        ValueError: The document is one that AWS rejects.
    """
    _check(text, PolicyKind.RESOURCE)


def check_key_policy(text: str) -> None:
    """Check the policy of a KMS key. KMS accepts a statement without actions or resources.

    Raises:
        ValueError: The document is one that AWS rejects.
    """
    _check(text, PolicyKind.KEY)


def _check(text: str, kind: PolicyKind) -> None:
    problems = list(_find_problems(read_json_object(text, unique_keys=True), kind))
    if problems:
        raise ValueError(". ".join(problems))


def _find_problems(document: Mapping[str, Any], kind: PolicyKind) -> Iterator[str]:
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        problem = f"Version is {document['Version']!r}; allowed: {', '.join(VERSIONS)}"
        yield _add_source(problem, GRAMMAR_PAGE)
    for problem in find_unknown(document, _DOCUMENT_ELEMENTS, "policy"):
        yield _add_source(problem, GRAMMAR_PAGE)
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        yield _add_source("Statement is missing or empty. Add at least one statement", GRAMMAR_PAGE)
        return
    sids: set[str] = set()
    for index, statement in enumerate(statements):
        path = f"Statement[{index}]: "
        if not isinstance(statement, dict):
            yield _add_source(f"{path}the statement must be a JSON object", GRAMMAR_PAGE)
            continue
        for rule in (rule for rule in STATEMENT_RULES if kind in rule.kinds):
            for problem in rule.find(statement):
                yield _add_source(path + problem, rule.source)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid and kind in IAM_KINDS:
            if sid in sids:
                yield _add_source(f"{path}Sid is {sid!r}, as in another statement. Rename it", SID_PAGE)
            sids.add(sid)


def _add_source(problem: str, source: str) -> str:
    return f"{problem} (Source: {source})"
