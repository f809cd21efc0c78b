"""Every action of Cognito's API: the table in the documentation, and the answers of the local AWS."""

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel
from conformance_aws import AwsResources
from pulumi_localaws.gateway.cognito.action_table import REJECTED, classify_actions, replace_table

DOCUMENT = Path(__file__).parents[3] / "docs" / "cognito-behaviour.md"
MODEL = botocore.session.get_session().get_service_model("cognito-idp")
GARBAGE = {"string": 5, "integer": "x", "boolean": "x", "structure": "x", "list": "x", "map": "x"}


def test_document_has_the_current_table() -> None:
    """Our own rule: after a change, run the module `action_table` with the document."""
    document = DOCUMENT.read_text()

    assert document == replace_table(document)


def list_bodies(operation: OperationModel, known_values: dict[str, str]) -> list[Any]:
    """Return bodies of a call: nothing, another type, nulls, garbage, and garbage around known values."""
    members = operation.input_shape.members
    garbage = {name: GARBAGE.get(shape.type_name, "x") for name, shape in members.items()}
    values = {name: value for name, value in known_values.items() if name in members}
    return [{}, [1], dict.fromkeys(members), garbage, values, {**garbage, **values}]


def send(aws: AwsResources, operation: OperationModel, body: Any) -> tuple[int, Any]:
    request = AWSRequest(
        "POST",
        f"{aws.local_aws.endpoint}/",
        data=json.dumps(body).encode(),
        headers={
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation.name}",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    if operation.auth_type != "none":
        SigV4Auth(Credentials("test", "test"), "cognito-idp", aws.region).add_auth(request)
    response = requests.post(request.url, data=request.data, headers=dict(request.headers), timeout=20)
    return response.status_code, json.loads(response.content or b"{}")


@pytest.mark.long
def test_every_action_answers_in_the_form_of_aws(aws: AwsResources) -> None:
    """Line 69 (doc): no unknown action, no status 500, and no text about Python's objects."""
    pool_id = aws.create_pool()["Id"]
    known_values = {"UserPoolId": pool_id, "ClientId": aws.create_client(pool_id), "Username": "ann"}
    problems = []
    for action, part in classify_actions().items():
        operation = MODEL.operation_model(action)
        for body in list_bodies(operation, known_values):
            if action == "DeleteUserPool" and isinstance(body, dict) and body.get("UserPoolId") == pool_id:
                continue
            status, document = send(aws, operation, body)
            text = json.dumps(document)
            is_aws_error = isinstance(document, dict) and {"__type", "message"} <= document.keys()
            if (
                (status >= 400 and not is_aws_error)
                or (status >= 500 and (status, part) != (501, REJECTED))
                or any(hint in text for hint in ("NoneType", "object has no", "Unknown", "literal"))
            ):
                problems.append((action, body, status, text[:200]))

    assert problems == []
