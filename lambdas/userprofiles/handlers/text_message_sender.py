"""Sender: sends the messages of the code queue by Amazon SNS or Twilio.

Environment: CODES_TABLE, SMS_PROVIDER (`sns` or `twilio`), CODE_TEXT, ALLOWED_COUNTRIES,
MESSAGES_PER_COUNTRY_HOUR, MESSAGES_PER_PREFIX_HOUR.
For Amazon SNS: SMS_SENDER_ID, SMS_ORIGINATION_NUMBER.
For Twilio: TWILIO_SECRET_ID, TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID, TWILIO_URL.

The function's time-out must be more than 6 s. A call of the service can take 5 s, so the event source mapping
should pass one message at a time.

The actions that its role needs, and no others:

* on the table of codes, for keys that begin with `MESSAGE#`, `PREFIX#` and `COUNTRY#`: `dynamodb:UpdateItem`
* for Amazon SNS: `sns:Publish`, on all resources, because a phone number has no ARN, and denied for topics
* for Twilio: `secretsmanager:GetSecretValue` on the secret, or `ssm:GetParameter` on the parameter
* on the code queue, for its event source mapping: `sqs:ReceiveMessage`, `sqs:DeleteMessage`,
  `sqs:GetQueueAttributes`
"""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from userprofiles.telemetry import Report, start_invocation
from userprofiles.text_messages import worker_settings
from userprofiles.text_messages.message_worker import report_unexpected_errors

REPORT = Report()
WORKER = worker_settings.create_worker(os.environ, REPORT)
# By default, a batch whose messages all fail would raise, and Lambda would log the text of the exception.
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def process_record(record: SQSRecord, lambda_context: Any) -> None:  # Powertools passes both by these names
    """Send one message."""
    WORKER.process(record.body, lambda: lambda_context.get_remaining_time_in_millis() / 1000)


def handler(event: Any, context: Any) -> Any:
    """Return the messages that were not sent. SQS delivers them again until they expire."""
    start_invocation(context)
    response = process_partial_response(
        event=event, record_handler=process_record, processor=PROCESSOR, context=context
    )
    report_unexpected_errors([error for _, error, _ in PROCESSOR.exceptions], REPORT)
    return response
