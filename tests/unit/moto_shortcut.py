"""Answers DynamoDB calls from moto's memory, without HTTP.

In moto itself, reading the request and writing the response take five times as long as the operation.
botocore still validates the parameters and raises the errors.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.handlers import BUILTIN_HANDLERS
from botocore.parsers import create_parser
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import JsonRESTError
from moto.core.models import botocore_stubber
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler

_CLIENT_PARSER = create_parser("json")
_LOCK = threading.RLock()  # moto's tables are not safe for threads
ITEM_OPERATIONS = {
    *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
    *("BatchGetItem", "BatchWriteItem", "TransactWriteItems"),
}
"""Operations whose result in moto has the shape of the response already."""
_ITEM_BYTES = 405_000  # moto's limit


class LocalHandler(DynamoHandler):
    """moto's handler for one call, with the parameters that botocore would send."""

    def __init__(self, region: str, parameters: dict[str, Any]) -> None:
        super().__init__()
        self.region = region
        self.current_account = DEFAULT_ACCOUNT_ID
        self.params = self.body = parameters


@contextmanager
def mock_dynamodb() -> Iterator[None]:
    """Delete every table, and answer the calls of every client from moto's memory."""
    dynamodb_backends.reset()
    botocore_stubber.enabled = True  # for other services; moto.mock_aws also changes the HTTP libraries
    yield
    botocore_stubber.enabled = False


def _answer(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Any:
    """Answer a call of botocore, as a handler of its event before-call."""
    if not botocore_stubber.enabled:
        return None
    request = {"body": params["body"], "headers": {}, "values": {}, "url_params": {}}
    parameters = PROTOCOL_PARSERS["json"](model).parse(request)
    handler = LocalHandler(context["client_region"], parameters)
    operation = getattr(handler, camelcase_to_underscores(model.name))
    try:
        with _LOCK:
            result = _transact(handler, operation) if model.name == "TransactWriteItems" else operation()
    except JsonRESTError as error:
        return _response(400, error.description, model)
    return _respond(result, model)


BUILTIN_HANDLERS.append(("before-call.dynamodb", _answer))


def _create_item(item: Item, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    """Check an item's size once: moto computes the size again with each attribute."""
    item.hash_key = hash_key
    item.range_key = range_key
    item.attrs = LimitedSizeDict()
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if item.size() > _ITEM_BYTES:
        raise ItemSizeTooLarge


Item.__init__ = _create_item


def _respond(result: ActionResult, model: Any) -> tuple[AWSResponse, dict[str, Any]]:
    if model.name in ITEM_OPERATIONS:
        fields = {name: value for name, value in dict(result.result or {}).items() if value is not None}
        return AWSResponse("", 200, {}, None), fields | {"ResponseMetadata": _metadata(200)}
    return _response(200, dynamo_json_dump(result.result), model)


def _response(status: int, body: Any, model: Any) -> tuple[AWSResponse, dict[str, Any]]:
    raw = {"status_code": status, "headers": {}, "body": str(body).encode()}
    parsed = _CLIENT_PARSER.parse(raw, model.output_shape)
    if status == 400:
        code = parsed["Error"]["Code"]
        shape = next((shape for shape in model.error_shapes if shape.name == code), None)
        parsed |= _CLIENT_PARSER.parse(raw, shape) if shape else {}
    return AWSResponse("", status, {}, None), parsed | {"ResponseMetadata": _metadata(status)}


def _metadata(status: int) -> dict[str, Any]:
    return {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}


def _transact(handler: DynamoHandler, operation: Callable[[], Any]) -> Any:
    """Carry out a transaction; restore the items that it names if it is cancelled.

    moto restores whole tables instead, from copies that take most of the time.
    """
    backend = handler.dynamodb_backend
    before: list[tuple[Table, Any, Any]] = []
    for action in handler.body["TransactItems"]:
        [details] = action.values()
        table = backend.tables.get(details["TableName"])
        if table is not None:
            keys = details.get("Key", details.get("Item"))
            before.append((table, keys, copy.deepcopy(backend.get_item(table.name, _key(table, keys)))))
    try:
        with patch.object(Table, "__deepcopy__", _same_table, create=True):
            return operation()
    except Exception:
        for table, keys, item in before:
            if item is None:
                backend.delete_item(table.name, _key(table, keys))
            else:
                backend.put_item(table.name, item.to_json()["Attributes"])
        raise


def _key(table: Table, attributes: dict[str, Any]) -> dict[str, Any]:
    names = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
    return {name: attributes[name] for name in names}


def _same_table(table: Table, _memo: Any) -> Table:
    """Return the table itself: moto's copy is not needed."""
    return table
