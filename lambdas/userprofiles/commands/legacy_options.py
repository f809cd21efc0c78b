"""The options that the commands `import` share."""

import argparse
import os
import re
from pathlib import Path

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.engine import LOCAL, STEP_FUNCTIONS
from userprofiles.backfill.command.ledger_options import add_ledger_options
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.errors import RefusedError
from userprofiles.commands.command_errors import check_writable
from userprofiles.commands.stack_options import add_stack_options
from userprofiles.jobs.tolerance import Tolerance, parse_tolerance
from userprofiles.legacy.documents.source_text import public_source_text
from userprofiles.legacy.job.import_job import DEFAULT_SHARE
from userprofiles.legacy.job.plan_file import ImportPlan

SOURCE_VARIABLE = "LEGACY_SOURCE"
DEFAULT_MAPPING = "biograph"

_SHARE = re.compile(r"0?\.\d{1,3}|0|1(?:\.0)?")
_RATE = re.compile(r"\d{1,6}(?:\.\d{1,3})?")
_MONGODB_SCHEME = "mongodb"
_FOLDERS = frozenset({"dump", "export"})


def add_connection_options(parser: CommandParser) -> None:
    """Add the options of the stack, and the template."""
    add_stack_options(parser)
    parser.add_argument("--media-bucket", metavar="B", help="name of the bucket for media")
    parser.add_argument(
        "--template",
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file (default: the preset that the "
        "functions use)",
    )


def add_source_option(parser: CommandParser, default: str = "") -> None:
    """Add `--source`."""
    parser.add_argument(
        "--source",
        metavar="S",
        help="the old database: dump:FOLDER, export:FOLDER, mongodb://… or env:NAME for an environment "
        f"variable with one of these (default: {default}the environment variable {SOURCE_VARIABLE})",
    )


def add_mapping_option(parser: CommandParser, default: str = DEFAULT_MAPPING) -> None:
    """Add `--mapping`."""
    parser.add_argument(
        "--mapping",
        metavar="M",
        help=f"the mapping: a preset, or the path of a .json file (default: {default})",
    )


def add_decision_options(parser: CommandParser) -> None:
    """Add `--decisions` and the options of the pace."""
    add_pace_options(parser)
    parser.add_argument(
        "--decisions",
        type=Path,
        metavar="FILE.json",
        help='decisions about users: a JSON object of old ID to "import" or "skip"',
    )


def add_pace_options(parser: CommandParser) -> None:
    """Add `--cognito-share` and `--cognito-rate`."""
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--cognito-share",
        type=_share,
        default=DEFAULT_SHARE,
        metavar="P",
        help="part of each request quota of Cognito that the import uses, above 0 and at most 1; the rest is "
        "for users who sign up and sign in (default: %(default)s)",
    )
    pace.add_argument(
        "--cognito-rate",
        type=_rate,
        metavar="N",
        help="calls to Cognito per second in each category, such as 10 or 0.5, instead of a share; a quota "
        "that is smaller still counts",
    )


def add_run_options(parser: CommandParser) -> None:
    """Add the options of a command that imports."""
    parser.add_argument(
        "--max-failures",
        type=_tolerance,
        metavar="N",
        help="failed records, such as 100, or percentage of the planned records, such as 0.5%%, with which "
        "the run continues (default: no limit)",
    )
    parser.add_argument(
        "--quarantine",
        type=Path,
        metavar="FILE.jsonl",
        help="also write the failed records to this file: ID, place and reason, without values",
    )
    parser.add_argument("--verbose", action="store_true", help="show a line for each user, with the old ID")
    add_session_options(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as an HTML page")


def add_session_options(parser: CommandParser) -> None:
    """Add the options of a command that has a run in the ledger."""
    parser.add_argument(
        "--engine",
        choices=[LOCAL, STEP_FUNCTIONS],
        default=LOCAL,
        help="what carries out the import; only local can be used (default: %(default)s)",
    )
    add_ledger_options(parser)
    parser.add_argument(
        "--allow-parallel", action="store_true", help="also if another run is working on the same table"
    )
    add_report_option(parser)


def check_run_options(parser: CommandParser, values: argparse.Namespace) -> None:
    """Exit with the usage if a file of the options can't be written."""
    check_report_option(parser, values)
    for name in ("html", "quarantine"):
        check_writable(parser, f"--{name}", getattr(values, name, None))


def refuse_state_machine(values: argparse.Namespace) -> None:
    """Refuse `--engine stepfunctions`.

    Raises:
        RefusedError: The engine is the state machine.
    """
    if values.engine == STEP_FUNCTIONS:
        raise RefusedError(
            "--engine stepfunctions can't be used for an import: the state machine can read neither a dump "
            "on this machine nor the old database, and its functions do not have the package pymongo.\n"
            "Use --engine local. A run of days continues after each interruption: userprofiles runs resume."
        )


def source_text(values: argparse.Namespace, plan: ImportPlan | None = None) -> str:
    """Return the source that the options, the plan or the environment name.

    A plan has no credentials. So the URI of a database comes from the environment if it is there.
    """
    variable = f"env:{SOURCE_VARIABLE}" if os.environ.get(SOURCE_VARIABLE) else ""
    if values.source:
        return str(values.source)
    planned = plan.source if plan else ""
    if planned and not (planned.startswith(_MONGODB_SCHEME) and variable):
        return planned
    if not variable:
        values.parser.error(f"required: --source, or the environment variable {SOURCE_VARIABLE}")
    return variable


def _tolerance(text: str) -> Tolerance:
    """Read a tolerance.

    Raises:
        argparse.ArgumentTypeError: The text is not a tolerance.
    """
    try:
        return parse_tolerance(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _share(text: str) -> float:
    """Read a share.

    Raises:
        argparse.ArgumentTypeError: The text is not a share.
    """
    if not _SHARE.fullmatch(text) or not float(text):
        raise argparse.ArgumentTypeError(f"must be a number above 0 and at most 1, such as 0.5, got {text!r}")
    return float(text)


def _rate(text: str) -> float:
    """Read a number of calls per second.

    Raises:
        argparse.ArgumentTypeError: The text is not such a number.
    """
    if not _RATE.fullmatch(text) or not float(text):
        raise argparse.ArgumentTypeError(
            f"must be a number of calls per second above 0, such as 10 or 0.5, got {text!r}"
        )
    return float(text)


def read_number(text: str) -> int:
    """Read a number of users.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}")
    return int(text)


def absolute_source(text: str) -> str:
    """Return the text of a source whose folder does not depend on the current directory, without secrets."""
    kind, separator, folder = text.partition(":")
    if kind in _FOLDERS and folder:
        return f"{kind}{separator}{Path(folder).absolute()}"
    return public_source_text(text)


def absolute_mapping(name: str | None) -> str:
    """Return the name of a preset, or the absolute path of a mapping."""
    if not name:
        return DEFAULT_MAPPING
    return str(Path(name).absolute()) if name.endswith(".json") else name
