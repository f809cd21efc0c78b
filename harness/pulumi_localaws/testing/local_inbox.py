"""The inbox of the embedded local AWS."""

import json
from http import HTTPStatus
from typing import Any

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.ports import http_get
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.testing.inbox import Inbox

_EMAIL_PATH = "/_ministack/ses/messages"
_TIMEOUT_SECONDS = 10.0


def open_inbox(aws: LocalAws) -> Inbox:
    """Return the messages from now on."""
    return Inbox(lambda: _read_emails(aws), aws.sms_messages)


def _read_emails(aws: LocalAws) -> list[dict[str, Any]]:
    aws.check()
    response = http_get(aws.port, _EMAIL_PATH, timeout=_TIMEOUT_SECONDS)
    if response is None or response[0] != HTTPStatus.OK:
        raise LocalAwsError(f"{_EMAIL_PATH} of the local AWS returned {response}")
    return [record for records in json.loads(response[1])["messages"].values() for record in records]
