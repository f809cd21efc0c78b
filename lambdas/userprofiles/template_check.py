"""Checks whether a template is usable, and reports each problem with its location."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from userprofiles.completion_check import find_completion_problems
from userprofiles.field_types import DATA, KEYWORDS, OWN_KEYWORD_PREFIX, SCHEMAS_BY_NAME
from userprofiles.template_version import find_version_problems

ItemKind = Literal["account", "profile"]
ITEM_KINDS: tuple[ItemKind, ...] = get_args(ItemKind)
SYSTEM_VALUES = ("sub", "role", "now", "uuid")
CONVERSIONS = ("text", "lowerCase", "localPart", "boolean", "callingCode", "nationalNumber")

# Attributes that `record.py` uses for keys and bookkeeping: a template's field would overwrite them.
RESERVED = frozenset(
    {
        "PK", "SK", "entityType", "listPK", "listSK", "statusListPK", "auditHead", "version", "expiresAt",
        "templateVersion", "setFields", "createdBy", "deletion", "importing",
        "migrationRunId", "migrationRow",
    },
)  # fmt: skip
# The role of administrators. The operator grants it; no sign-up can request it.
ADMIN_ROLE = "admin"
# The steps of an approval: the values of the field that `approval` of a role names.
APPROVAL_STATES = ("pending", "approved", "suspended")
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
TOP_LEVEL = {
    "$schema", "description", "version", "roles", "account", "profile", "cognito", "completion", "upgrades",
}  # fmt: skip


def find_problems(document: Any) -> Iterator[str]:
    """Yield the problems of a template, each with its location.

    Args:
        document: The template as `template_document.expand` returns it.

    Yields:
        One sentence for each problem. The defaults aren't validated here.
    """
    if not isinstance(document, Mapping):
        yield f"a template must be a JSON object, not {type(document).__name__}"
        return
    for key in sorted(str(key) for key in document if key not in TOP_LEVEL):
        yield f"unknown key {key!r}; allowed: {', '.join(sorted(TOP_LEVEL))}"
    for name in ("$schema", "description"):
        if not isinstance(document.get(name, ""), str):
            yield f"{name} must be a text"
    for kind in ITEM_KINDS:
        yield from _schema_problems(document.get(kind), kind)
    yield from _role_problems(document.get("roles"), _properties(document.get("account")))
    yield from _cognito_problems(document.get("cognito"), document)
    fields: dict[str, set[str]] = {kind: set(_properties(document.get(kind))) for kind in ITEM_KINDS}
    role_fields = _role_fields(document.get("roles"))
    yield from find_completion_problems(document.get("completion", {}), fields, role_fields)
    fields["account"] |= set().union(*role_fields.values())
    yield from find_version_problems(document, fields)


def _properties(schema: Any) -> Mapping[str, Any]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _schema_problems(schema: Any, path: str) -> Iterator[str]:
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        yield f'{path} must be a JSON Schema with "type": "object", or {{"from": name of a template}}'
        return
    if schema.get("additionalProperties") is not False:
        yield f'{path} must have "additionalProperties": false, so that users can\'t add their own fields'
    if not isinstance(schema.get("properties"), Mapping) or not schema["properties"]:
        yield f"{path}.properties must contain at least one field"
    yield from _field_problems(_properties(schema), path)
    other_keywords = {keyword: value for keyword, value in schema.items() if keyword != "properties"}
    yield from _keyword_problems(other_keywords, path, is_field=False)


def _field_problems(fields: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, schema in fields.items():
        if not isinstance(name, str) or not FIELD_NAME.fullmatch(name):
            yield (
                f"{path}.{name} is not a valid field name; use up to 64 letters, digits, _ and -, "
                "starting with a letter or _"
            )
        if name in RESERVED:
            yield f"{path}.{name} is reserved for the table; reserved names: {', '.join(sorted(RESERVED))}"
        if not isinstance(schema, Mapping):
            yield f"{path}.{name} must be a JSON Schema object"
        else:
            yield from _keyword_problems(schema, f"{path}.{name}", is_field=True)


def _keyword_problems(schema: Any, path: str, *, is_field: bool) -> Iterator[str]:
    """Yield the keywords of a schema, on any level, that the API could not enforce.

    The API checks for each field whether users may change it, and for nothing below a field: a list is
    replaced as a whole, `null` resets a whole object, and only the validator resolves `$ref` and `allOf`. The
    validator would even open a connection for a reference to another document.

    Args:
        schema: A schema.
        path: Its location.
        is_field: Whether it is a field of an account or a profile.
    """
    if not isinstance(schema, Mapping):
        return
    for keyword in sorted(str(name) for name in schema if name not in KEYWORDS):
        if not keyword.startswith(OWN_KEYWORD_PREFIX):
            yield f"{path}.{keyword} {_unknown_keyword(keyword)}"
    if "$ref" in schema:
        yield f"{path} has a $ref; replace it with the schema that it refers to"
    read_only = schema.get("readOnly", False)
    if not isinstance(read_only, bool):
        yield f"{path}.readOnly must be true or false"
    elif read_only and not is_field:
        yield f"{path}.readOnly is not supported; only whole fields of the account or profile can be readOnly"
    for member_path, member in _members(schema, path):
        yield from _keyword_problems(member, member_path, is_field=False)


def _unknown_keyword(keyword: str) -> str:
    names = {name.lower(): name for name in KEYWORDS}
    similar_names = difflib.get_close_matches(keyword.lower(), names, 1)
    advice = f"Use {names[similar_names[0]]!r}" if similar_names else "Remove it"
    return (
        f"has no effect, because it is not a keyword of JSON Schema (draft 7). {advice}. Names for your own "
        f"programs begin with {OWN_KEYWORD_PREFIX}"
    )


def _members(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the location and value of each schema inside a schema."""
    for keyword, value in schema.items():
        keyword_path = f"{path}.{keyword}"
        if keyword in DATA or keyword.startswith(OWN_KEYWORD_PREFIX):
            if _has_reference(value):
                # The validator resolves references in data too.
                yield keyword_path, {"$ref": None}
        elif isinstance(value, list):
            yield from ((f"{keyword_path}[{number}]", member) for number, member in enumerate(value))
        elif keyword in SCHEMAS_BY_NAME and isinstance(value, Mapping):
            yield from ((f"{keyword_path}.{name}", member) for name, member in value.items())
        else:
            yield keyword_path, value


def _has_reference(value: Any) -> bool:
    if isinstance(value, Mapping):
        return isinstance(value.get("$ref"), str) or any(map(_has_reference, value.values()))
    return isinstance(value, list) and any(map(_has_reference, value))


def _role_problems(roles: Any, account: Mapping[str, Any]) -> Iterator[str]:
    if (
        not isinstance(roles, Mapping)
        or not isinstance(roles.get("allowed"), Mapping)
        or not roles["allowed"]
    ):
        yield "roles.allowed must contain at least one role, each with the fields that it adds to the account"
        return
    if roles.get("default") not in roles["allowed"]:
        allowed = ", ".join(map(str, roles["allowed"]))
        yield f"roles.default is {roles.get('default')!r}; allowed: {allowed}"
    if ADMIN_ROLE in roles["allowed"]:
        yield (
            f"roles.allowed contains {ADMIN_ROLE!r}, which a template can't define, because users could "
            "request it at sign-up; remove it, and create administrators with: userprofiles admin grant USER"
        )
    attribute = roles.get("attribute")
    if attribute is not None and not (isinstance(attribute, str) and attribute):
        yield (
            "roles.attribute must be the Cognito attribute with the requested role, or null if all users "
            "have the same role"
        )
    for role, extension in roles["allowed"].items():
        if not isinstance(role, str) or not ROLE_NAME.fullmatch(role):
            yield f"role {role!r} must match ^{ROLE_NAME.pattern}$"
        fields = extension.get("properties") if isinstance(extension, Mapping) else None
        if not isinstance(fields, Mapping):
            yield f'roles.allowed.{role} must be an object with "properties"'
            continue
        duplicates = sorted(set(fields) & set(account))
        if duplicates:
            yield f"roles.allowed.{role} repeats the account's field {duplicates[0]!r}; add only new fields"
        yield from _field_problems(fields, f"roles.allowed.{role}")
        yield from _approval_problems(extension, f"roles.allowed.{role}")


def _approval_problems(extension: Mapping[str, Any], path: str) -> Iterator[str]:
    if "approval" not in extension:
        return
    field = (
        extension["properties"].get(extension["approval"]) if isinstance(extension["approval"], str) else None
    )
    if not isinstance(field, Mapping):
        yield f"{path}.approval is {extension['approval']!r}; use the name of a field that the role adds"
    elif field.get("enum") != list(APPROVAL_STATES) or field.get("default") not in APPROVAL_STATES:
        states = ", ".join(APPROVAL_STATES)
        yield f"{path}.{extension['approval']} must have the enum {states} and one of them as its default"
    elif field.get("readOnly") is not True:
        yield f'{path}.{extension["approval"]} must have "readOnly": true, or users could approve themselves'


def _cognito_problems(cognito: Any, document: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(cognito, Mapping) or set(cognito) != set(ITEM_KINDS):
        yield "cognito must be an object with account and profile, which map each field to its sources"
        return
    for kind in ITEM_KINDS:
        fields = set(_properties(document.get(kind)))
        if kind == "account":
            fields |= set().union(*_role_fields(document.get("roles")).values())
        sources_by_field = cognito[kind]
        if not isinstance(sources_by_field, Mapping):
            yield f"cognito.{kind} must be an object"
            continue
        for name, sources in sources_by_field.items():
            path = f"cognito.{kind}.{name}"
            if name not in fields:
                yield f"{path} is the source of a field that the {kind} doesn't have"
            if not isinstance(sources, list) or not sources:
                yield f"{path} must be a list of sources; the first source that has a value is used"
                continue
            for number, source in enumerate(sources):
                yield from _source_problems(source, f"{path}[{number}]")


def _role_fields(roles: Any) -> dict[str, set[str]]:
    """Return the fields that each role adds to the account."""
    allowed = roles.get("allowed") if isinstance(roles, Mapping) else None
    if not isinstance(allowed, Mapping):
        return {}
    return {role: set(_properties(extension)) for role, extension in allowed.items()}


def _source_problems(source: Any, path: str) -> Iterator[str]:
    match source:
        case {"attribute": str(), **rest} if set(rest) <= {"as"} and rest.get("as", "text") in CONVERSIONS:
            return
        case {"system": value, **rest} if not rest and value in SYSTEM_VALUES:
            return
        case {"join": [*names], **rest} if (
            not rest and names and all(isinstance(name, str) for name in names)
        ):
            return
    yield (
        f"{path} is {source!r}, which is not a source; allowed: "
        f'{{"attribute": name, "as": {" | ".join(CONVERSIONS)}}}, '
        f'{{"system": {" | ".join(SYSTEM_VALUES)}}} and {{"join": [names]}}'
    )
