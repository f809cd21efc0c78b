"""Outbox worker: registers the users whom the PostConfirmation trigger couldn't.

Environment: USERS_TABLE, AUDIT_TABLE, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE.

Actions its role needs, and no more:

* on the users table, for keys that begin with `USER#`: `dynamodb:PutItem`, `dynamodb:UpdateItem`,
  `dynamodb:ConditionCheckItem`;
* on the audit table: `dynamodb:PutItem`;
* on the user pool: `cognito-idp:AdminGetUser`;
* on the outbox queue, for its event source mapping: `sqs:ReceiveMessage`, `sqs:DeleteMessage`,
  `sqs:GetQueueAttributes`.
"""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from userprofiles.registration import outbox
from userprofiles.telemetry import Report

REPORT = Report()
WORKER = outbox.from_environment(os.environ)
# Not the whole batch: that would raise, and an exception's text goes to the log as it is.
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def work(record: SQSRecord) -> None:  # Powertools hands it over by this name
    """Register the user whom one message names."""
    outbox.work(WORKER, record.raw_event, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Tell SQS which messages have to come back; after some tries they go to the dead-letter queue."""
    answer = process_partial_response(event=event, record_handler=work, processor=PROCESSOR, context=context)
    outbox.tell_unexpected([error for _, error, _ in PROCESSOR.exceptions], REPORT)
    return answer
