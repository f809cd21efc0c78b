"""The table of codes in memory: a call takes microseconds, so a test can make ten thousand of them.

It evaluates the expressions of the real calls, and raises for others. The tests of the table run on moto too.
"""

import copy
import functools
import re
import threading

from botocore.exceptions import ClientError


def _parse(item):
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}


def _format(item):
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()
    }


@functools.cache
def _compile_condition(condition):
    text = re.sub(r"attribute_not_exists\((\w+)\)", r"(item.get('\1') is None)", condition)
    text = re.sub(r"attribute_exists\((\w+)\)", r"(item.get('\1') is not None)", text)
    text = re.sub(r"(\w+) (=|<=|<|>) (:\w+)", r"compare(item.get('\1'), '\2', values['\3'])", text)
    return compile(text.replace(" AND ", " and ").replace(" OR ", " or "), condition, "eval")


def _compare(actual, operator, expected):
    if actual is None:
        return False
    if operator == "=":
        return actual == expected
    if operator == "<=":
        return actual <= expected
    return actual < expected if operator == "<" else actual > expected


@functools.cache
def _parse_update(update):
    """Return the clauses of an update: SET, ADD or REMOVE, and its actions."""
    parts = re.split(r"\b(SET|ADD|REMOVE) ", update)[1:]
    return [
        (keyword, re.split(r", (?![^(]*\))", actions.strip()))
        for keyword, actions in zip(parts[::2], parts[1::2], strict=True)
    ]


def _update(item, update, values):
    changes = {}
    for keyword, actions in _parse_update(update):
        for action in actions:
            if keyword == "REMOVE":
                item.pop(action, None)
            elif keyword == "ADD":
                name, value = action.split()
                changes[name] = item.get(name, 0) + values[value]
            else:
                name, _, value = action.partition(" = ")
                default = re.fullmatch(r"if_not_exists\((\w+), (:\w+)\)", value)
                changes[name] = item.get(default[1], values[default[2]]) if default else values[value]
    item |= changes
    return changes


class MemoryCodes:
    """A client of DynamoDB with one table."""

    def __init__(self):
        self.stored_items = {}
        self._lock = threading.Lock()

    def items(self):
        return list(self.stored_items.values())

    def get_item(self, *, TableName, Key, ConsistentRead):  # noqa: N803
        assert (TableName, ConsistentRead) == ("codes", True)
        with self._lock:
            item = self.stored_items.get((Key["PK"]["S"], Key["SK"]["S"]))
            return {"Item": _format(item)} if item else {}

    def update_item(
        self,
        *,
        TableName,  # noqa: N803
        Key,  # noqa: N803
        UpdateExpression,  # noqa: N803
        ConditionExpression,  # noqa: N803
        ExpressionAttributeValues,  # noqa: N803
        ReturnValues="NONE",  # noqa: N803
        ReturnValuesOnConditionCheckFailure="NONE",  # noqa: N803
    ):
        assert TableName == "codes"
        returned = (ReturnValues, ReturnValuesOnConditionCheckFailure)
        is_source = Key["PK"]["S"].startswith("SOURCE#")  # the counters of addresses need no values back
        assert returned == (("NONE", "NONE") if is_source else ("UPDATED_NEW", "ALL_OLD"))
        values = _parse(ExpressionAttributeValues)
        for name in values:  # DynamoDB rejects values that no expression uses
            assert re.search(rf"{name}\b", f"{UpdateExpression} {ConditionExpression}")
        key = (Key["PK"]["S"], Key["SK"]["S"])
        with self._lock:
            item = self.stored_items.get(key, {})
            names = {"item": item, "values": values, "compare": _compare}
            if not eval(_compile_condition(ConditionExpression), {}, names):
                response = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
                raise ClientError(response | ({"Item": _format(item)} if item else {}), "UpdateItem")
            item = copy.copy(item) | _parse(Key)
            changes = _update(item, UpdateExpression, values)
            self.stored_items[key] = item
        return {"Attributes": _format(changes)}
