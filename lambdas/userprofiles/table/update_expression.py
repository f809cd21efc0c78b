"""Update expressions that set or remove single paths of an item and leave all others unchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from userprofiles.table.attribute_value import deserialize, deserialize_item, serialize, serialize_item


class _Removal(Enum):
    REMOVED = "removed"


REMOVED: Final = _Removal.REMOVED
"""The new value of a path that is removed."""


@dataclass(frozen=True)
class Change:
    """The new value of a path in an item.

    Attributes:
        path: Names from the top level of the item down. All but the last are existing maps.
        value: The new value, or REMOVED.
    """

    path: tuple[str, ...]
    value: Any


def update_expression(changes: Sequence[Change]) -> dict[str, Any]:
    """Return changes as arguments of UpdateItem.

    Every name is replaced with a placeholder, because a field may have the name of one of DynamoDB's 573
    reserved words.

    Raises:
        userprofiles.table.attribute_value.AttributeValueError: DynamoDB can't store a value.
    """
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    sets, removes = [], []
    for change in changes:
        path = ".".join(names.setdefault(part, f"#n{len(names)}") for part in change.path)
        if change.value is REMOVED:
            removes.append(path)
        else:
            placeholder = f":v{len(values)}"
            values[placeholder] = serialize(change.value)
            sets.append(f"{path} = {placeholder}")
    clauses = [f"{verb} {', '.join(parts)}" for verb, parts in (("SET", sets), ("REMOVE", removes)) if parts]
    return {
        "UpdateExpression": " ".join(clauses),
        "ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()},
        "ExpressionAttributeValues": values,
    }


def apply_changes(item: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """Return an item as DynamoDB returns it after the changes.

    Raises:
        userprofiles.table.attribute_value.AttributeValueError: DynamoDB can't store a value.
    """
    changed_item = deserialize_item(serialize_item(item))
    for change in changes:
        *parents, name = change.path
        target = changed_item
        for parent in parents:
            target = target[parent]
        if change.value is REMOVED:
            target.pop(name, None)
        else:
            target[name] = deserialize(serialize(change.value))
    return changed_item
