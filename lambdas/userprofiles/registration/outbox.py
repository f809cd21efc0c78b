"""The outbox: users whose registration failed and is repeated later.

A message contains the pool, the user name and the reason, and nothing else about the user: it may end in a
dead-letter queue that people read. The worker gets the user from Cognito.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import aws
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoClient, UnreadableUserError
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.telemetry import Report, error_code

_MAX_BODY = 2_000
SOURCE = "outbox"


class PoisonMessageError(ValueError):
    """A message is invalid. No later attempt can succeed, so it goes to the dead-letter queue."""


class OutboxMessageFailedError(Exception):
    """SQS must deliver the message again. The text of this error is an error code."""


class NotYetConfirmedError(Exception):
    """The user isn't confirmed yet. Nothing is written, and SQS delivers the message again."""


@dataclass(frozen=True)
class OutboxMessage:
    """A user to register.

    Attributes:
        pool_id: The user pool.
        user_name: The name of the user in the pool.
        reason: The error code of the failed registration.
    """

    pool_id: str
    user_name: str
    reason: str

    def to_json(self) -> str:
        """Return the body of the message."""
        return json.dumps({"userPoolId": self.pool_id, "userName": self.user_name, "reason": self.reason})


def parse_message(body: Any) -> OutboxMessage:
    """Parse the body of a message.

    Raises:
        PoisonMessageError: The body is not a valid outbox message.
    """
    try:
        content = json.loads(body) if isinstance(body, str) and len(body) <= _MAX_BODY else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise PoisonMessageError(f"the body must be a JSON object of at most {_MAX_BODY:,} characters")
    try:
        pool_id, user_name = cognito_user.read_pool_and_name(content)
    except UnreadableUserError as error:
        raise PoisonMessageError(str(error)) from None
    return OutboxMessage(pool_id, user_name, str(content.get("reason", "")))


class Outbox:
    """Sends messages to the outbox queue.

    Args:
        client: A botocore client of SQS.
        queue_url: The outbox queue.
    """

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, message: OutboxMessage) -> None:
        """Send a message.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: The message was not sent, or
            the result is unknown.
        """
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=message.to_json())


class OutboxRegistrar:
    """Registers the users in outbox messages.

    Args:
        registrar: Registers the users.
        cognito: A botocore client of Cognito.
    """

    def __init__(self, registrar: Registrar, cognito: CognitoClient) -> None:
        self._registrar = registrar
        self._cognito = cognito

    def register(self, body: Any) -> tuple[Outcome | None, str]:
        """Register the user of one message.

        Returns:
            The outcome and the sub; None and an empty text if the user was deleted from the pool, or is
            disabled.

        Raises:
            PoisonMessageError: The message is invalid.
            NotYetConfirmedError: The user isn't confirmed yet.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed;
            a later attempt may succeed.
        """
        message = parse_message(body)
        user = cognito_user.get_user(self._cognito, message.pool_id, message.user_name)
        if user is None:
            return None, ""
        if user.status == "UNCONFIRMED":
            raise NotYetConfirmedError("the user isn't confirmed yet")
        return self._registrar.register(user).outcome, user.sub


def process_message(worker: OutboxRegistrar, message: Mapping[str, Any], report: Report) -> None:
    """Process one message of a batch and log the result in one line.

    Args:
        worker: Registers the user.
        message: The message as SQS delivers it.
        report: Log lines and metrics.

    Raises:
        OutboxMessageFailedError: SQS must deliver the message again. The error doesn't repeat the message.
    """
    message_id = message.get("messageId")
    attempt = message.get("attributes", {}).get("ApproximateReceiveCount")
    try:
        outcome, sub = worker.register(message.get("body"))
    except PoisonMessageError as error:
        report.error(
            "invalid outbox message", metric="OutboxPoison", messageId=message_id, problem=str(error)
        )
        raise OutboxMessageFailedError("PoisonMessage") from None
    except Exception as error:  # noqa: BLE001  (logged, and reported to SQS)
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
        report.info("user no longer exists or is disabled; nothing to register", messageId=message_id)
    else:
        report.info("outbox message processed", messageId=message_id, outcome=str(outcome), sub=sub)


def report_unexpected_errors(errors: Iterable[BaseException | None], report: Report) -> None:
    """Log the errors that `process_message` hasn't logged: the batch processor doesn't log them."""
    for error in errors:
        if error is not None and not isinstance(error, OutboxMessageFailedError):
            report.error("unexpected error", metric="OutboxRetry", error=error_code(error))


def from_environment(environment: Mapping[str, str]) -> OutboxRegistrar:
    """Create the worker from a function's environment.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong.
        The messages stay in the queue.
    """
    registrar = Registrar.from_environment(environment, SOURCE, aws.client("dynamodb"))
    return OutboxRegistrar(registrar, aws.client("cognito-idp"))
