"""Return the data of the local AWS to what it was after the last deployment; all resources stay."""

import http.client
from http import HTTPStatus

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.ports import LOOPBACK
from pulumi_localaws.local_aws import LocalAws

_PATH = "/_localaws/data-baseline"
_TIMEOUT_SECONDS = 30


def remember_data(aws: LocalAws) -> None:
    """Remember the current data of all tables, queues, buckets, user pools and inboxes.

    Raises:
        LocalAwsError: The local AWS rejected the request.
    """
    _send(aws, "PUT")


def restore_data(aws: LocalAws) -> None:
    """Replace all data by the remembered data, or by none. No trigger, stream or notification fires.

    Raises:
        LocalAwsError: The local AWS rejected the request.
    """
    _send(aws, "POST")


def _send(aws: LocalAws, method: str) -> None:
    aws.check()
    connection = http.client.HTTPConnection(LOOPBACK, aws.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, _PATH)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    finally:
        connection.close()
    if response.status != HTTPStatus.OK:
        raise LocalAwsError(f"{method} {_PATH} of the local AWS returned {response.status}: {text}")
