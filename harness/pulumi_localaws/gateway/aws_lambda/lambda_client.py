"""Invoke Lambda functions as an AWS service does, after a check of the function's resource policy."""

import json
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pulumi_localaws.gateway.aws_lambda.resource_policy import allows
from pulumi_localaws.gateway.wire.http_messages import Response
from pulumi_localaws.gateway.wire.late_calls import LateCalls
from pulumi_localaws.gateway.wire.root_client import RootClient
from pulumi_localaws.local.worker_queue import INVOCATION_HEADER, WAIT_PATH

_ARN_PARTS, _QUALIFIED_ARN_PARTS = 7, 8


@dataclass(frozen=True)
class FunctionRef:
    """A function, with the qualifier that it is called with.

    Attributes:
        arn: The ARN with its qualifier, if it has one.
        region: The function's region.
        name: The function's name.
        qualifier: An alias or a version, or an empty string.
    """

    arn: str
    region: str
    name: str
    qualifier: str

    @classmethod
    def parse(cls, arn: str) -> "FunctionRef | None":
        """Parse ``arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]``; None for other text."""
        parts = arn.split(":")
        if len(parts) not in {_ARN_PARTS, _QUALIFIED_ARN_PARTS} or parts[2] != "lambda":
            return None
        return cls(arn, parts[3], parts[6], parts[7] if len(parts) == _QUALIFIED_ARN_PARTS else "")

    @property
    def path(self) -> str:
        """The function's path in Lambda's API."""
        return f"/2015-03-31/functions/{quote(self.name, safe='')}"

    @property
    def query(self) -> dict[str, str]:
        """The query parameters with the qualifier."""
        return {"Qualifier": self.qualifier} if self.qualifier else {}


class LambdaClient:
    """Checks invoke permissions and invokes functions, as root.

    Args:
        root_client: Sends the requests.
    """

    def __init__(self, root_client: RootClient) -> None:
        self._root_client = root_client
        self._late_calls = LateCalls()

    async def may_invoke(
        self, function: FunctionRef, *, principal: str, source_arn: str, account: str
    ) -> bool:
        """Return whether the function's resource policy allows a service to invoke it for this source."""
        response = await self._root_client.call_rest(
            "lambda", "GET", f"{function.path}/policy", query=function.query, region=function.region
        )
        if response.status != HTTPStatus.OK:
            return False
        try:
            policy = json.loads(response.json()["Policy"])
        except (ValueError, KeyError, TypeError):
            return False
        context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
        return allows(policy, principal=principal, resource=function.arn, context=context)

    async def invoke(self, function: FunctionRef, event: dict[str, Any], seconds: float) -> Response | None:
        """Invoke a function and return Lambda's response; its headers show an error of the function.

        Args:
            function: The function.
            event: The event.
            seconds: Time limit. The time in which the function waits for one of the few workers of the local
                AWS does not count: Lambda has one for each invocation.

        Returns:
            The response; None if the time limit is exceeded. The invocation continues.
        """
        invocation_id = uuid.uuid4().hex
        call = self._root_client.call_rest(
            "lambda",
            "POST",
            f"{function.path}/invocations",
            payload=event,
            query=function.query,
            headers={INVOCATION_HEADER: invocation_id},
            region=function.region,
        )

        async def read_wait() -> float:
            response = await self._root_client.call_rest("lambda", "GET", f"{WAIT_PATH}{invocation_id}")
            return float(response.json()["seconds"]) if response.status == HTTPStatus.OK else 0.0

        return await self._late_calls.wait(call, seconds, read_wait)

    async def invoke_asynchronously(self, function: FunctionRef, event: dict[str, Any]) -> Response:
        """Let Lambda queue an event for a function, and return Lambda's response.

        Lambda invokes the function up to three times until it succeeds (Lambda Developer Guide, "How Lambda
        handles errors and retries with asynchronous invocation").
        """
        return await self._root_client.call_rest(
            "lambda",
            "POST",
            f"{function.path}/invocations",
            payload=event,
            query=function.query,
            headers={"X-Amz-Invocation-Type": "Event"},
            region=function.region,
        )


def parse_function_error(response: Response) -> str | None:
    """Return the message of a failed function, or None if the function succeeded."""
    if not any(n.lower() == "x-amz-function-error" for n, _ in response.headers):
        return None
    try:
        document = response.json()
    except ValueError:
        return response.body.decode("utf-8", "replace")
    if isinstance(document, dict):
        return str(document.get("errorMessage", document))
    return str(document)
