"""The results of checks: a line for each at once, or one JSON document at the end."""

import json
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.stack_setup.check_result import CheckResult, Status

_COLORS = {Status.OK: "\x1b[32m", Status.FAILED: "\x1b[31m", Status.NOT_CHECKED: "\x1b[33m"}


class CheckReport:
    """Shows results on standard output.

    Args:
        as_json: Whether to print one JSON document at the end, in place of lines.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._output = Output()
        self._results: list[CheckResult] = []

    def add(self, result: CheckResult) -> None:
        """Add a result and, without JSON, print its line."""
        self._results.append(result)
        if not self._as_json:
            self._output.write(format_result(result, has_colors=_has_colors(sys.stdout)))

    def finish(self, *, is_ok: bool) -> None:
        """Print the JSON document, if it is wanted."""
        if self._as_json:
            document = {"ok": is_ok, "checks": [result.to_json() for result in self._results]}
            self._output.write(json.dumps(document, indent=2) + "\n")


def show_checks(checks: Iterable[CheckResult], *, as_json: bool) -> ExitCode:
    """Carry out checks, show their results, and return the exit code.

    Args:
        checks: Carries out one check after the other.
        as_json: Whether to print one JSON document at the end.
    """
    report = CheckReport(as_json=as_json)
    is_ok = True
    for result in checks:
        report.add(result)
        is_ok = is_ok and result.status is Status.OK
    report.finish(is_ok=is_ok)
    return ExitCode.DONE if is_ok else ExitCode.SOME_FAILED


def _has_colors(stream: TextIO) -> bool:
    """Return whether a stream shows colors; NO_COLOR turns them off: https://no-color.org/."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def format_result(result: CheckResult, *, has_colors: bool) -> str:
    """Return the line of a result, green on a terminal if it is ok, with its fix if it is not."""
    status = f"{result.status:<11}"
    if has_colors:
        status = f"{_COLORS[result.status]}{status}\x1b[0m"
    line = f"{status}  {result.name}" + (f": {result.detail}" if result.detail else "") + "\n"
    return line if result.status is Status.OK else f"{line}{' ' * 13}Fix: {result.fix}\n"
