"""A small DynamoDB in memory: a call takes microseconds, so a test can make thousands of them.

It has the operations, conditions and updates that the users, audit and receipts tables need, and raises for
all others. Tests with moto check the expressions; tests with this table check sequences of calls.
"""

import copy
import re
import threading

from botocore.exceptions import ClientError
from userprofiles.table.attribute_value import deserialize, deserialize_item, serialize, serialize_item

KEYS = {"users": ("PK", "SK"), "audit": ("PK", "SK"), "receipts": ("PK",), "idempotency": ("id",)}
INDEXES = {
    "list": ("listPK", "listSK"),
    "status-list": ("statusListPK", "listSK"),
    "open": ("openPK", "startedAt"),
}


def _error(code, **response):
    return ClientError({"Error": {"Code": code, "Message": ""}, **response}, "Operation")


class Expressions:
    """Evaluates the expressions of one request on plain items."""

    def __init__(self, request):
        self._names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        self._values = {name: deserialize(value) for name, value in values.items()}

    def path(self, text):
        return [self._names.get(part, part) for part in text.strip().split(".")]

    def get(self, item, text):
        if text.strip().startswith(":"):
            return self._values[text.strip()]
        for part in self.path(text):
            item = item.get(part) if isinstance(item, dict) else None
        return item

    def is_true(self, expression, item):
        return all(
            self._clause(clause.strip(), item) for clause in (expression or "").split(" AND ") if clause
        )

    def _clause(self, clause, item):
        function = re.fullmatch(r"(\w+)\(([^,]+)(?:, *(:\w+))?\)", clause)
        if function:
            name, path, value = function.groups()
            actual = self.get(item, path)
            if name == "attribute_exists":
                return actual is not None
            if name == "attribute_not_exists":
                return actual is None
            expected = self._values[value]
            if name == "contains":
                return actual is not None and expected in actual
            assert name == "begins_with"
            return actual is not None and actual.startswith(expected)
        left, operator, right = re.fullmatch(r"(\S+) (=|<>|<) (\S+)", clause).groups()
        actual, expected = self.get(item, left), self.get(item, right)
        if operator == "=":
            exists = actual is not None or (expected is None and self.path(left)[-1] in item)  # the type NULL
            return exists and actual == expected
        return actual != expected if operator == "<>" else actual is not None and actual < expected

    def update(self, expression, item):
        sets, _, removes = expression.removeprefix("SET ").partition("REMOVE ")
        for assignment in re.split(r", (?![^(]*\))", sets.strip()) if sets.strip() else ():
            path, _, value = assignment.partition(" = ")
            default = re.fullmatch(r"if_not_exists\((\S+), (\S+)\)", value)
            if default and self.get(item, default[1]) is not None:
                continue
            *parents, name = self.path(path)
            target = item
            for parent in parents:
                target = target[parent]
            target[name] = self.get(item, default[2] if default else value)
        for path in filter(None, removes.split(", ")):
            item.pop(self.path(path)[-1], None)


class MemoryClient:
    """A client of DynamoDB."""

    def __init__(self):
        self.tables = {name: {} for name in KEYS}
        self._lock = threading.Lock()

    def _key(self, table, item):
        return tuple(item[name]["S"] for name in KEYS[table])

    def describe_table(self, *, TableName):  # noqa: N803
        if TableName not in self.tables:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeTable"
            )
        key_types = zip(KEYS[TableName], ("HASH", "RANGE"), strict=False)
        keys = [{"AttributeName": name, "KeyType": key_type} for name, key_type in key_types]
        return {"Table": {"TableStatus": "ACTIVE", "KeySchema": keys}}

    def get_item(self, *, TableName, Key, **_):  # noqa: N803
        with self._lock:
            item = self.tables[TableName].get(self._key(TableName, Key))
        return {"Item": copy.deepcopy(item)} if item else {}

    def put_item(self, *, TableName, Item):  # noqa: N803
        with self._lock:
            self.tables[TableName][self._key(TableName, Item)] = copy.deepcopy(Item)

    def delete_item(self, *, TableName, Key):  # noqa: N803
        with self._lock:
            self.tables[TableName].pop(self._key(TableName, Key), None)

    def batch_get_item(self, *, RequestItems):  # noqa: N803
        responses = {}
        for table, request in RequestItems.items():
            items = [self.get_item(TableName=table, Key=key).get("Item") for key in request["Keys"]]
            responses[table] = [item for item in items if item]
        return {"Responses": responses}

    def batch_write_item(self, *, RequestItems):  # noqa: N803
        for table, requests in RequestItems.items():
            assert 0 < len(requests) <= 25
            for request in requests:
                if "PutRequest" in request:
                    self.put_item(TableName=table, Item=request["PutRequest"]["Item"])
                else:
                    self.delete_item(TableName=table, Key=request["DeleteRequest"]["Key"])
        return {}

    def query(self, *, TableName, KeyConditionExpression, IndexName=None, **request):  # noqa: N803
        sort = INDEXES[IndexName] if IndexName else KEYS[TableName]
        return self._select(TableName, KeyConditionExpression, sort, request)

    def scan(self, *, TableName, FilterExpression="", **request):  # noqa: N803
        return self._select(TableName, FilterExpression, KEYS[TableName], request)

    def _select(self, table, condition, sort, request):
        expressions = Expressions(request)
        with self._lock:
            items = [
                copy.deepcopy(item)
                for item in self.tables[table].values()
                if expressions.is_true(condition, deserialize_item(item))
            ]
        return {"Items": sorted(items, key=lambda item: [item.get(name, {}).get("S", "") for name in sort])}

    def update_item(self, **action):
        with self._lock:
            if self._failure(action) is not None:
                raise _error("ConditionalCheckFailedException")
            self._write("Update", action)

    def transact_write_items(self, *, TransactItems):  # noqa: N803
        actions = [next(iter(action.items())) for action in TransactItems]
        with self._lock:
            failures = [self._failure(action) for _, action in actions]
            if any(failure is not None for failure in failures):
                reasons = [
                    {"Code": "None"}
                    if failure is None
                    else {"Code": "ConditionalCheckFailed", "Item": failure}
                    for failure in failures
                ]
                raise _error("TransactionCanceledException", CancellationReasons=reasons)
            for kind, action in actions:
                self._write(kind, action)

    def _failure(self, action):
        """Return the existing item if the condition of an action fails, else None."""
        key = self._key(action["TableName"], action.get("Item") or action["Key"])
        item = self.tables[action["TableName"]].get(key, {})
        is_true = Expressions(action).is_true(action.get("ConditionExpression"), deserialize_item(item))
        return None if is_true else copy.deepcopy(item)

    def _write(self, kind, action):
        table = self.tables[action["TableName"]]
        if kind == "Put":
            table[self._key(action["TableName"], action["Item"])] = copy.deepcopy(action["Item"])
        elif kind == "Update":
            key = self._key(action["TableName"], action["Key"])
            item = deserialize_item(table.get(key, action["Key"]))
            Expressions(action).update(action["UpdateExpression"], item)
            table[key] = {name: serialize(value) for name, value in item.items()}
        else:
            assert kind == "ConditionCheck"


class MemoryTables:
    """The tables, with the interface of `conftest.Tables`."""

    users = "users"
    audit = "audit"
    idempotency = "idempotency"

    def __init__(self):
        self.client = MemoryClient()

    def items(self, table=None):
        return sorted(self.items_of(table or self.users), key=lambda item: (item["PK"], item["SK"]))

    def audit_rows(self):
        return self.items(self.audit)

    def items_of(self, table):
        return [deserialize_item(item) for item in self.client.tables[table].values()]

    def put(self, item, table=None):
        self.client.put_item(TableName=table or self.users, Item=serialize_item(item))

    def delete(self, item):
        self.client.delete_item(
            TableName=self.users, Key=serialize_item({"PK": item["PK"], "SK": item["SK"]})
        )
