import botocore.session
import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from userprofiles.text_messages import worker_settings
from userprofiles.text_messages.sms_sender import SendResult, SendStatus, TextMessage
from userprofiles.text_messages.sns_sender import SnsSender

PHONE = "+14155550123"
MESSAGE = TextMessage(PHONE, "493817 is your code.", 180)


class FakeSns:
    def __init__(self, error=None):
        self.requests = []
        self._error = error

    def publish(self, **request):
        self.requests.append(request)
        if self._error is not None:
            raise self._error
        return {"MessageId": "9f2e"}


def create_error(code, status):
    return ClientError(
        {"Error": {"Code": code, "Message": PHONE}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Publish"
    )


def test_message_is_published_as_transactional():
    client = FakeSns()

    result = SnsSender(client).send(MESSAGE)

    assert result == SendResult(SendStatus.ACCEPTED, provider_id="9f2e")
    assert client.requests == [
        {
            "PhoneNumber": PHONE,
            "Message": "493817 is your code.",
            "MessageAttributes": {
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}
            },
        }
    ]


def test_sender_id_and_origination_number_are_attributes():
    client = FakeSns()

    SnsSender(client, sender_id="Acme", origination_number="+14155550199").send(MESSAGE)

    attributes = client.requests[0]["MessageAttributes"]
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "AWS.SNS.SMS.SenderID": "Acme",
        "AWS.MM.SMS.OriginationNumber": "+14155550199",
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (create_error("Throttled", 429), SendStatus.RETRY, "Throttled"),
        (create_error("ThrottlingException", 400), SendStatus.RETRY, "ThrottlingException"),
        (create_error("Throttling", 400), SendStatus.RETRY, "Throttling"),
        (create_error("OptedOut", 400), SendStatus.REJECTED, "OptedOut"),
        (create_error("InvalidParameter", 400), SendStatus.REJECTED, "InvalidParameter"),
        (create_error("AuthorizationError", 403), SendStatus.REJECTED, "AuthorizationError"),
        (create_error("InternalError", 500), SendStatus.UNKNOWN, "InternalError"),
        (create_error("503", 503), SendStatus.UNKNOWN, "503"),
        (ClientError({}, "Publish"), SendStatus.UNKNOWN, "ClientError"),
        (boto.EndpointConnectionError(endpoint_url=PHONE), SendStatus.RETRY, "EndpointConnectionError"),
        (boto.ConnectTimeoutError(endpoint_url=PHONE), SendStatus.RETRY, "ConnectTimeoutError"),
        (boto.ReadTimeoutError(endpoint_url=PHONE), SendStatus.UNKNOWN, "ReadTimeoutError"),
        (boto.ConnectionClosedError(endpoint_url=PHONE), SendStatus.UNKNOWN, "ConnectionClosedError"),
        (boto.HTTPClientError(error=PHONE), SendStatus.UNKNOWN, "HTTPClientError"),
        (boto.ParamValidationError(report=PHONE), SendStatus.REJECTED, "ParamValidationError"),
    ],
)
def test_error_says_whether_the_message_may_have_been_sent(error, status, code):
    result = SnsSender(FakeSns(error)).send(MESSAGE)

    assert (result.status, result.code) == (status, code)
    assert PHONE not in repr(result)


@pytest.mark.parametrize("status", [500, 503])
def test_client_of_the_worker_calls_once(monkeypatch, status):
    """By default, botocore repeats a 5xx response, and the number would get a second message."""
    sender = worker_settings.create_sender({"SMS_PROVIDER": "sns"})
    calls = []

    def answer(request, **_):
        calls.append(request)
        response = AWSResponse(request.url, status, {}, None)
        response._content = b"<ErrorResponse><Error><Code>InternalError</Code></Error></ErrorResponse>"
        return response

    sender._client.meta.events.register("before-send.sns.Publish", answer)

    assert sender.send(MESSAGE).status == SendStatus.UNKNOWN
    assert len(calls) == 1


def test_result_of_throttling_has_the_code_that_botocore_describes():
    shape = botocore.session.Session().get_service_model("sns").shape_for("ThrottledException")

    assert (shape.error_code, shape.metadata["error"]["httpStatusCode"]) == ("Throttled", 429)
