"""Update expressions that touch single paths of an item and nothing beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from userprofiles.table.attribute_value import serialize


class _Removal(Enum):
    REMOVED = "removed"


REMOVED: Final = _Removal.REMOVED
"""Stands for "no value": the path is removed."""


@dataclass(frozen=True)
class Change:
    """A path of an item and its new value, or REMOVED.

    Attributes:
        path: Names from the item's top down; all but the last are maps that exist.
        value: The new value.
    """

    path: tuple[str, ...]
    value: Any


def update_expression(changes: Sequence[Change]) -> dict[str, Any]:
    """Write changes as the arguments of an UpdateItem.

    Every name goes through a placeholder: a field may be called like one of DynamoDB's 573 reserved words.

    Raises:
        userprofiles.table.attribute_value.AttributeValueError: DynamoDB can't hold a value.
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
