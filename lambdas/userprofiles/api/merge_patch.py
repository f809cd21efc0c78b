"""JSON Merge Patch (RFC 7396) of a user's account and profile, limited to what the template allows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles import template_check
from userprofiles.api.errors import MAX_FIELD_ERRORS, ApiError, FieldError, json_pointer
from userprofiles.api.picture_key import FIELD as PICTURE_FIELD
from userprofiles.completion import SET_FIELDS
from userprofiles.table import item_upgrade, record
from userprofiles.table.attribute_value import AttributeValueError, serialize, serialize_item
from userprofiles.table.update_expression import REMOVED, Change
from userprofiles.template import SchemaViolation, Template
from userprofiles.template_check import RESERVED, ItemKind

# With more paths, an update expression gets close to DynamoDB's limit of 4 KB: whole fields are set instead.
_MAX_PATHS = 40


@dataclass(frozen=True)
class UpdatePlan:
    """The changes that a patch makes.

    Attributes:
        changes: For each item, the paths to set or remove. An unchanged item is not included.
        fields: Names of the changed fields of the template. Names on a deeper level may come from the user.
    """

    changes: Mapping[ItemKind, Sequence[Change]]
    fields: Sequence[str]


def plan_update(
    template: Template,
    role: str,
    current: Mapping[ItemKind, record.Item],
    patch: Any,
    picture_key: str | None = None,
) -> UpdatePlan:
    """Compute the changes that a patch makes.

    `null` resets a field to the template's default, or removes a field without a default.

    Args:
        template: Defines which fields can be changed, and their allowed values.
        role: The user's role, which determines the fields of the account.
        current: The current account and profile.
        patch: The parsed body.
        picture_key: A key that is accepted as the profile's picture, although it is not a URL.

    Returns:
        The changes; none if the items already have the values of the patch. Otherwise they include the
        upgrade of items of an older template version, and bookkeeping.

    Raises:
        ApiError: 400 with the first invalid fields, or 413 if the item would become too large.
    """
    if not isinstance(patch, dict):
        raise ApiError(
            400, "invalid_patch", 'The body must be an object: {"account": {...}, "profile": {...}}.'
        )
    upgraded = item_upgrade.upgrade(template, role, current)
    field_errors: list[FieldError] = []
    new_values: dict[ItemKind, record.Item] = {}
    for name, fields in patch.items():
        kind = _item_kind(name)
        if kind is None:
            problem = "unknown field; allowed: account, profile"
            field_errors.append(FieldError(json_pointer(name), "unknown_field", problem))
        elif not isinstance(fields, dict):
            field_errors.append(FieldError(json_pointer(kind), "type", "must be an object"))
        else:
            schema = template.schema(kind, role)
            new_values[kind] = _merge_fields(schema, upgraded[kind], fields)
            field_errors.extend(
                _find_field_errors(template, role, kind, fields, new_values[kind], picture_key=picture_key)
            )
    if field_errors:
        raise _invalid_patch_error(field_errors)
    reset_fields = {
        kind: [name for name, value in patch[kind].items() if value is None] for kind in new_values
    }
    new_values_and_names = item_upgrade.add_set_fields(template, role, upgraded, new_values, reset_fields)
    plan = _build_plan(upgraded, new_values_and_names)
    if not plan.changes:
        return plan
    return _build_plan(
        current, item_upgrade.add_upgrade(template, role, current, upgraded, new_values_and_names)
    )


def _find_field_errors(
    template: Template,
    role: str,
    kind: ItemKind,
    patch: Mapping[str, Any],
    new_values: record.Item,
    *,
    picture_key: str | None,
) -> list[FieldError]:
    """Find everything that is wrong with the fields of a patch; at most one problem for each field."""
    field_errors = {
        error.pointer: error
        for error in _check_fields(template.schema(kind, role), patch, json_pointer(kind))
    }
    # Of a long list, the validator would report each member.
    known_values = _without_unknown(template.schema(kind, role), new_values)
    values = {
        name: value
        for name, value in known_values.items()
        if getattr(field_errors.get(json_pointer(kind, name)), "code", "") != "max_items"
        and not (name == PICTURE_FIELD and picture_key is not None and value == picture_key)
    }
    later_errors = [_schema_error(kind, item) for item in template.validate(kind, role, values)]
    later_errors.extend(_check_values(values, json_pointer(kind)))
    for error in later_errors:
        if not _is_reported(error, field_errors):
            field_errors[error.pointer] = error
    return list(field_errors.values())


def _schema_error(kind: ItemKind, violation: SchemaViolation) -> FieldError:
    code = "_".join(word.lower() for word in re.findall("[A-Z]?[a-z]+", violation.keyword)) or "invalid"
    return FieldError(json_pointer(kind, *violation.path), code, violation.message)


def _is_reported(error: FieldError, field_errors: Mapping[str, FieldError]) -> bool:
    """Return whether the field of an error, its container or, for unknown names, its member has an error."""
    is_about_names = error.code == "additional_properties"
    return any(
        f"{error.pointer}/".startswith(f"{pointer}/")
        or (is_about_names and pointer.startswith(f"{error.pointer}/"))
        for pointer in field_errors
    )


def _invalid_patch_error(field_errors: Sequence[FieldError]) -> ApiError:
    count = len(field_errors)
    more = f" (the first {MAX_FIELD_ERRORS} of {count})" if count > MAX_FIELD_ERRORS else ""
    return ApiError(400, "invalid_patch", f"The change is not accepted; see errors{more}.", field_errors)


def _item_kind(name: Any) -> ItemKind | None:
    return name if name in template_check.ITEM_KINDS else None


def _check_fields(schema: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Yield the fields of a patch that are unknown or read-only, or whose list is too long.

    The validator checks all members of a list before it checks their number.
    """
    properties = schema.get("properties", {})
    for name, value in patch.items():
        field = properties.get(name)
        pointer = path + json_pointer(name)
        if field is None:
            if schema.get("additionalProperties") is False:
                yield FieldError(pointer, "unknown_field", "unknown field")
        elif field.get("readOnly"):
            yield FieldError(pointer, "read_only", "can't be changed by the user")
        elif isinstance(value, dict):
            yield from _check_fields(field, value, pointer)
        elif isinstance(value, list) and len(value) > field.get("maxItems", len(value)):
            problem = f"has {len(value)} items; at most {field['maxItems']} are allowed"
            yield FieldError(pointer, "max_items", problem)


def _check_values(value: Any, pointer: str) -> Iterator[FieldError]:
    """Yield the fields whose value DynamoDB can't store, such as a number that is too large."""
    if isinstance(value, Mapping | list):
        for name, member in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _check_values(member, pointer + json_pointer(name))
    elif value is not REMOVED:
        try:
            serialize(value)
        except AttributeValueError as error:
            yield FieldError(pointer, "not_storable", str(error))


def _merge_fields(
    schema: Mapping[str, Any], current: Mapping[str, Any], patch: Mapping[str, Any]
) -> record.Item:
    """Return the new values of the fields in a patch, REMOVED for removed fields."""
    properties = schema.get("properties", {})
    return {
        name: _merge_value(properties.get(name, {}), current.get(name), value)
        for name, value in patch.items()
    }


def _merge_value(schema: Mapping[str, Any], current: Any, patch: Any) -> Any:
    if patch is None:
        return schema.get("default", REMOVED)
    if not isinstance(patch, dict):
        return patch
    target = dict(current) if isinstance(current, Mapping) else {}
    target |= _merge_fields(schema, target, patch)
    return _without_removed(target)


def _without_removed(values: Mapping[str, Any]) -> record.Item:
    return {name: value for name, value in values.items() if value is not REMOVED}


def _without_unknown(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a value without removed fields and without members that the schema does not have.

    A patch can't add such members. An item of a newer template version can have them.
    """
    if not isinstance(value, Mapping):
        return value
    fields = schema.get("properties", {})
    is_closed = schema.get("additionalProperties") is False
    return {
        name: _without_unknown(fields.get(name, {}), member)
        for name, member in value.items()
        if member is not REMOVED and (name in fields or not is_closed)
    }


def _build_plan(
    current: Mapping[ItemKind, record.Item], new_values: Mapping[ItemKind, record.Item]
) -> UpdatePlan:
    changes: dict[ItemKind, list[Change]] = {}
    fields: list[str] = []
    for kind, values in new_values.items():
        item_changes: list[Change] = []
        for name, value in values.items():
            field_changes = list(_differences((name,), current[kind].get(name, REMOVED), value))
            if field_changes:
                fields.extend(_changed_fields(kind, name, current[kind].get(name), value))
                is_short = len(field_changes) <= _MAX_PATHS
                item_changes.extend(field_changes if is_short else [Change((name,), value)])
        if len(item_changes) > _MAX_PATHS:
            changed_names = dict.fromkeys(change.path[0] for change in item_changes)
            item_changes = [Change((name,), values[name]) for name in changed_names]
        if item_changes:
            _check_size({**current[kind], **values})
            changes[kind] = item_changes
    return UpdatePlan(changes, list(dict.fromkeys(fields)))


def _changed_fields(kind: ItemKind, name: str, current: Any, value: Any) -> list[str]:
    """Return the fields of the template that a change of an attribute is about."""
    if name == SET_FIELDS:
        return [f"{kind}.{field}" for field in value if field not in (current or ())]
    return [] if name in RESERVED else [f"{kind}.{name}"]


def _differences(path: tuple[str, ...], current: Any, new: Any) -> Iterator[Change]:
    if isinstance(current, Mapping) and isinstance(new, Mapping):
        for name in {**current, **new}:
            yield from _differences((*path, name), current.get(name, REMOVED), new.get(name, REMOVED))
    elif not _is_same_to_dynamodb(current, new):
        yield Change(path, new)


def _is_same_to_dynamodb(one: Any, other: Any) -> bool:
    """Return whether DynamoDB stores two values alike; in Python, `[1]` equals `[True]`."""
    if one is REMOVED or other is REMOVED:
        return one is other
    try:
        return serialize(one) == serialize(other)
    except AttributeValueError:
        # A value that can't be stored is a change, which is rejected later with its reason.
        return False


def _check_size(item: Mapping[str, Any]) -> None:
    try:
        typed_item = serialize_item(_without_removed(item))
    except AttributeValueError as error:
        raise ApiError(400, "invalid_patch", f"A value can't be stored. {error}") from None
    if record.is_too_large(typed_item):
        raise ApiError(413, "too_large", f"The record must have at most {record.LARGEST_ITEM_BYTES} bytes.")
