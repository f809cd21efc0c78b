"""Writes the differences that a command reports: to the file of `--report`, and to standard output."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from userprofiles.backfill.command.output import Output
from userprofiles.backfill.report import write_file
from userprofiles.commands.command_errors import file_error
from userprofiles.lifecycle.difference_report import Difference, json_pieces


def write_differences(
    values: argparse.Namespace,
    header: dict[str, Any],
    read: Callable[[], Iterator[Difference]],
    text: Iterable[str],
) -> None:
    """Write the report.

    Args:
        values: The values of the options `--report` and `--json`.
        header: The members of the JSON document, except the users.
        read: Returns the differences.
        text: The report as text.

    Raises:
        BackfillFailedError: The file can't be written.
    """
    if values.report:
        try:
            write_file(values.report, json_pieces(header, read()))
        except OSError as error:
            raise file_error("--report", values.report, error) from error
    Output().write_all(json_pieces(header, read()) if values.json else text)
