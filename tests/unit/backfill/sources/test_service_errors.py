"""Errors of S3 and Cognito: what to do depends on whether the error ends by itself."""

import pytest
from botocore.exceptions import ClientError
from userprofiles.backfill.sources.service_errors import service_error


def message(code, status=400):
    response = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return str(service_error(ClientError(response, "GetObject"), "s3:GetObject", "s3://b/k"))


@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("TooManyRequestsException", 400), ("RequestTimeout", 400), ("503", 503)],
)
def test_temporary_error_can_be_waited_for(code, status):
    assert message(code, status) == (
        f"The call s3:GetObject on s3://b/k failed: {code}.\n"
        "This error is temporary. Wait, then run it again."
    )


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("InvalidObjectState", "The object is in an archive."),
        ("PermanentRedirect", "The bucket is in another region."),
        ("LimitExceededException", "Repeating the call does not help. AWS says: why"),
        ("KMS.DisabledException", "Repeating the call does not help. AWS says: why"),
    ],
)
def test_permanent_error_says_what_to_change(code, advice):
    assert advice in message(code)
    assert "Wait" not in message(code)
