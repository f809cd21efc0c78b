"""Let a trigger's function run several times for one event, as AWS does after a time-out."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.ports import LOOPBACK
from pulumi_localaws.local_aws import LocalAws

_TIMEOUT_SECONDS = 10


@contextmanager
def repeat_trigger(aws: LocalAws, user_pool_id: str, trigger: str, runs: int) -> Iterator[None]:
    """Let the function of a trigger run several times for each event; only the last response is used.

    Args:
        aws: The running local AWS.
        user_pool_id: The ID of the user pool.
        trigger: The trigger's key in LambdaConfig, such as ``CreateAuthChallenge``.
        runs: How often the function runs: 1 to 3.

    Raises:
        LocalAwsError: The gateway rejected an argument.
    """
    _set_runs(aws, user_pool_id, trigger, runs)
    try:
        yield
    finally:
        _set_runs(aws, user_pool_id, trigger, 1)


def _set_runs(aws: LocalAws, user_pool_id: str, trigger: str, runs: int) -> None:
    body = json.dumps({"userPoolId": user_pool_id, "trigger": trigger, "runs": runs})
    connection = http.client.HTTPConnection(LOOPBACK, aws.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("PUT", "/_localaws/trigger-runs", body)
        response = connection.getresponse()
        document = json.loads(response.read())
    finally:
        connection.close()
    if response.status != HTTPStatus.OK:
        raise LocalAwsError(str(document["message"]))
