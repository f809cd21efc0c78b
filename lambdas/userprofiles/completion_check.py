"""Checks the completion fields of a template, and reports each problem with its location."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any


def find_completion_problems(
    completion: Any, fields: Mapping[str, AbstractSet[str]], role_fields: Mapping[str, AbstractSet[str]]
) -> Iterator[str]:
    """Yield the problems of `completion` of a template.

    Args:
        completion: `{"account": {field: weight}, "profile": {...}, "roles": {role: {"account": ..., ...}}}`.
        fields: The names of the fields of account and profile.
        role_fields: For each role, the names of the fields that it adds to the account.
    """
    if not isinstance(completion, Mapping):
        yield "completion must be an object with the keys account, profile and roles"
        return
    for key in sorted(set(completion) - {*fields, "roles"}):
        yield f"unknown key completion.{key}; allowed: account, profile, roles"
    for kind, names in fields.items():
        yield from _weight_problems(completion.get(kind, {}), names, f"completion.{kind}", kind)
    roles = completion.get("roles", {})
    if not isinstance(roles, Mapping):
        yield "completion.roles must be an object that maps each role to its additional completion fields"
        return
    for role, kinds in roles.items():
        path = f"completion.roles.{role}"
        if role not in role_fields:
            yield f"{path} is the completion of a role that the template doesn't have"
        elif not isinstance(kinds, Mapping) or not set(kinds) <= set(fields):
            yield f"{path} must be an object with no other keys than account and profile"
        else:
            account_names = fields["account"] | role_fields[role]
            yield from _weight_problems(kinds.get("account", {}), account_names, f"{path}.account", "account")
            yield from _weight_problems(
                kinds.get("profile", {}), fields["profile"], f"{path}.profile", "profile"
            )


def _weight_problems(weights: Any, names: AbstractSet[str], path: str, kind: str) -> Iterator[str]:
    if not isinstance(weights, Mapping):
        yield f"{path} must be an object that maps fields to weights"
        return
    for name, weight in weights.items():
        if name not in names:
            yield f"{path}.{name} is the weight of a field that the {kind} doesn't have"
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 1:
            yield f"{path}.{name} is {weight!r}; a weight must be a whole number of at least 1"
