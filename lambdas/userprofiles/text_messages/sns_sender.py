"""Text messages by Amazon SNS.

SNS has no idempotency token for `Publish` (Amazon SNS API Reference), so the client must not repeat a call by
itself: botocore would repeat a time-out and a 5xx response, and a second message would be sent.

SNS accepts a message even if the account's monthly spending quota is used up, and sends nothing (Amazon SNS
Developer Guide, "Requesting increases to your monthly Amazon SNS SMS spending quota"). Only the metric
SMSMonthToDateSpentUSD and the delivery logs show this.
"""

from typing import Any

from botocore import exceptions as boto

from userprofiles.telemetry import error_code
from userprofiles.text_messages.sms_sender import SendResult, SendStatus, TextMessage

# The codes in botocore's description of SNS, and those of the services' common errors.
_THROTTLING_CODES = frozenset(
    {"Throttled", "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded"}
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
# Errors before the first byte of the request is sent.
_NOT_SENT = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
    boto.CredentialRetrievalError,
    boto.NoCredentialsError,
)


class SnsSender:
    """Sends text messages with Amazon SNS.

    Args:
        client: A botocore client of SNS that calls once only.
        sender_id: Sender that the phone shows, in countries that support it; None for the account's default.
        origination_number: Number of the account that sends; None if SNS chooses one.
    """

    def __init__(
        self, client: Any, *, sender_id: str | None = None, origination_number: str | None = None
    ) -> None:
        self._client = client
        values = {
            "AWS.SNS.SMS.SMSType": "Transactional",
            "AWS.SNS.SMS.SenderID": sender_id,
            "AWS.MM.SMS.OriginationNumber": origination_number,
        }
        self._attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value
        }

    def send(self, message: TextMessage) -> SendResult:
        """Publish a message to a phone number."""
        try:
            response = self._client.publish(
                PhoneNumber=message.phone, Message=message.text, MessageAttributes=self._attributes
            )
        except boto.ClientError as error:
            return _read_error(error)
        except _NOT_SENT as error:
            return SendResult(SendStatus.RETRY, type(error).__name__)
        except boto.ParamValidationError as error:
            return SendResult(SendStatus.REJECTED, type(error).__name__)
        except boto.BotoCoreError as error:
            return SendResult(SendStatus.UNKNOWN, type(error).__name__)
        return SendResult(SendStatus.ACCEPTED, provider_id=str(response.get("MessageId", "")))


def _read_error(error: boto.ClientError) -> SendResult:
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    if code in _THROTTLING_CODES or status == _TOO_MANY_REQUESTS:
        return SendResult(SendStatus.RETRY, code)
    return SendResult(SendStatus.UNKNOWN if status >= _SERVER_ERROR else SendStatus.REJECTED, code)
