"""The function behind the triggers of a run: created at its first use, on the same endpoint."""

import io
import json
import time
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

from pulumi_localaws.conformance.fact import NotTriedError
from pulumi_localaws.conformance.resources import RunResources

_SOURCE = Path(__file__).with_name("trigger_function.py")
_PROBE_POOL = "probe"
_EVENT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_QUEUE_WAIT_SECONDS = 2
_LONGER_THAN_COGNITO_WAITS = 20


class TriggerFunction:
    """A function that sends the events of triggers to a queue."""

    def __init__(self, resources: RunResources) -> None:
        self._resources = resources
        self._reason = ""

    @property
    def arn(self) -> str:
        """The ARN of the function.

        Raises:
            NotTriedError: Functions can't run on this endpoint.
        """
        if self._reason:
            raise NotTriedError(self._reason)
        try:
            return self._arn
        except NotTriedError as error:
            self._reason = str(error)
            raise

    @cached_property
    def _queue(self) -> tuple[str, str]:
        return self._resources.create_queue()

    @cached_property
    def _arn(self) -> str:
        arn = self.create(_SOURCE.read_text(encoding="utf-8"))
        self._probe(arn)
        return arn

    def create(self, code: str, **settings: Any) -> str:
        """Create a function that may send to the queue of this run; return its ARN."""
        url, queue_arn = self._queue
        assume = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        actions = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
        statements = [
            {"Effect": "Allow", "Action": actions, "Resource": queue_arn},
        ]
        role = self._resources.create_role(_document(assume), _document(*statements))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("trigger_function.py", code)
        arn = self._resources.create_function(
            **{
                "Runtime": "python3.13",
                "Handler": "trigger_function.handler",
                "Role": role,
                "Code": {"ZipFile": buffer.getvalue()},
                "Timeout": _LONGER_THAN_COGNITO_WAITS,
                "Environment": {"Variables": {"QUEUE_URL": url}},
                **settings,
            }
        )
        if self._resources.backend.is_aws:
            functions = self._resources.client("lambda")
            functions.get_waiter("function_active_v2").wait(FunctionName=arn)
        return arn

    def _probe(self, arn: str) -> None:
        """Invoke the function once.

        Raises:
            NotTriedError: Its event does not arrive in the queue.
        """
        event = {"triggerSource": "Probe", "userPoolId": _PROBE_POOL, "request": {}}
        functions = self._resources.client("lambda")
        deadline = time.monotonic() + self._resources.backend.wait_seconds
        while True:
            response = functions.invoke(FunctionName=arn, Payload=json.dumps(event).encode())
            payload = response["Payload"].read().decode(errors="replace")
            if "FunctionError" not in response and self._receive():
                return
            if time.monotonic() > deadline:
                raise NotTriedError(f"functions can't run here (one returned {payload[:100]!r})")

    def allow(self, pool_arn: str, arn: str = "") -> None:
        """Allow a pool to invoke the function."""
        self._resources.client("lambda").add_permission(
            FunctionName=arn or self.arn,
            StatementId=self._resources.create_name(),
            Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com",
            SourceArn=pool_arn,
        )

    def take_events(self, pool_id: str, count: int) -> list[dict[str, Any]]:
        """Return and remove the events of a pool; wait until there are ``count``."""
        events: list[dict[str, Any]] = []
        deadline = time.monotonic() + _EVENT_SECONDS
        while True:
            new_events = self._receive()
            events += [event for event in new_events if event["userPoolId"] == pool_id]
            if not new_events and (len(events) >= count or time.monotonic() > deadline):
                return events
            if not new_events:
                time.sleep(_POLL_SECONDS)

    def _receive(self) -> list[dict[str, Any]]:
        sqs, (url, _) = self._resources.client("sqs"), self._queue
        # On AWS, a short poll asks some of the servers only and can miss a message.
        wait = _QUEUE_WAIT_SECONDS if self._resources.backend.is_aws else 0
        response = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        messages = response.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
