"""A fake of the emulator without sockets: functions are Python callables, every call is recorded."""

import asyncio
import base64
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from conformance_fake_cognito import ACCOUNT, FUNCTION, POOL_ARN, FakeCognito
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.local.worker_queue import WAIT_PATH

Handler = Callable[[dict[str, Any]], Any]


def permission(principal: str = "cognito-idp.amazonaws.com", **conditions: Any) -> dict[str, Any]:
    """Return a policy statement like those of AddPermission."""
    source = {"ArnLike": {"AWS:SourceArn": POOL_ARN}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}
    return {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": conditions or source,
    }


class FakeEmulator(FakeCognito):
    """The emulator: Cognito, one function with its policy, one HTTP API, DynamoDB's permissions, inboxes."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.calls: list[str] = []
        """The action of each call, except Lambda's and those to the emulator's own paths."""
        self.events: list[dict[str, Any]] = []
        self.handler: Handler = lambda event: event
        self.handler_delays: list[float] = []
        self.seconds_without_worker = 0.0
        """How long each invocation has waited for a worker of its function."""
        self.policy: list[dict[str, Any]] = [permission()]
        self.asynchronous_sources: list[str] = []
        """The trigger source of each event that was queued for the function."""
        self.kms_error_code = ""
        self.key_metadata = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled"}
        self.data_keys: dict[bytes, tuple[bytes, dict[str, str]]] = {}
        """Plaintext and encryption context of each encrypted data key."""
        self.text_messages: list[tuple[str, str]] = []
        self.health: dict[str, Any] = {"version": "1.5.33", "iot_mtls": {}}
        self.denied_principal = ""
        self.policy_decisions: dict[str, str] = {}
        self.api_routes: list[dict[str, Any]] = []
        self.api_stage: dict[str, Any] = {"stageName": "$default"}
        self.api_integration: dict[str, Any] = {
            "integrationId": "i1",
            "integrationType": "AWS_PROXY",
            "integrationUri": FUNCTION,
        }
        self.is_api_stuck = False

    async def __call__(self, request: Request) -> Response:
        """Return the emulator's response."""
        await asyncio.sleep(0)
        self.requests.append(request)
        target = request.header("x-amz-target")
        if not target:
            return await self._handle_path(request, request.target.partition("?")[0])
        action = target.rpartition(".")[2]
        self.calls.append(action)
        if target.startswith("TrentService."):
            return self._handle_kms(action, json.loads(request.body))
        if not target.startswith("AWSCognito"):
            return self._handle_dynamodb(request, action)
        status, document = await self.call(action, json.loads(request.body))
        return _json(document, status)

    async def _handle_path(self, request: Request, path: str) -> Response:  # noqa: PLR0911 - a switch by path
        if path.startswith(WAIT_PATH):
            return _json({"seconds": self.seconds_without_worker})
        if path == "/_localstack/health":
            return _json(self.health)
        if path == "/_ministack/ses/messages":
            return _json({"messages": {ACCOUNT: self.emails}})
        if path in {"/_ministack/reset", "/_localaws/data-baseline"} or request.method == "DELETE":
            return _json({})
        if path == "/oauth2/token":
            user = next(iter(self.users.values()))
            status, document = await self._issue_tokens(user, "TokenGeneration_HostedAuth")
            return _json(document, status)
        if path.startswith("/2015-03-31/functions"):
            return await self._handle_lambda(request, path)
        if path.startswith("/v2/apis/"):
            return self._describe_api(path)
        if path.startswith("/_aws/execute-api/"):
            self.calls.append("execute-api")
            if self.is_api_stuck:
                await asyncio.Event().wait()
            return _json({"reached": True})
        return self._handle_query({k: v[0] for k, v in parse_qs(request.body.decode()).items()})

    def _handle_query(self, form: dict[str, str]) -> Response:
        self.calls.append(form["Action"])
        if form["Action"] == "Publish":
            self.text_messages.append((form["PhoneNumber"], form["Message"]))
            return Response(200, (), b"<PublishResponse/>")
        key = f"{form['PolicySourceArn']} {form['ActionNames.member.1']} {form['ResourceArns.member.1']}"
        decision = self.policy_decisions.get(key, "implicitDeny")
        return Response(200, (), f"<R xmlns='x'><EvalDecision>{decision}</EvalDecision></R>".encode())

    def _handle_dynamodb(self, request: Request, action: str) -> Response:
        if self.denied_principal and "Credential=test/" not in request.header("authorization"):
            principal = self.denied_principal
            text = f"User: {principal} is not authorized to perform: dynamodb:{action} because no policy"
            return _json({"__type": "AccessDeniedException", "message": text}, 403)
        return _json({"Responses": []})

    def _handle_kms(self, action: str, parameters: dict[str, Any]) -> Response:
        if self.kms_error_code:
            return _json({"__type": self.kms_error_code, "message": "rejected"}, 400)
        if action == "DescribeKey":
            return _json({"KeyMetadata": self.key_metadata})
        plaintext = secrets.token_bytes(parameters["NumberOfBytes"])
        ciphertext = secrets.token_bytes(32)
        self.data_keys[ciphertext] = (plaintext, parameters["EncryptionContext"])
        encoded_keys = {"Plaintext": plaintext, "CiphertextBlob": ciphertext}
        return _json(
            {
                "KeyId": parameters["KeyId"],
                **{k: base64.b64encode(v).decode() for k, v in encoded_keys.items()},
            }
        )

    def _describe_api(self, path: str) -> Response:
        items = {
            "routes": self.api_routes,
            "stages": [self.api_stage],
            "integrations": [self.api_integration],
        }
        return _json({"items": items[path.rsplit("/", 1)[-1]]})

    async def _handle_lambda(self, request: Request, path: str) -> Response:
        if path == "/2015-03-31/functions":
            document = json.loads(request.body)
            url = document["Environment"]["Variables"]["MINISTACK_LAMBDA_PROXY_URL"]
            self.relay_urls[document["FunctionName"]] = url
            return _json({}, 201)
        if path.endswith("/policy"):
            return (
                _json({"Policy": json.dumps({"Statement": self.policy})}) if self.policy else _json({}, 404)
            )
        self.events.append(json.loads(request.body))
        if request.header("x-amz-invocation-type") == "Event":
            self.asynchronous_sources.append(self.events[-1]["triggerSource"])
            return Response(202, ())
        await asyncio.sleep(self.handler_delays.pop(0) if self.handler_delays else 0)
        try:
            return _json(self.handler(json.loads(request.body)))
        except Exception as error:  # noqa: BLE001 - a function may raise anything
            failure = {"errorMessage": str(error), "errorType": type(error).__name__}
            return Response(200, (("X-Amz-Function-Error", "Unhandled"),), json.dumps(failure).encode())


def _json(document: Any, status: int = 200) -> Response:
    body = json.dumps(document).encode()
    return Response(status, (("Content-Type", "application/x-amz-json-1.1"),), body)
