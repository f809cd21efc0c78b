"""CustomSMSSender trigger: puts Cognito's own codes into the code queue.

Environment: CODE_QUEUE_URL, SENDER_KEY_ARN (the KMS key of the user pool's custom senders).

The zip of this function also contains the AWS Encryption SDK.

The actions that its role needs, and no others:

* on the pool's key for custom senders: `kms:Decrypt`
* on the code queue: `sqs:SendMessage`
"""

import os
from typing import Any

from userprofiles import aws
from userprofiles.settings import required
from userprofiles.telemetry import Report, start_invocation
from userprofiles.text_messages.code_decryption import create_decrypt
from userprofiles.text_messages.code_message import CodeQueue
from userprofiles.text_messages.cognito_codes import CognitoCodes

REPORT = Report()
CODES = CognitoCodes(
    create_decrypt(aws.client("kms", read_s=1), required(os.environ, "SENDER_KEY_ARN")),
    CodeQueue(aws.client("sqs", read_s=1), required(os.environ, "CODE_QUEUE_URL")),
    REPORT,
)


def handler(event: Any, context: Any) -> None:
    """Queue the code of an event. Lambda repeats a failed invocation."""
    start_invocation(context)
    CODES.process(event)
