"""Outbox worker: registers the users whom the PostConfirmation trigger could not register.

Environment: USERS_TABLE, AUDIT_TABLE, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE.

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:PutItem`, `dynamodb:UpdateItem`,
  `dynamodb:ConditionCheckItem`
* on the audit table: `dynamodb:PutItem`
* on the user pool: `cognito-idp:AdminGetUser`
* on the outbox queue, for its event source mapping: `sqs:ReceiveMessage`, `sqs:DeleteMessage`,
  `sqs:GetQueueAttributes`
"""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from userprofiles.registration import outbox
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
WORKER = outbox.from_environment(os.environ)
# By default, a batch whose messages all fail would raise, and Lambda would log the text of the exception.
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def process_record(record: SQSRecord) -> None:  # Powertools passes it by this name
    """Register the user of one message."""
    outbox.process_message(WORKER, record.raw_event, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Return the failed messages. SQS delivers them again, or moves them to the dead-letter queue."""
    start_invocation(context)
    response = process_partial_response(
        event=event, record_handler=process_record, processor=PROCESSOR, context=context
    )
    outbox.report_unexpected_errors([error for _, error, _ in PROCESSOR.exceptions], REPORT)
    return response
