"""Reader of the users table's stream: sends new users to the queues of targets.

Environment: AFTER_SIGN_UP_TARGETS, DEAD_LETTER_QUEUE_URL.

The actions that its role needs, and no others:

* on the table's stream, for its event source mapping: `dynamodb:DescribeStream`, `dynamodb:GetRecords`,
  `dynamodb:GetShardIterator`, `dynamodb:ListStreams`
* on the queues of the targets and on the dead-letter queue: `sqs:SendMessage`
"""

import os
from typing import Any

from userprofiles.lifecycle.after_sign_up.sign_up_delivery import SignUpDelivery
from userprofiles.telemetry import Report, start_invocation

DELIVERY = SignUpDelivery.from_environment(os.environ, Report())


def handler(event: Any, context: Any) -> dict[str, list[dict[str, str]]]:
    """Return the records that Lambda must deliver again; an error would make it repeat the whole batch."""
    start_invocation(context)
    sequence_numbers = DELIVERY.deliver(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": number} for number in sequence_numbers]}
