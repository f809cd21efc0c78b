"""The outbox: users whose registration failed, to be registered later.

A message names the pool and the user, nothing else about them: it may end in a dead-letter queue that people
read. The worker asks Cognito who the user is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import aws
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import Directory, UnreadableUserError
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.telemetry import Report, error_code

_LONGEST_BODY = 2_000
SOURCE = "outbox"


class PoisonMessageError(ValueError):
    """A message that no repetition makes readable; it goes to the dead-letter queue."""


class OutboxMessageFailedError(Exception):
    """A message that has to come back. The message is an error code."""


class NotYetConfirmedError(Exception):
    """The user hasn't confirmed yet: nothing is written for them, and the message comes back."""


@dataclass(frozen=True)
class Message:
    """Who is to be registered, and why the trigger couldn't.

    Attributes:
        pool_id: The user pool.
        user_name: The user's name in it.
        reason: An error code.
    """

    pool_id: str
    user_name: str
    reason: str

    def body(self) -> str:
        """Write the message."""
        return json.dumps({"userPoolId": self.pool_id, "userName": self.user_name, "reason": self.reason})


def parse(body: Any) -> Message:
    """Read a message.

    Raises:
        PoisonMessageError: It isn't one of ours.
    """
    try:
        content = json.loads(body) if isinstance(body, str) and len(body) <= _LONGEST_BODY else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise PoisonMessageError(f"the body must be a JSON object of at most {_LONGEST_BODY} characters")
    try:
        pool_id, user_name = cognito_user.pool_and_name(content)
    except UnreadableUserError as error:
        raise PoisonMessageError(str(error)) from None
    return Message(pool_id, user_name, str(content.get("reason", "")))


class Outbox:
    """Sends messages.

    Args:
        client: A botocore client of SQS.
        queue_url: The outbox queue.
    """

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: It isn't known to have
            arrived.
        """
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=message.body())


class OutboxWorker:
    """Registers the users that messages name.

    Args:
        registrar: Registers the users.
        directory: Cognito.
    """

    def __init__(self, registrar: Registrar, directory: Directory) -> None:
        self._registrar = registrar
        self._directory = directory

    def work(self, body: Any) -> tuple[Outcome | None, str]:
        """Register the user of one message.

        Returns:
            The outcome (None if the user was deleted from the pool meanwhile, which is fine) and the sub.

        Raises:
            PoisonMessageError: The message can't be read.
            NotYetConfirmedError: The user hasn't confirmed.
            userprofiles.table.store.StoreError, botocore.exceptions.ClientError: To be tried again.
        """
        message = parse(body)
        user = cognito_user.ask(self._directory, message.pool_id, message.user_name)
        if user is None:
            return None, ""
        if user.status == "UNCONFIRMED":
            raise NotYetConfirmedError("the user hasn't confirmed")
        return self._registrar.register(user).outcome, user.sub


def work(worker: OutboxWorker, record: Mapping[str, Any], report: Report) -> None:
    """Do one message of a batch and tell in one line what came of it.

    Args:
        worker: Registers the user.
        record: The message as SQS delivers it.
        report: Log lines and metrics.

    Raises:
        OutboxMessageFailedError: The message has to come back. It names the error, nothing of the message.
    """
    message_id = record.get("messageId")
    attempt = record.get("attributes", {}).get("ApproximateReceiveCount")
    try:
        outcome, sub = worker.work(record.get("body"))
    except PoisonMessageError as error:
        report.error("message can't be read", metric="OutboxPoison", messageId=message_id, problem=str(error))
        raise OutboxMessageFailedError("PoisonMessage") from None
    except Exception as error:  # noqa: BLE001  (reported, and told to SQS)
        code = error_code(error)
        report.warning(
            "registration failed again",
            metric="OutboxRetry",
            messageId=message_id,
            attempt=attempt,
            error=code,
        )
        raise OutboxMessageFailedError(code) from None
    if outcome is None:
        report.info("the user is gone; nothing to register", messageId=message_id)
    else:
        report.info("outbox message done", messageId=message_id, outcome=str(outcome), sub=sub)


def tell_unexpected(errors: Iterable[BaseException | None], report: Report) -> None:
    """Write a line about errors of a batch that `work` hasn't told: the batch processor keeps them quiet."""
    for error in errors:
        if error is not None and not isinstance(error, OutboxMessageFailedError):
            report.error("unexpected error", metric="OutboxRetry", error=error_code(error))


def from_environment(environment: Mapping[str, str]) -> OutboxWorker:
    """Make the worker from a function's environment.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong;
        the messages stay in the queue.
    """
    registrar = Registrar.from_environment(environment, SOURCE, aws.client("dynamodb"))
    return OutboxWorker(registrar, aws.client("cognito-idp"))
