"""A DynamoDB table in memory that counts capacity as DynamoDB does. Each call takes a time of your choice.

The capacity of an operation is that of the developer guide, "DynamoDB read and write operations":
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import functools
import math
import re
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from userprofiles.table.attribute_value import item_size

READ_BYTES, WRITE_BYTES = 4096, 1024
PAGE_BYTES = 1024 * 1024

Item = Mapping[str, Any]
Key = tuple[str, str]


def key_of(item: Item) -> Key:
    """Return the key of an item."""
    return item["PK"]["S"], item["SK"]["S"]


class MeteredTable:
    """The client of one table.

    Args:
        items: The items of the table.
        segments: The number of segments in which it is scanned.
        latency_s: Seconds that each call takes.
    """

    def __init__(self, items: Iterable[Item], *, segments: int, latency_s: float = 0.0) -> None:
        self._segments = segments
        self._latency_s = latency_s
        self._lock = threading.Lock()
        self.items = {key_of(item): item for item in items}
        self._order = [sorted(self._keys(segment)) for segment in range(segments)]

    def _keys(self, segment: int) -> list[Key]:
        return [key for key in self.items if zlib.crc32(key[0].encode()) % self._segments == segment]

    def scan(self, **parameters: Any) -> dict[str, Any]:
        """Return a page of a segment."""
        time.sleep(self._latency_s)
        keys = self._order[parameters.get("Segment", 0)]
        start = parameters.get("ExclusiveStartKey")
        first = keys.index(key_of(start)) + 1 if start else 0
        page, size = [], 0
        for key in keys[first : first + parameters["Limit"]]:
            page.append(self.items[key])
            size += item_size(self.items[key])
            if size >= PAGE_BYTES:
                break
        has_more = first + len(page) < len(keys)
        last = {"LastEvaluatedKey": {name: page[-1][name] for name in ("PK", "SK")}} if has_more else {}
        units = math.ceil(size / READ_BYTES) / (1 if parameters.get("ConsistentRead") else 2)
        return {"Items": page, "ConsumedCapacity": {"CapacityUnits": units}, **last}

    def batch_get_item(self, **parameters: Any) -> dict[str, Any]:
        """Return items. Each key costs half a read unit for 4 KB, whether the item exists or not."""
        time.sleep(self._latency_s)
        [(table, request)] = parameters["RequestItems"].items()
        items = [self.items[key] for key in map(key_of, request["Keys"]) if key in self.items]
        sizes = [item_size(item) for item in items] + [0] * (len(request["Keys"]) - len(items))
        units = sum(max(1, math.ceil(size / READ_BYTES)) / 2 for size in sizes)
        return {"Responses": {table: items}, "ConsumedCapacity": [{"CapacityUnits": units}]}

    def batch_execute_statement(self, **parameters: Any) -> dict[str, Any]:
        """Insert items."""
        time.sleep(self._latency_s)
        units, responses = 0, []
        for statement in parameters["Statements"]:
            item = dict(zip(names_of(statement["Statement"]), statement["Parameters"], strict=True))
            units += write_units(item)
            with self._lock:
                is_new = self.items.setdefault(key_of(item), item) is item
            responses.append({} if is_new else {"Error": {"Code": "DuplicateItem"}})
        return {"Responses": responses, "ConsumedCapacity": [{"CapacityUnits": units}]}


@functools.cache
def names_of(statement: str) -> list[str]:
    """Return the names of the attributes in an INSERT."""
    return re.findall(r"'([^']+)': \?", statement)


def write_units(item: Item) -> int:
    """Return the write units of an item."""
    return math.ceil(item_size(item) / WRITE_BYTES)
