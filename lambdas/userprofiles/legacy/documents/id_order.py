"""The order of `_id` in MongoDB, over values of different types.

`{"_id": {"$gt": value}}` selects values of the type of `value` only, but a sort orders all types
(https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/).
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from bson.binary import Binary
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.objectid import ObjectId
from bson.timestamp import Timestamp

from userprofiles.legacy.errors import SourceRefusedError

# In the order of the sort, with the names of `$type`, without the deprecated type `symbol`. bool comes before
# int in `_type_number`, because bool is an int in Python.
_TYPES: list[tuple[tuple[type, ...], str]] = [
    ((type(None),), "null"),
    ((int, float, Decimal128), "number"),
    ((str,), "string"),
    ((Mapping,), "object"),
    ((bytes, Binary, uuid.UUID), "binData"),
    ((ObjectId,), "objectId"),
    ((bool,), "bool"),
    ((dt.datetime, DatetimeMS), "date"),
    ((Timestamp,), "timestamp"),
]
_BOOL_NUMBER = 6


def later_ids(last_id: Any) -> dict[str, Any]:
    """Return the filter for the documents after an ID.

    Args:
        last_id: The ID of the last document that was read.

    Raises:
        SourceRefusedError: The type of the ID has no place in the order.
    """
    number = _type_number(last_id)
    later_types = [name for _, name in _TYPES[number + 1 :]]
    conditions: list[dict[str, Any]] = [{"_id": {"$gt": last_id}}]
    if later_types:
        conditions.append({"_id": {"$type": later_types}})
    return {"$or": conditions}


def _type_number(value: Any) -> int:
    if isinstance(value, bool):
        return _BOOL_NUMBER
    for number, (types, _) in enumerate(_TYPES):
        if isinstance(value, types):
            return number
    raise SourceRefusedError(
        f"A collection has an _id of the type {type(value).__name__}, after which reading can't continue. "
        "Use a dump of the database: dump:FOLDER."
    )
