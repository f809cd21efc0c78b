"""The option for the file of a report, which is checked before the run begins."""

import argparse
import os
from pathlib import Path

from userprofiles.backfill.command.argument_parser import CommandParser


def add_report_option(parser: CommandParser) -> None:
    """Add the option `--report`."""
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report to this file")


def check_report_option(parser: CommandParser, values: argparse.Namespace) -> None:
    """Exit with wrong usage if the report can't be written."""
    report: Path | None = values.report
    if report is None:
        return
    if report.suffix.lower() not in {"", ".json"}:
        parser.error(
            f"--report {report}: the report is written as JSON only. Use a name that ends with .json"
        )
    if report.is_dir() or not os.access(report.absolute().parent, os.W_OK):
        parser.error(f"--report {report}: must be a file in a directory that exists and is writable")
