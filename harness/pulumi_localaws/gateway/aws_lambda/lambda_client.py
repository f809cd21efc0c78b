"""Calling Lambda functions as an AWS service does: after asking the function's resource policy."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pulumi_localaws.gateway.aws_lambda.resource_policy import allows
from pulumi_localaws.gateway.wire.http_messages import Response
from pulumi_localaws.gateway.wire.root_client import RootClient

_PLAIN_PARTS, _QUALIFIED_PARTS = 7, 8


@dataclass(frozen=True)
class FunctionRef:
    """A function as it is called.

    Attributes:
        arn: The ARN with its qualifier, if it has one.
        region: Its region.
        name: Its name.
        qualifier: An alias or a version, or an empty string.
    """

    arn: str
    region: str
    name: str
    qualifier: str

    @classmethod
    def parse(cls, arn: str) -> "FunctionRef | None":
        """Split ``arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]``; None if it is none."""
        parts = arn.split(":")
        if len(parts) not in {_PLAIN_PARTS, _QUALIFIED_PARTS} or parts[2] != "lambda":
            return None
        return cls(arn, parts[3], parts[6], parts[7] if len(parts) == _QUALIFIED_PARTS else "")

    @property
    def path(self) -> str:
        """The path of the function in Lambda's API."""
        return f"/2015-03-31/functions/{quote(self.name, safe='')}"

    @property
    def query(self) -> dict[str, str]:
        """The query that names the qualifier."""
        return {"Qualifier": self.qualifier} if self.qualifier else {}


class LambdaClient:
    """Asks for permissions and invokes, as the emulator's root.

    Args:
        root: The signer.
    """

    def __init__(self, root: RootClient) -> None:
        self._root = root

    async def permitted(
        self, function: FunctionRef, *, principal: str, source_arn: str, account: str
    ) -> bool:
        """Tell whether the function's resource policy lets a service invoke it for this source."""
        answer = await self._root.rest(
            "lambda", "GET", f"{function.path}/policy", query=function.query, region=function.region
        )
        if answer.status != HTTPStatus.OK:
            return False
        try:
            policy = json.loads(answer.json()["Policy"])
        except (ValueError, KeyError, TypeError):
            return False
        context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
        return allows(policy, principal=principal, resource=function.arn, context=context)

    async def invoke(self, function: FunctionRef, event: dict[str, Any]) -> Response:
        """Invoke a function and return Lambda's answer; an error of the function is in its headers."""
        return await self._root.rest(
            "lambda",
            "POST",
            f"{function.path}/invocations",
            payload=event,
            query=function.query,
            region=function.region,
        )


def function_error(answer: Response) -> str | None:
    """Return the message of a function that failed, or None when it did not."""
    if not any(n.lower() == "x-amz-function-error" for n, _ in answer.headers):
        return None
    try:
        document = answer.json()
    except ValueError:
        return answer.body.decode("utf-8", "replace")
    if isinstance(document, dict):
        return str(document.get("errorMessage", document))
    return str(document)
