"""The rules for the statements of IAM policies, with their sources.

They follow the grammar of AWS:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

Whether an action, condition key or principal exists is not checked. A list of them would be older than AWS
and reject what AWS accepts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

GRAMMAR_PAGE = "IAM: Grammar of the IAM JSON policy language"
SID_PAGE = "IAM: IAM JSON policy elements: Sid"
_CHECKS_PAGE = "IAM: Access Analyzer policy check reference"
_PRINCIPAL_PAGE = "IAM: AWS JSON policy elements: Principal"
_RESOURCE_PAGE = "IAM: IAM JSON policy elements: Resource"
_CONDITION_PAGE = "IAM: IAM JSON policy elements: Condition operators"
_TRUST_ERROR = "AWS's error, in hashicorp/terraform-provider-aws issue 32872"

_STATEMENT_ELEMENTS = (
    "Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal", "Resource",
    "Sid",
)  # fmt: skip
_PRINCIPAL_TYPES = ("AWS", "CanonicalUser", "Federated", "Service")
_OPERATORS = (
    "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "BinaryEquals", "Bool", "DateEquals",
    "DateGreaterThan", "DateGreaterThanEquals", "DateLessThan", "DateLessThanEquals", "DateNotEquals",
    "IpAddress", "NotIpAddress", "Null", "NumericEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
    "NumericLessThan", "NumericLessThanEquals", "NumericNotEquals", "StringEquals",
    "StringEqualsIgnoreCase", "StringLike", "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
)  # fmt: skip
_LOWER_OPERATORS = {operator.lower() for operator in _OPERATORS}
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[\w*?-]+", re.ASCII)
_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[^*?]+|A[A-Z0-9]{15,}")
_ARN_PARTS = 6


class PolicyKind(Enum):
    """The kinds of policies; the enum's value is the name in the documentation."""

    IDENTITY = "identity"
    TRUST = "trust"
    BUCKET = "bucket"
    RESOURCE = "queue, topic, secret"
    KEY = "KMS key"


Statement = Mapping[str, Any]
FindProblems = Callable[[Statement], Iterator[str]]
IAM_KINDS = (PolicyKind.IDENTITY, PolicyKind.TRUST)
_ALL = tuple(PolicyKind)
_WITH_PRINCIPAL = tuple(kind for kind in PolicyKind if kind is not PolicyKind.IDENTITY)
_WITH_RESOURCE = (PolicyKind.IDENTITY, PolicyKind.BUCKET)
_WITH_ACTION = tuple(kind for kind in PolicyKind if kind is not PolicyKind.KEY)


@dataclass(frozen=True)
class PolicyRule:
    """A rule for each statement of a policy.

    Attributes:
        kinds: The kinds of policies that it applies to.
        text: The rule, for the documentation.
        source: Where AWS states the rule: the title of the page in its documentation, or another source.
        find: Yields the problems of a statement, without a full stop at their end.
    """

    kinds: tuple[PolicyKind, ...]
    text: str
    source: str
    find: FindProblems


def find_unknown(element: Mapping[str, Any], allowed: tuple[str, ...], parent: str) -> Iterator[str]:
    """Yield the problem that an element of a policy has unknown elements."""
    unknown = sorted(set(element) - set(allowed))
    if unknown:
        yield f"{', '.join(unknown)} is not an element of a {parent}; allowed: {', '.join(allowed)}"


def _find_elements(statement: Statement) -> Iterator[str]:
    return find_unknown(statement, _STATEMENT_ELEMENTS, "statement")


def _find_effect(statement: Statement) -> Iterator[str]:
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect is {statement.get('Effect')!r}; allowed: Allow, Deny"


def _find_sid(statement: Statement) -> Iterator[str]:
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch("[A-Za-z0-9]*", sid):
        yield f"Sid is {sid!r}; allowed: letters A-Z and a-z, digits"


def _build_choice(name: str) -> FindProblems:
    """Return the rule that a statement has either an element or its opposite."""

    def find(statement: Statement) -> Iterator[str]:
        names = [element for element in (name, f"Not{name}") if element in statement]
        if len(names) > 1:
            yield f"{name} and Not{name} are both set. Set only one of them"
        elif not names or not _is_filled(statement[names[0]]):
            yield f"{name} is missing. Set {name} or Not{name}"

    return find


def _is_filled(value: Any) -> bool:
    """Return whether a value has at least one text; a map of principals has one for each type."""
    if isinstance(value, dict):
        return bool(value) and all(to_text_list(item) for item in value.values())
    return bool(to_text_list(value))


def _find_actions(statement: Statement) -> Iterator[str]:
    for action in _list_texts(statement, "Action"):
        if not _ACTION.fullmatch(action.strip()):
            yield f"Action {action!r} must have the form <service>:<name>"


def _find_trust_actions(statement: Statement) -> Iterator[str]:
    for action in to_text_list(statement.get("Action")):
        if not action.lower().startswith("sts:"):
            yield (
                f"Action {action!r} is not allowed in a trust policy. Use an action of STS, such as"
                " sts:AssumeRole"
            )


def _find_identity_principals(statement: Statement) -> Iterator[str]:
    if "Principal" in statement or "NotPrincipal" in statement:
        yield "a policy of a role or user must not have Principal or NotPrincipal. Remove it"


def _find_trust_not_principal(statement: Statement) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "a trust policy must not have NotPrincipal. Use Principal"


def _find_trust_resources(statement: Statement) -> Iterator[str]:
    if "Resource" in statement or "NotResource" in statement:
        yield "a trust policy must not have Resource or NotResource. Remove it"


def _find_principals(statement: Statement) -> Iterator[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, str) and principal != "*":
        yield f"Principal is {principal!r}; allowed: *, or an object with {', '.join(_PRINCIPAL_TYPES)}"
    if not isinstance(principal, dict):
        return
    if unknown := sorted(set(principal) - set(_PRINCIPAL_TYPES)):
        yield (f"Principal has the unknown type {', '.join(unknown)}; allowed: {', '.join(_PRINCIPAL_TYPES)}")
    for service in to_text_list(principal.get("Service")):
        if "." not in service and service != "*":
            yield f"the service {service!r} must have the form <service>.amazonaws.com"


def _find_aws_principals(statement: Statement) -> Iterator[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    for name in to_text_list(principal.get("AWS")) if isinstance(principal, dict) else ():
        if not _AWS_PRINCIPAL.fullmatch(name):
            yield (
                f"the AWS principal {name!r} must be an account ID, the ARN of one principal without"
                " wildcards, or *"
            )


def _find_resources(statement: Statement) -> Iterator[str]:
    for name in (text.strip() for text in _list_texts(statement, "Resource")):
        is_short = "*" not in name and len(name.split(":")) < _ARN_PARTS
        if name != "*" and (not name.startswith("arn:") or is_short):
            yield (
                f"Resource {name!r} must be an ARN or *. An ARN has the form"
                " arn:partition:service:region:account:resource"
            )


def _find_conditions(statement: Statement) -> Iterator[str]:
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict):
        yield "Condition must be a JSON object"
        return
    for operator, keys in conditions.items():
        base = re.sub("^(forallvalues|foranyvalue):", "", operator.lower())
        if base not in _LOWER_OPERATORS and (
            base == "nullifexists" or base.removesuffix("ifexists") not in _LOWER_OPERATORS
        ):
            yield (
                f"Condition has the unknown operator {operator!r}; allowed: {', '.join(_OPERATORS)}, with the"
                " prefix ForAllValues: or ForAnyValue:, and, except for Null, the suffix IfExists"
            )
        if not isinstance(keys, dict) or not all(_is_condition_value(value) for value in keys.values()):
            yield f"Condition.{operator} must be a JSON object of condition keys and their values"


def _is_condition_value(value: Any) -> bool:
    return all(
        isinstance(item, str | bool | int | float) for item in (value if isinstance(value, list) else [value])
    )


def _list_texts(statement: Statement, name: str) -> list[str]:
    return [*to_text_list(statement.get(name)), *to_text_list(statement.get(f"Not{name}"))]


def to_text_list(value: Any) -> list[str]:
    """Return an element of a policy that is one text or a list of texts as a list."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return []
    return items


STATEMENT_RULES = (
    PolicyRule(
        _ALL,
        "A statement has only the elements of the grammar",
        GRAMMAR_PAGE,
        _find_elements,
    ),
    PolicyRule(_ALL, "Effect is Allow or Deny", GRAMMAR_PAGE, _find_effect),
    PolicyRule(IAM_KINDS, "A Sid has only letters and digits", GRAMMAR_PAGE, _find_sid),
    PolicyRule(
        (PolicyKind.IDENTITY,),
        "A statement has no principal",
        _PRINCIPAL_PAGE,
        _find_identity_principals,
    ),
    PolicyRule(
        _WITH_PRINCIPAL,
        "A statement has either Principal or NotPrincipal",
        GRAMMAR_PAGE,
        _build_choice("Principal"),
    ),
    PolicyRule(
        _WITH_PRINCIPAL,
        "A principal is *, or has one of the types AWS, CanonicalUser, Federated, Service",
        GRAMMAR_PAGE,
        _find_principals,
    ),
    PolicyRule(
        _WITH_PRINCIPAL,
        "An AWS principal is *, an account ID, a unique ID, or an ARN without wildcards",
        _PRINCIPAL_PAGE,
        _find_aws_principals,
    ),
    PolicyRule(
        _WITH_ACTION, "A statement has either Action or NotAction", GRAMMAR_PAGE, _build_choice("Action")
    ),
    PolicyRule(
        _ALL, "An action is * or <service>:<name>, with wildcards in the name", GRAMMAR_PAGE, _find_actions
    ),
    PolicyRule(
        (PolicyKind.TRUST,),
        "The actions of a trust policy are actions of STS",
        _TRUST_ERROR,
        _find_trust_actions,
    ),
    PolicyRule(
        (PolicyKind.TRUST,),
        "A statement has no NotPrincipal",
        _CHECKS_PAGE,
        _find_trust_not_principal,
    ),
    PolicyRule((PolicyKind.TRUST,), "A statement has no resource", _CHECKS_PAGE, _find_trust_resources),
    PolicyRule(
        _WITH_RESOURCE,
        "A statement has either Resource or NotResource",
        _RESOURCE_PAGE,
        _build_choice("Resource"),
    ),
    PolicyRule(_ALL, "A resource is * or an ARN", _RESOURCE_PAGE, _find_resources),
    PolicyRule(
        _ALL,
        "A condition has an operator of AWS, and a text, number or boolean, or a list of them, for each key",
        _CONDITION_PAGE,
        _find_conditions,
    ),
)
