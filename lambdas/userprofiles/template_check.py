"""Tells whether a template can be used, and if not, where it is wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

Kind = Literal["account", "profile"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SYSTEM_VALUES = ("sub", "role", "now")
CONVERSIONS = ("text", "lowerCase", "localPart", "boolean")

# Names that `record.py` gives to keys and bookkeeping: a template's field would overwrite them.
RESERVED = frozenset(
    {"PK", "SK", "entityType", "listPK", "listSK", "auditHead", "version", "expiresAt"},
)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# Keywords of a schema whose value is data, and those whose value has names of the author's own.
_DATA = frozenset({"default", "enum", "const", "examples"})
_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependencies"})
_TOP_LEVEL = {"description", "roles", "account", "profile", "cognito"}


def role_is_well_formed(role: str) -> bool:
    """Tell whether a text has the form of a role: `^[a-z][a-z0-9_-]{0,31}$`."""
    return _ROLE.fullmatch(role) is not None


def problems(document: Any) -> Iterator[str]:
    """Yield what is wrong with a template, each with its place.

    Args:
        document: The template as parsed JSON.

    Yields:
        One sentence for each problem; a template without any is usable as far as its shape goes.
    """
    if not isinstance(document, Mapping):
        yield f"a template is a JSON object, this one is a {type(document).__name__}"
        return
    unknown = sorted(str(key) for key in document if key not in _TOP_LEVEL)
    if unknown:
        yield f"unknown key {unknown[0]!r}; a template has {', '.join(sorted(_TOP_LEVEL))}"
    for kind in KINDS:
        yield from _schema_problems(document.get(kind), kind)
    yield from _role_problems(document.get("roles"), _properties(document.get("account")))
    yield from _source_problems(document.get("cognito"), document)


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _schema_problems(schema: Any, where: str) -> Iterator[str]:
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        yield f'{where} has to be a JSON Schema with "type": "object"'
        return
    if schema.get("additionalProperties") is not False:
        yield f'{where} needs "additionalProperties": false, or a user could add fields of their own'
    if not isinstance(schema.get("properties"), Mapping) or not schema["properties"]:
        yield f"{where}.properties has to name at least one field"
    yield from _field_problems(_properties(schema), where)
    others = {keyword: value for keyword, value in schema.items() if keyword != "properties"}
    yield from _keyword_problems(others, where, is_field=False)


def _field_problems(fields: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, schema in fields.items():
        if not isinstance(name, str) or not _FIELD.fullmatch(name):
            yield f"{where}.{name} is no field name: letters, digits, _ and -, at most 64, no digit first"
        if name in RESERVED:
            yield f"{where}.{name} is a name of the table's own; reserved are {', '.join(sorted(RESERVED))}"
        if not isinstance(schema, Mapping):
            yield f"{where}.{name} has to be a JSON Schema object"
        else:
            yield from _keyword_problems(schema, f"{where}.{name}", is_field=True)


def _keyword_problems(schema: Any, where: str, *, is_field: bool) -> Iterator[str]:
    """Yield what a schema holds, on any level, that the API could not hold users to.

    The API asks each field whether users may change it, and nothing below a field: a list is replaced whole,
    `null` resets a whole object, and what `$ref` or `allOf` bring in is known to the validator only. A
    reference to elsewhere would even make the validator open a connection.

    Args:
        schema: A schema.
        where: Its place.
        is_field: Whether it is a field of an account or a profile.
    """
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        yield f"{where} has a $ref; write the schema it refers to in its place"
    read_only = schema.get("readOnly", False)
    if not isinstance(read_only, bool):
        yield f"{where}.readOnly has to be true or false"
    elif read_only and not is_field:
        yield f"{where}.readOnly can't be kept; it stands directly at a field of the account or profile only"
    for place, member in _members(schema, where):
        yield from _keyword_problems(member, place, is_field=False)


def _members(schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Yield the schemas in a schema, each with its place."""
    for keyword, value in schema.items():
        place = f"{where}.{keyword}"
        if keyword in _DATA:
            if _refers(value):
                # The validator takes it for a reference even there.
                yield place, {"$ref": None}
        elif isinstance(value, list):
            yield from ((f"{place}[{number}]", member) for number, member in enumerate(value))
        elif keyword in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            yield from ((f"{place}.{name}", member) for name, member in value.items())
        else:
            yield place, value


def _refers(value: Any) -> bool:
    if isinstance(value, Mapping):
        return isinstance(value.get("$ref"), str) or any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))


def _role_problems(roles: Any, account: Mapping[str, Any]) -> Iterator[str]:
    if (
        not isinstance(roles, Mapping)
        or not isinstance(roles.get("allowed"), Mapping)
        or not roles["allowed"]
    ):
        yield "roles.allowed has to name at least one role, each with the fields it adds to the account"
        return
    if roles.get("default") not in roles["allowed"]:
        allowed = ", ".join(map(str, roles["allowed"]))
        yield f"roles.default is {roles.get('default')!r}; it has to be one of {allowed}"
    attribute = roles.get("attribute")
    if attribute is not None and not (isinstance(attribute, str) and attribute):
        yield "roles.attribute is the Cognito attribute that asks for a role, or null where all have one role"
    for role, extension in roles["allowed"].items():
        if not isinstance(role, str) or not role_is_well_formed(role):
            yield f"role {role!r} has to match ^{_ROLE.pattern}$"
        fields = extension.get("properties") if isinstance(extension, Mapping) else None
        if not isinstance(fields, Mapping):
            yield f'roles.allowed.{role} has to be an object with "properties"'
            continue
        twice = sorted(set(fields) & set(account))
        if twice:
            yield f"roles.allowed.{role} repeats the account's field {twice[0]!r}; a role only adds fields"
        yield from _field_problems(fields, f"roles.allowed.{role}")


def _source_problems(sources: Any, document: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(sources, Mapping) or set(sources) != set(KINDS):
        yield "cognito has to be an object with account and profile: where each field's value comes from"
        return
    for kind in KINDS:
        fields = set(_properties(document.get(kind)))
        if kind == "account":
            fields |= _extension_fields(document.get("roles"))
        entries = sources[kind]
        if not isinstance(entries, Mapping):
            yield f"cognito.{kind} has to be an object"
            continue
        for name, candidates in entries.items():
            where = f"cognito.{kind}.{name}"
            if name not in fields:
                yield f"{where} feeds a field that the {kind} doesn't have"
            if not isinstance(candidates, list) or not candidates:
                yield f"{where} has to be a list of sources, the first that has a value counts"
                continue
            for candidate in candidates:
                yield from _candidate_problems(candidate, where)


def _extension_fields(roles: Any) -> set[str]:
    allowed = roles.get("allowed") if isinstance(roles, Mapping) else None
    if not isinstance(allowed, Mapping):
        return set()
    return {name for extension in allowed.values() for name in _properties(extension)}


def _candidate_problems(candidate: Any, where: str) -> Iterator[str]:
    match candidate:
        case {"attribute": str(), **rest} if set(rest) <= {"as"} and rest.get("as", "text") in CONVERSIONS:
            return
        case {"system": value, **rest} if not rest and value in SYSTEM_VALUES:
            return
        case {"join": [*names], **rest} if (
            not rest and names and all(isinstance(name, str) for name in names)
        ):
            return
    yield (
        f"{where} has a source of unknown form; allowed are "
        f'{{"attribute": name, "as": {" | ".join(CONVERSIONS)}}}, '
        f'{{"system": {" | ".join(SYSTEM_VALUES)}}} and {{"join": [names]}}'
    )
