"""The options that choose the ledger of a command."""

import argparse
import os
from pathlib import Path

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.checkpoint_folder import state_directory
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.limits import Limits
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.table_ledger import TableLedger

TABLE_VARIABLE = "USERPROFILES_LEDGER_TABLE"


def add_ledger_options(parser: CommandParser) -> None:
    """Add `--ledger-table` and `--ledger-dir`. The parser also needs `--region` and `--endpoint-url`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--ledger-table",
        metavar="T",
        help="DynamoDB table with the records of runs, which locks a run against every machine; not a table "
        f"of users (default: the environment variable {TABLE_VARIABLE}, else a folder)",
    )
    group.add_argument(
        "--ledger-dir",
        type=Path,
        metavar="DIR",
        help="folder with the records of runs, which locks a run on this machine only "
        "(default: userprofiles/ledger in the state directory)",
    )


def open_ledger(values: argparse.Namespace, limits: Limits, *, is_new: bool = False) -> Ledger:
    """Return the ledger that the options choose. Exit with the usage if its folder is wrong.

    Args:
        values: The options, with the `parser` of the command.
        limits: Times and attempts of a call.
        is_new: Whether the command creates the folder if it does not exist.

    Raises:
        RefusedError: The table is not one for a ledger.
        BackfillFailedError: The table can't be read.
    """
    ledger = _open_ledger(values, limits, is_new=is_new)
    ledger.options = ledger_arguments(values)
    return ledger


def _open_ledger(values: argparse.Namespace, limits: Limits, *, is_new: bool) -> Ledger:
    table = ledger_table(values)
    if not table:
        if values.ledger_dir:
            _check_folder(values, is_new=is_new)
        return FileLedger(values.ledger_dir or default_ledger_folder())
    client, _ = create_client(
        table,
        limits=limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    ledger = TableLedger(client, table)
    with ledger_errors():
        ledger.check()
    return ledger


def _check_folder(values: argparse.Namespace, *, is_new: bool) -> None:
    """Exit with the usage if `--ledger-dir` is no folder."""
    folder = values.ledger_dir
    if folder.exists() and not folder.is_dir():
        values.parser.error(f"--ledger-dir {folder}: must be a folder, and is a file")
    if not folder.exists() and not is_new:
        values.parser.error(
            f"--ledger-dir {folder}: the folder does not exist. Use the folder with which the run was "
            "started. Only commands that start a run, such as `backfill apply`, create one"
        )


def ledger_table(values: argparse.Namespace) -> str:
    """Return the name of the ledger table; empty for a ledger in a folder."""
    if values.ledger_dir:
        return ""
    return values.ledger_table or os.environ.get(TABLE_VARIABLE, "")


def default_ledger_folder() -> Path:
    """Return the folder of the ledger without any option."""
    return state_directory() / "userprofiles" / "ledger"


def ledger_arguments(values: argparse.Namespace) -> list[str]:
    """Return the options with which another command finds the same ledger and region."""
    options = {
        "--ledger-table": ledger_table(values),
        "--ledger-dir": values.ledger_dir,
        "--region": values.region,
        "--endpoint-url": values.endpoint_url,
    }
    return [text for name, value in options.items() if value for text in (name, str(value))]
