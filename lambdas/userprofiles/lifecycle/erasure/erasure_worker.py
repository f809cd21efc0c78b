"""The work of the erasure function: messages of the erasure queue, and the sweep of the schedule.

A message is only a hint. Who is erased is decided by the table: the grace period of a marked account is over,
or the receipt is open. A message that is repeated, late or wrong does no harm.

A run that needs more time than the function has sends itself a message. Lambda stops a function after about
16 such messages in one chain, and puts the next one into the dead-letter queue (AWS Lambda, "Lambda recursive
loop detection"). The next sweep continues then.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.lifecycle.erasure.erasure import Erasure
from userprofiles.lifecycle.erasure.erasure_result import ErasureFailedError, Outcome
from userprofiles.lifecycle.erasure.erasure_sweep import Position, Sweep, read_position
from userprofiles.lifecycle.erasure.stores.registered import is_count
from userprofiles.lifecycle.erasure.stores.store import CheckStop, ErasurePausedError, StoreFailedError
from userprofiles.table import record
from userprofiles.telemetry import Report, error_code

RESERVE_MS = 40_000
"""Milliseconds before the function's time-out at which a run stops: longer than one call of any store."""

_MAX_BODY = 4_000


class PoisonMessageError(ValueError):
    """A message is invalid. No later attempt can succeed, so it goes to the dead-letter queue."""


class ErasureMessageFailedError(Exception):
    """SQS must deliver the message again. The text of this error is an error code."""


def stop_before_timeout(remaining_ms: Callable[[], int]) -> CheckStop:
    """Return a function that raises an `ErasurePausedError` shortly before the function's time-out."""

    def check_stop() -> None:
        if remaining_ms() < RESERVE_MS:
            raise ErasurePausedError

    return check_stop


@dataclass(frozen=True)
class ErasureWorker:
    """Carries out messages and sweeps.

    Attributes:
        erasure: Erases users.
        sweep: Finds due accounts and open receipts.
        sqs: A botocore client of SQS.
        queue_url: The erasure queue.
        report: Log lines and metrics.
    """

    erasure: Erasure
    sweep: Sweep
    sqs: Any
    queue_url: str
    report: Report

    def process_message(self, message: Mapping[str, Any], check_stop: CheckStop) -> None:
        """Process one message of the erasure queue.

        Raises:
            ErasureMessageFailedError: SQS must deliver the message again. The error doesn't repeat it.
        """
        message_id = message.get("messageId")
        try:
            document = _parse(message.get("body"))
            self._process(document, check_stop)
        except PoisonMessageError as error:
            self.report.error(
                "invalid erasure message", metric="ErasurePoison", messageId=message_id, problem=str(error)
            )
            raise ErasureMessageFailedError("PoisonMessage") from None
        except ErasureFailedError as error:
            self.report.error(
                "erasure failed",
                metric="ErasureFailed",
                messageId=message_id,
                sub=document["sub"],
                stores=error.failures,
            )
            raise ErasureMessageFailedError(error.code) from None
        except Exception as error:  # noqa: BLE001  (logged, and reported to SQS)
            code = error_code(error)
            self.report.error("erasure failed", metric="ErasureFailed", messageId=message_id, error=code)
            raise ErasureMessageFailedError(code) from None

    def run_sweep(self, position: Position, check_stop: CheckStop) -> None:
        """Send every due user and every open receipt to the queue. Continue by message if time is short.

        Raises:
            userprofiles.table.store_errors.StoreError, StoreFailedError, botocore.exceptions.ClientError,
            botocore.exceptions.BotoCoreError: A call to AWS failed. The next sweep starts from the beginning.
        """
        users = 0
        try:
            for page in self.sweep.pages(position):
                for sub in page.late_subs:
                    self.report.warning("erasure waits for a store", metric="ErasureWaiting", sub=sub)
                self._send_all([{"sub": sub} for sub in page.subs])
                users += len(page.subs)
                if page.next_position is not None:
                    position = page.next_position
                    check_stop()
        except ErasurePausedError:
            self._send_all([{"sweep": True, **position.to_json()}])
            self.report.info("sweep paused", users=users)
        else:
            self.report.info("sweep finished", users=users)

    def _process(self, document: Mapping[str, Any], check_stop: CheckStop) -> None:
        if document.get("sweep") is True:
            self.run_sweep(read_position(document), check_stop)
            return
        sub = document["sub"]
        if "store" in document:
            is_recorded = self.erasure.record_answer(
                sub, document["store"], document["count"], document.get("erasureId")
            )
            if not is_recorded:
                self.report.warning("answer belongs to no open erasure", sub=sub)
                return
        result = self.erasure.erase_due(sub, check_stop)
        if result.outcome is Outcome.PAUSED:
            self._send_all([{"sub": sub}])
        self.report.info("erasure message processed", sub=sub, outcome=str(result.outcome))

    def _send_all(self, documents: list[dict[str, Any]]) -> None:
        for position in range(0, len(documents), 10):  # the maximum of SendMessageBatch
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(document)}
                for number, document in enumerate(documents[position : position + 10])
            ]
            response = self.sqs.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
            if response.get("Failed"):
                raise StoreFailedError(str(response["Failed"][0].get("Code")))


def _parse(body: Any) -> dict[str, Any]:
    """Parse the body of a message.

    Raises:
        PoisonMessageError: The body is not one of the three messages.
    """
    try:
        document = json.loads(body) if isinstance(body, str) and len(body) <= _MAX_BODY else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise PoisonMessageError(f"the body must be a JSON object of at most {_MAX_BODY:,} characters")
    if document.get("sweep") is True:
        return document
    if not record.is_sub(document.get("sub")):
        raise PoisonMessageError("sub must be the sub of a user")
    if "store" in document or "count" in document:
        if not isinstance(document.get("store"), str):
            raise PoisonMessageError("store must be the name of a registered store")
        if not is_count(document.get("count")):
            raise PoisonMessageError("count must be a whole number from 0 to 1,000,000,000,000,000")
        if not isinstance(document.get("erasureId"), str | None):
            raise PoisonMessageError("erasureId must be a text")
    return document
