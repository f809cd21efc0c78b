"""The users table in memory, with the calls of an import and injected faults.

moto 5.2.5 answers a PartiQL INSERT that has parameters with an error 500, so this table has an INSERT of its
own. The tests in tests/e2e run the real statement on the emulator.
"""

import copy
import re
import types

from botocore.exceptions import ClientError
from memory_dynamodb import Expressions, MemoryClient
from userprofiles.backfill.limits import Limits
from userprofiles.table.attribute_value import deserialize_item, serialize_item

LIMITS = Limits(first_wait_s=0.0001, longest_wait_s=0.001, server_error_wait_s=0.0001, patience_s=5.0)
_NAME = re.compile(r"'([^']+)': \?")


def client_error(operation, code, message="", status=400):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        operation,
    )


class ImportClient(MemoryClient):
    """A client whose calls can fail on demand.

    Attributes:
        calls: The name and parameters of each call of an import.
        hooks: Functions (operation, parameters) that raise, return a response, or return None.
        statement_errors: The error codes for the next statements of a key, by (PK, SK).
        lost_responses: The keys whose next statement is executed, and answered with an error.
    """

    def __init__(self):
        super().__init__()
        self.meta = types.SimpleNamespace(region_name="eu-west-1", endpoint_url="memory")
        self.calls = []
        self.hooks = []
        self.statement_errors = {}
        self.lost_responses = set()

    def count(self, operation):
        return sum(name == operation for name, _ in self.calls)

    def _begin(self, operation, parameters):
        with self._lock:
            self.calls.append((operation, parameters))
            hooks = list(self.hooks)
        for hook in hooks:
            response = hook(operation, parameters)
            if response is not None:
                return response
        return None

    def batch_execute_statement(self, **parameters):
        assert 0 < len(parameters["Statements"]) <= 25
        response = self._begin("BatchExecuteStatement", parameters)
        if response is not None:
            return response
        return {"Responses": [self._insert(**statement) for statement in parameters["Statements"]]}

    def _insert(self, Statement, Parameters):  # noqa: N803 - DynamoDB's names
        table = re.match(r'INSERT INTO "([^"]+)" VALUE', Statement)[1]
        item = dict(zip(_NAME.findall(Statement), Parameters, strict=True))
        key = self._key(table, item)
        with self._lock:
            codes = self.statement_errors.get(key)
            if codes:
                return {"Error": {"Code": codes.pop(0), "Message": f"{item}"}}
            if key in self.tables[table]:
                return {
                    "Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
                }
            self.tables[table][key] = copy.deepcopy(item)
            if key in self.lost_responses:
                self.lost_responses.remove(key)
                return {"Error": {"Code": "InternalServerError", "Message": "the response was lost"}}
        return {"TableName": table}

    def batch_get_item(self, **parameters):
        response = self._begin("BatchGetItem", parameters)
        if response is not None:
            return response
        responses = {}
        for table, request in parameters["RequestItems"].items():
            assert 0 < len(request["Keys"]) <= 100
            with self._lock:
                items = [self.tables[table].get(self._key(table, key)) for key in request["Keys"]]
            responses[table] = [copy.deepcopy(_project(item, request)) for item in items if item]
        return {"Responses": responses}

    def put_item(self, **parameters):
        response = self._begin("PutItem", parameters)
        if response is not None:
            return response
        return self._write_one("Put", "PutItem", parameters)

    def delete_item(self, **parameters):
        response = self._begin("DeleteItem", parameters)
        if response is not None:
            return response
        return self._write_one("Delete", "DeleteItem", parameters)

    def get_item(self, *, ReturnConsumedCapacity="NONE", **parameters):  # noqa: N803
        response = self._begin("GetItem", parameters)
        if response is not None:
            return response
        item = super().get_item(**parameters).get("Item")
        return {"Item": _project(item, parameters)} if item else {}

    def query(self, **parameters):
        """Return a whole partition, or its items whose sort keys begin with a prefix."""
        self._begin("Query", parameters)
        assert parameters["KeyConditionExpression"].startswith("PK = :partition")
        values = parameters["ExpressionAttributeValues"]
        partition, prefix = values[":partition"]["S"], values.get(":prefix", {"S": ""})["S"]
        with self._lock:
            items = [
                item
                for (own_partition, sort), item in self.tables[parameters["TableName"]].items()
                if own_partition == partition and sort.startswith(prefix)
            ]
        items.sort(key=lambda item: item["SK"]["S"])
        return {"Items": [_project(item, parameters) for item in items]}

    def _write_one(self, kind, operation, action):
        with self._lock:
            if self._failure(action) is not None:
                raise client_error(operation, "ConditionalCheckFailedException")
            key = self._key(action["TableName"], action.get("Item") or action["Key"])
            if kind == "Put":
                self.tables[action["TableName"]][key] = copy.deepcopy(action["Item"])
            else:
                self.tables[action["TableName"]].pop(key, None)
        return {}

    def _failure(self, action):
        key = self._key(action["TableName"], action.get("Item") or action["Key"])
        item = self.tables[action["TableName"]].get(key, {})
        is_true = Expressions(action).is_true(action.get("ConditionExpression"), deserialize_item(item))
        return None if is_true else item


def _project(item, request):
    if not item or "ProjectionExpression" not in request:
        return item
    names = [
        request.get("ExpressionAttributeNames", {}).get(name.strip(), name.strip())
        for name in request["ProjectionExpression"].split(",")
    ]
    return {name: item[name] for name in names if name in item}


class ImportTable:
    """The users table of an import."""

    name = "users"

    def __init__(self):
        self.client = ImportClient()

    def put(self, *items):
        for item in items:
            typed_item = serialize_item(item)
            self._items[self._key(typed_item)] = typed_item

    def get(self, partition, sort):
        item = self._items.get((partition, sort))
        return deserialize_item(item) if item else None

    def items(self):
        return [deserialize_item(item) for _, item in sorted(self._items.items())]

    def keys(self):
        return set(self._items)

    def delete(self, partition, sort):
        del self._items[partition, sort]

    @staticmethod
    def _key(item):
        return item["PK"]["S"], item["SK"]["S"]

    @property
    def _items(self):
        return self.client.tables[self.name]
