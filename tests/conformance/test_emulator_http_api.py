"""The limits of an HTTP API on a running local AWS."""

import json
import urllib.error
import urllib.request

import pytest
from conformance_aws import AwsResources

ANSWER = "def handler(event, context):\n    return {'length': len(event.get('body') or '')}\n"
SLOW = "import time\n\ndef handler(event, context):\n    time.sleep(2)\n"


def post(aws: AwsResources, api_id: str, size: int) -> tuple[int, dict[str, str]]:
    url = f"{aws.local_aws.endpoint}/_aws/execute-api/{api_id}/"
    try:
        with urllib.request.urlopen(url, data=b"x" * size, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("size", [(10 << 20) + 1, (16 << 20) + 1])
def test_large_body(aws: AwsResources, size: int) -> None:
    """Line 41 (doc): also a body that the gateway does not read."""
    api_id = aws.create_http_api(ANSWER)

    assert post(aws, api_id, size) == (413, {"message": "Request Entity Too Large"})


def test_slow_integration(aws: AwsResources) -> None:
    """Line 41 (doc): 503 after the integration's time limit."""
    api_id = aws.create_http_api(SLOW, timeout_ms=50)

    assert post(aws, api_id, 1) == (503, {"message": "Service Unavailable"})


def test_throttled_stage(aws: AwsResources) -> None:
    """Line 41 (doc): a stage with a burst of one request."""
    settings = {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1}
    api_id = aws.create_http_api(ANSWER, DefaultRouteSettings=settings)

    assert [post(aws, api_id, 1) for _ in range(2)] == [
        (200, {"length": 4}),  # the body is Base64: the request has no content type
        (429, {"message": "Too Many Requests"}),
    ]
