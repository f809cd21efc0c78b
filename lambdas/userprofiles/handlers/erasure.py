"""Erasure worker: erases the users whose grace period is over, and asks the stores of the team.

Environment: USERS_TABLE, AUDIT_TABLE, RECEIPTS_TABLE, IDEMPOTENCY_TABLE, AVATAR_BUCKET, USER_POOL_ID,
ERASURE_QUEUE_URL, and optionally ERASURE_STORES: a JSON list of the registered stores, each
`{"name": …, "functionArn": …}` or `{"name": …, "queueUrl": …}`. Default: `[]`.

Events:

* records of the erasure queue: `{"sub"}` erases a user who is due, `{"sub", "store", "count"}` is the answer
  of a registered queue store
* the schedule: `{"sweep": true}` sends every due user and every open receipt to the erasure queue

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#` or `LEGACY#`: `dynamodb:BatchGetItem`,
  `dynamodb:Query`, `dynamodb:PutItem`, `dynamodb:UpdateItem`, `dynamodb:BatchWriteItem`
* on the index `list` of the users table, for keys that begin with `LIST#DELETION#`: `dynamodb:Query`
* on the audit table: `dynamodb:PutItem`
* on the receipts table: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`; on its index `open`:
  `dynamodb:Query`
* on the idempotency table: `dynamodb:Scan`, `dynamodb:BatchWriteItem`
* on the bucket with avatars: `s3:ListBucketVersions`; on its objects below `avatars/`, `claimed/avatars/` and
  `exports/`: `s3:DeleteObject`, `s3:DeleteObjectVersion`
* on the user pool: `cognito-idp:AdminGetUser`, `cognito-idp:ListUsers`, `cognito-idp:AdminDeleteUser`
* on the erasure queue: `sqs:SendMessage` and, for its event source mapping, `sqs:ReceiveMessage`,
  `sqs:DeleteMessage`, `sqs:GetQueueAttributes`
* for registered stores: `lambda:InvokeFunction` on the functions, `sqs:SendMessage` on the queues

Metrics: ErasureFailed (a run failed and is repeated), ErasureWaiting (a receipt is open for over a day),
ErasurePoison (an invalid message).
"""

from typing import Any


def handler(event: Any, context: Any) -> Any:
    """Return the failed messages. SQS delivers them again, or moves them to the dead-letter queue."""
    raise NotImplementedError
