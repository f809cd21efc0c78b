"""Sends and reads DynamoDB's typed JSON as it is, without botocore's conversion of each value.

Botocore walks over each value of a request and of a response to convert binary values. This takes a third of
the CPU time of a backfill, whose values are typed JSON already. Botocore still signs, sends and retries the
requests: this module only handles three of its events
(https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html).
"""

import base64
import json
from typing import Any

_OPERATIONS = ("Scan", "Query", "BatchGetItem", "GetItem", "BatchExecuteStatement", "PutItem")
_BODY = "plain_json_body"
_ENCODER = json.JSONEncoder(
    check_circular=False, separators=(",", ":"), default=lambda value: base64.b64encode(value).decode()
)


def use_plain_json(client: Any) -> Any:
    """Let a client send and read typed JSON as it is, for the operations of a backfill.

    A binary value of a response is base64 text, not bytes. A backfill never uses such a value.

    Args:
        client: A botocore DynamoDB client without parameter validation, which would not see the parameters.

    Returns:
        The client.
    """
    for operation in _OPERATIONS:
        client.meta.events.register(f"provide-client-params.dynamodb.{operation}", _keep_body)
        client.meta.events.register(f"before-call.dynamodb.{operation}", _set_body)
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _read_body)
    return client


def _keep_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Serialize all parameters, and leave botocore only the table's name, which can decide the endpoint."""
    context[_BODY] = _ENCODER.encode(params).encode()
    if "RequestItems" in params:
        return {"RequestItems": {table: {} for table in params["RequestItems"]}}
    return {"TableName": params["TableName"]} if "TableName" in params else {}


def _set_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context.pop(_BODY)


def _read_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Read a successful response. All others, such as a page of a proxy, are left to botocore."""
    if response_dict["status_code"] != 200:  # noqa: PLR2004 - HTTP's success
        return
    try:
        document = json.loads(response_dict["body"])
    except ValueError:
        return
    if isinstance(document, dict):
        customized_response_dict.update(document)
        response_dict["body"] = b"{}"
