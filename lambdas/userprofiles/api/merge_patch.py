"""JSON Merge Patch (RFC 7396) of a user's account and profile, within what the template lets users change."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles import template_check
from userprofiles.api.errors import ApiError, Fault
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValueError, item_size, serialize, serialize_item
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import Template
from userprofiles.template_check import Kind

LARGEST_BODY_BYTES = 64 * 1024
_DEEPEST = 20
# A request can hold thousands of faults: what tells of them stays small.
_MOST_FAULTS = 20
_LONGEST_NAME = 120
_LONGEST_PROBLEM = 200
# Beyond this many paths an update expression gets near DynamoDB's 4 KB: whole fields are set instead.
_MOST_PATHS = 40


@dataclass(frozen=True)
class Plan:
    """What a patch changes.

    Attributes:
        changes: For each item the paths to set or remove; nothing of an item that stays as it is.
        fields: Names of the changed fields, as the template knows them: a user may choose names below those.
    """

    changes: Mapping[Kind, Sequence[Change]]
    fields: Sequence[str]


def parse(body: bytes) -> Any:
    """Read a request's body.

    Raises:
        ApiError: 413 or 400; it is too large, no JSON, or nested too deeply.
    """
    if len(body) > LARGEST_BODY_BYTES:
        raise ApiError(413, "too_large", f"The body is larger than {LARGEST_BODY_BYTES} bytes.")
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "The body has to be JSON in UTF-8.") from None
    if _depth(document) > _DEEPEST:
        raise ApiError(400, "invalid_json", f"The body is nested deeper than {_DEEPEST} levels.")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _depth(document: Any) -> int:
    deepest, level = 0, [document]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            member
            for value in level
            if isinstance(value, dict | list)
            for member in (value.values() if isinstance(value, dict) else value)
        ]
    return deepest


def plan(template: Template, role: str, current: Mapping[Kind, record.Item], patch: Any) -> Plan:
    """Work out what a patch changes.

    `null` takes a field away: it goes back to the template's default, or goes where there is none.

    Args:
        template: What may be changed, and what to.
        role: The user's role; it decides which fields the account has.
        current: Account and profile as they stand.
        patch: The parsed body.

    Returns:
        The changes; none where everything is as the patch wants it already.

    Raises:
        ApiError: 400 with the first fields at fault, or 413 for a record that would get too large.
    """
    if not isinstance(patch, dict):
        raise ApiError(
            400, "invalid_patch", 'The body has to be an object: {"account": {...}, "profile": {...}}.'
        )
    faults: list[Fault] = []
    wanted: dict[Kind, record.Item] = {}
    for name, fields in patch.items():
        kind = _kind(name)
        if kind is None:
            faults.append(Fault(str(name), "unknown; there are account and profile"))
        elif not isinstance(fields, dict):
            faults.append(Fault(kind, "has to be an object"))
        else:
            schema = template.schema(kind, role)
            faults.extend(_refusals(schema, fields, kind))
            wanted[kind] = _merged(schema, current[kind], fields)
    if not faults:
        faults.extend(
            Fault(".".join((kind, *problem.path)), problem.message)
            for kind, values in wanted.items()
            for problem in template.check(
                kind, role, {name: value for name, value in values.items() if value is not REMOVED}
            )
        )
    if faults:
        raise _refused(faults)
    return _plan(current, wanted)


def _refused(faults: Sequence[Fault]) -> ApiError:
    more = f" (the first {_MOST_FAULTS} of {len(faults)})" if len(faults) > _MOST_FAULTS else ""
    told = [
        Fault(_cut(fault.field, _LONGEST_NAME), _cut(fault.problem, _LONGEST_PROBLEM))
        for fault in faults[:_MOST_FAULTS]
    ]
    return ApiError(400, "invalid_patch", f"The change can't be made; see the fields{more}.", told)


def _cut(text: str, longest: int) -> str:
    """Shorten a text to a number of bytes, as the answer will write it."""
    if len(json.dumps(text)) <= longest:
        return text
    short = text[:longest]
    while len(json.dumps(short)) > longest:
        short = short[:-1]
    return f"{short}..."


def _kind(name: Any) -> Kind | None:
    return name if name in template_check.KINDS else None


def _refusals(schema: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Yield the fields of a patch that are unknown, that no user changes, or that are too long a list.

    The validator looks at every member of a list before it looks at their number.
    """
    properties = schema.get("properties", {})
    for name, value in patch.items():
        field = properties.get(name)
        if field is None:
            if schema.get("additionalProperties") is False:
                yield Fault(f"{path}.{name}", "unknown field")
        elif field.get("readOnly"):
            yield Fault(f"{path}.{name}", "can't be changed by the user")
        elif isinstance(value, dict):
            yield from _refusals(field, value, f"{path}.{name}")
        elif isinstance(value, list) and len(value) > field.get("maxItems", len(value)):
            yield Fault(f"{path}.{name}", f"has {len(value)} items; at most {field['maxItems']} are allowed")


def _merged(schema: Mapping[str, Any], current: Mapping[str, Any], patch: Mapping[str, Any]) -> record.Item:
    """Return the new values of the fields that a patch names, REMOVED for those that go."""
    properties = schema.get("properties", {})
    return {name: _merge(properties.get(name, {}), current.get(name), value) for name, value in patch.items()}


def _merge(schema: Mapping[str, Any], current: Any, patch: Any) -> Any:
    if patch is None:
        return schema.get("default", REMOVED)
    if not isinstance(patch, dict):
        return patch
    target = dict(current) if isinstance(current, Mapping) else {}
    target |= _merged(schema, target, patch)
    return {name: value for name, value in target.items() if value is not REMOVED}


def _plan(current: Mapping[Kind, record.Item], wanted: Mapping[Kind, record.Item]) -> Plan:
    changes: dict[Kind, list[Change]] = {}
    fields: list[str] = []
    for kind, values in wanted.items():
        found: list[Change] = []
        for name, value in values.items():
            paths = list(_differences((name,), current[kind].get(name, REMOVED), value))
            if paths:
                fields.append(f"{kind}.{name}")
                found.extend(paths if len(paths) <= _MOST_PATHS else [Change((name,), value)])
        if len(found) > _MOST_PATHS:
            found = [
                Change((name,), values[name]) for name in dict.fromkeys(change.path[0] for change in found)
            ]
        if found:
            _check_size({**current[kind], **values})
            changes[kind] = found
    return Plan(changes, fields)


def _differences(path: tuple[str, ...], current: Any, wanted: Any) -> Iterator[Change]:
    if isinstance(current, Mapping) and isinstance(wanted, Mapping):
        for name in {**current, **wanted}:
            yield from _differences((*path, name), current.get(name, REMOVED), wanted.get(name, REMOVED))
    elif not _stored_alike(current, wanted):
        yield Change(path, wanted)


def _stored_alike(one: Any, other: Any) -> bool:
    """Tell whether two values are the same to DynamoDB; to Python, `[1]` equals `[True]`."""
    if one is REMOVED or other is REMOVED:
        return one is other
    try:
        return serialize(one) == serialize(other)
    except AttributeValueError:
        # What can't be stored is a change that is refused later, with its reason.
        return False


def _check_size(item: Mapping[str, Any]) -> None:
    try:
        size = item_size(
            serialize_item({name: value for name, value in item.items() if value is not REMOVED})
        )
    except AttributeValueError as error:
        raise ApiError(400, "invalid_patch", f"A value can't be stored. {error}") from None
    if size > record.LARGEST_ITEM_BYTES:
        raise ApiError(
            413, "too_large", f"The record would be larger than {record.LARGEST_ITEM_BYTES} bytes."
        )
