"""Log lines and metrics that hold nothing a user typed.

A line says what happened by fixed words, ids that Cognito made, and AWS's error codes. Exceptions are named
by their class: their messages and tracebacks may repeat a value, so neither is logged.
"""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "UserProfiles"
_CALLER = 3  # frames up to the line that reports: a log line names that, not this module


def error_code(error: BaseException) -> str:
    """Name an error by its own code or AWS's if it has one, else by its class."""
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
    """Writes log lines and counts what alarms look at.

    Args:
        logger: Powertools' logger; one from the environment by default.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self._logger = logger or Logger()

    def info(self, message: str, **fields: Any) -> None:
        """Write a line about what went as it should."""
        self._logger.info(message, extra=fields, stacklevel=_CALLER)

    def warning(self, message: str, *, metric: str | None = None, **fields: Any) -> None:
        """Write a line about what somebody should know, and count it."""
        self._logger.warning(message, extra=fields, stacklevel=_CALLER)
        self.count(metric)

    def error(self, message: str, *, metric: str | None = None, **fields: Any) -> None:
        """Write a line about what somebody has to mend, and count it."""
        self._logger.error(message, extra=fields, stacklevel=_CALLER)
        self.count(metric)

    @staticmethod
    def count(metric: str | None) -> None:
        """Count one of something, in CloudWatch's embedded metric format."""
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
