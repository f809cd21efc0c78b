"""Erasure worker: erases the users whose grace period is over, and asks the stores of the team.

Environment: USERS_TABLE, AUDIT_TABLE, RECEIPTS_TABLE, IDEMPOTENCY_TABLE, AVATAR_BUCKET, USER_POOL_ID,
ERASURE_QUEUE_URL, and optionally:

* MEDIA_BUCKET: the bucket with media
* ERASURE_STORES: a JSON list of the registered stores, each `{"name": …, "functionArn": …}` or
  `{"name": …, "queueUrl": …}`. Default: `[]`

Events:

* records of the erasure queue: `{"sub"}` erases a user who is due, `{"sub", "store", "count"}` is the answer
  of a registered queue store
* the schedule: `{"sweep": true}` sends every due user and every open receipt to the erasure queue

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`, `LEGACY#` or `REDIRECT#`, and `REMOVAL#OPEN`:
  `dynamodb:BatchGetItem`, `dynamodb:Query`, `dynamodb:PutItem`, `dynamodb:BatchWriteItem`
* on the index `list` of the users table, for keys that begin with `LIST#DELETION#`: `dynamodb:Query`
* on the audit table: `dynamodb:PutItem`
* on the receipts table: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`; on its index `open`:
  `dynamodb:Query`
* on the idempotency table: `dynamodb:Scan`, `dynamodb:BatchWriteItem`
* on the bucket with avatars: `s3:ListBucketVersions`; on its objects below `avatars/`, `claimed/avatars/` and
  `exports/`: `s3:DeleteObject`, `s3:DeleteObjectVersion`
* on the bucket with media: `s3:ListBucketVersions`; on its objects below `media/`: `s3:DeleteObject`,
  `s3:DeleteObjectVersion`
* on the user pool: `cognito-idp:AdminGetUser`, `cognito-idp:ListUsers`, `cognito-idp:AdminDeleteUser`
* on the erasure queue: `sqs:SendMessage` and, for its event source mapping, `sqs:ReceiveMessage`,
  `sqs:DeleteMessage`, `sqs:GetQueueAttributes`
* for registered stores: `lambda:InvokeFunction` on the functions, `sqs:SendMessage` on the queues

Metrics: ErasureFailed (a run failed and is repeated), ErasureWaiting (a receipt is open for over a day),
ErasurePoison (an invalid message).

Its time-out must be at least two minutes: a run stops 40 seconds before it, and sends itself a message.
"""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from userprofiles.lifecycle.erasure import erasure_worker
from userprofiles.lifecycle.erasure.erasure_setup import create_client, create_worker
from userprofiles.lifecycle.erasure.erasure_sweep import read_position
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
WORKER = create_worker(os.environ, create_client, REPORT)
# By default, a batch whose messages all fail would raise, and Lambda would log the text of the exception.
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def handler(event: Any, context: Any) -> Any:
    """Process messages of the erasure queue, or run the sweep.

    Returns:
        The failed messages. SQS delivers them again, or moves them to the dead-letter queue.
    """
    start_invocation(context)
    check_stop = erasure_worker.stop_before_timeout(context.get_remaining_time_in_millis)
    if "Records" not in event:
        WORKER.run_sweep(read_position(event), check_stop)
        return None

    def process_record(record: SQSRecord) -> None:  # Powertools passes it by this name
        WORKER.process_message(record.raw_event, check_stop)

    return process_partial_response(
        event=event, record_handler=process_record, processor=PROCESSOR, context=context
    )
