"""The log lines of functions since a time, for tests and for the report of a failing test."""

import re
import time
from collections.abc import Callable
from typing import Any

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing.polling import wait_for

_GATEWAY_PREFIX = "localaws-"
"""The gateway has functions of its own."""

_LINES_OF_LAMBDA = re.compile(r"(START|END|REPORT) RequestId: |INIT_START ")
_CLOCK_MARGIN_MS = 2  # the times of the events are rounded


class FunctionLogs:
    """Reads the logs of functions.

    Args:
        client: Returns the boto3 client of a service. It is called for each reading, because the region of
            the clients changes with a deployment.
        since: The time of the first line, in seconds since 1970. Default: now.
    """

    def __init__(self, client: Callable[[str], Any], since: float | None = None) -> None:
        self._client = client
        self._since_ms = int((time.time() if since is None else since) * 1000) - _CLOCK_MARGIN_MS

    def __call__(self, function: str) -> list[str]:
        """Return the lines of a function, the oldest first, without those that Lambda writes itself.

        Args:
            function: The name of the function, or a part of it that no other function has.

        Raises:
            LocalAwsError: No function or several functions have the name.
        """
        return self._read_lines(self._find_group(function))

    def wait_for(self, function: str, text: str, *, timeout: float = 10.0) -> str:
        """Return the first line of a function that contains a text, as soon as it exists.

        Args:
            function: The name of the function, or a part of it that no other function has.
            text: A part of the line.
            timeout: Seconds after which the wait fails.

        Raises:
            LocalAwsError: No line contains the text, or no function or several functions have the name.
        """
        group = self._find_group(function)
        return wait_for(
            lambda: [line for line in self._read_lines(group) if text in line],
            timeout=timeout,
            describe=lambda: (
                f"No line of {function} contains {text!r}. Its lines in this test: {self._read_lines(group)}"
            ),
        )[0]

    def read_all(self) -> dict[str, list[str]]:
        """Return the lines of each function that has any."""
        lines = {function: self._read_lines(group) for function, group in self._list_groups().items()}
        return {function: function_lines for function, function_lines in lines.items() if function_lines}

    def _find_group(self, function: str) -> str:
        groups = self._list_groups()
        if function in groups:
            return groups[function]
        names = [name for name in groups if function in name]
        if len(names) == 1:
            return groups[names[0]]
        if names:
            raise LocalAwsError(
                f"{function!r} is part of several names: {', '.join(names)}. Use a longer part."
            )
        raise LocalAwsError(
            f"No function has {function!r} in its name. Functions: {', '.join(groups) or 'none'}."
        )

    def _list_groups(self) -> dict[str, str]:
        """Return the log group of each function, by name."""
        functions = [
            function
            for page in self._client("lambda").get_paginator("list_functions").paginate()
            for function in page["Functions"]
        ]
        return {
            function["FunctionName"]: function.get("LoggingConfig", {}).get("LogGroup")
            or f"/aws/lambda/{function['FunctionName']}"
            for function in functions
            if not function["FunctionName"].startswith(_GATEWAY_PREFIX)
        }

    def _read_lines(self, group: str) -> list[str]:
        logs = self._client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=self._since_ms)
        try:
            messages = [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # the function has not run yet
            return []
        lines = [line for message in messages for line in message.splitlines()]
        return [line for line in lines if line and not _LINES_OF_LAMBDA.match(line)]
