"""Log lines and metrics without values that users typed.

A log line contains fixed texts, IDs that Cognito created, and AWS's error codes. An exception is logged by
its code or class, because its message and traceback may repeat a value.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "UserProfiles"

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""ID of the current invocation, or of the run of a command. It is in audit rows and log lines."""

_STACK_LEVEL = 3  # the log line shows the location of the caller, not of this module


def start_invocation(context: Any) -> None:
    """Use the request ID of an invocation of a function.

    Args:
        context: The Lambda context. Without a request ID, audit rows have none: it must not fail a sign-up.
    """
    request_id.set(getattr(context, "aws_request_id", None) or "")


@contextmanager
def request_id_of_run() -> Iterator[None]:
    """Give all audit rows of a run the same new request ID, except if one is set already."""
    if request_id.get():
        yield
        return
    token = request_id.set(uuid.uuid4().hex)
    try:
        yield
    finally:
        request_id.reset(token)


def error_code(error: BaseException) -> str:
    """Return an error's own code or AWS's error code if it has one, else the name of its class."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return code
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        code = response.get("Error", {}).get("Code")
        if isinstance(code, str):
            return code
    return type(error).__name__


class Report:
    """Writes log lines and the metrics that alarms use.

    Args:
        logger: Powertools' logger. Default: a logger configured by the environment.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self._logger = logger or Logger()

    def info(self, message: str, **fields: Any) -> None:
        """Log an expected event."""
        self._logger.info(message, extra=_with_request_id(fields), stacklevel=_STACK_LEVEL)

    def warning(self, message: str, *, metric: str | None = None, **fields: Any) -> None:
        """Log a warning and count it in a metric."""
        self._logger.warning(message, extra=_with_request_id(fields), stacklevel=_STACK_LEVEL)
        self.count(metric)

    def error(self, message: str, *, metric: str | None = None, **fields: Any) -> None:
        """Log an error that an operator must fix, and count it in a metric."""
        self._logger.error(message, extra=_with_request_id(fields), stacklevel=_STACK_LEVEL)
        self.count(metric)

    @staticmethod
    def count(metric: str | None) -> None:
        """Add 1 to a metric, in CloudWatch's embedded metric format."""
        if metric is None:
            return
        namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE
        dimensions = {"service": os.environ.get("POWERTOOLS_SERVICE_NAME") or "userprofiles"}
        with single_metric(
            name=metric,
            unit=MetricUnit.Count,
            value=1,
            namespace=namespace,
            default_dimensions=dimensions,
        ):
            pass


def _with_request_id(fields: dict[str, Any]) -> dict[str, Any]:
    return {"requestId": request_id.get(), **fields} if request_id.get() else fields
