"""The options that name the source of the users, and the checks before a plan."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from userprofiles import template as templates
from userprofiles import template_document
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.ineffective_options import OTHER_TABLE, reject_ineffective_options
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.role_rules import add_role_options, read_role_rules
from userprofiles.backfill.command.source_check import SourceCheck
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import TABLE_SOURCE
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.sources.source_kinds import SourceKind
from userprofiles.backfill.users.mapping import (
    KEYED_TABLE_COLUMNS,
    ROLE,
    TABLE_COLUMNS,
    ColumnMapping,
    read_mapping,
)
from userprofiles.template import Template

DEFAULT_REQUESTS_PER_SECOND = 5.0
MAX_REQUESTS_PER_SECOND = 1_000

_FORMS = {
    "table": SourceKind.TABLE,
    "keyed-table": SourceKind.KEYED_TABLE,
    "pool": SourceKind.POOL,
    "pool-list": SourceKind.POOL_LIST,
    "jsonl": SourceKind.JSONL,
    "csv": SourceKind.CSV,
    "parquet": SourceKind.PARQUET,
    "export": SourceKind.EXPORT,
    "python": SourceKind.PYTHON,
}
_SOURCE_HELP = """where the users come from (default: table, the table of --table-name itself):
table:NAME, a table of either shape; keyed-table:NAME, a table whose only key is the user's ID;
pool:ID, a Cognito user pool; pool-list:FILE, written by `userprofiles pool list`;
jsonl:FILE, csv:FILE or parquet:FILE, with --mapping; export:s3://BUCKET/PREFIX/AWSDynamoDB/ID,
a full DynamoDB export in DynamoDB JSON; python:MODULE:FUNCTION, a source of your own. FILE can be
s3://BUCKET/KEY. With any other source than table, accounts and profiles are written to this project's
users table --table-name"""

_DEFAULT_COLUMNS = {
    SourceKind.TABLE: TABLE_COLUMNS,
    SourceKind.KEYED_TABLE: KEYED_TABLE_COLUMNS,
}
_KINDS_WITHOUT_MAPPING = (SourceKind.POOL, SourceKind.POOL_LIST, SourceKind.PYTHON)
_REQUIRES_TEMPLATE = (
    "--source {source}: requires --template NAME, because the template decides the fields of each account. "
    "Use that of the stack of {table}. Available: {names}, or the path of a .json file."
)


def add_source_options(parser: CommandParser) -> None:
    """Add `--source` and the options for the users of a source."""
    parser.add_argument("--source", default=TABLE_SOURCE, metavar="KIND:NAME", help=_SOURCE_HELP)
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE.json",
        help="names of the source's columns; required for jsonl, csv and parquet (see docs/sources.md)",
    )
    add_role_options(parser)
    parser.add_argument(
        "--requests-per-second",
        type=float,
        metavar="N",
        help=f"with pool, requests to Cognito per second (default: {DEFAULT_REQUESTS_PER_SECOND:g})",
    )


def read_source(values: argparse.Namespace, *, warn: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Return `Job.source` for the values of these options, after a check of the source's first rows.

    Args:
        values: The options, with those of the job and `table_name`, and optionally `region` and
            `endpoint_url`.
        warn: Shows a warning, for example that a column has few values; None for standard error.

    Raises:
        RefusedError: A value is not allowed, or the source does not fit the mapping.
        ValueError: The template of the accounts is missing.
        BackfillFailedError: The source can't be read.
        userprofiles.template.TemplateError: The template doesn't exist or is invalid.
    """
    form, separator, name = values.source.partition(":")
    if values.source == TABLE_SOURCE or (form == "table" and name and name == values.table_name):
        reject_ineffective_options(values, TABLE_SOURCE)
        return {"kind": TABLE_SOURCE}
    if form not in _FORMS or not separator or not name:
        raise RefusedError(
            f"--source {values.source}: allowed are table, "
            f"{', '.join(f'{kind}:NAME' for kind in _FORMS)}. For example --source pool:eu-west-1_AbC123."
        )
    kind = _FORMS[form]
    reject_ineffective_options(values, OTHER_TABLE if kind is SourceKind.TABLE else kind)
    if not values.template:
        raise ValueError(
            _REQUIRES_TEMPLATE.format(
                source=values.source, table=values.table_name, names=", ".join(template_document.names())
            )
        )
    template = templates.load(values.template)
    mapping = _mapping(values, kind, template)
    can_set_roles = mapping is None or ROLE in mapping.columns
    rules = read_role_rules(values, template, can_set_roles=can_set_roles, warn=warn or _warn)
    source: dict[str, Any] = {"kind": kind.value, **rules}
    if mapping:
        source |= mapping.to_json()
    if kind is SourceKind.POOL:
        requests = values.requests_per_second
        requests = DEFAULT_REQUESTS_PER_SECOND if requests is None else requests
        check_requests_per_second(requests)
        source |= {"poolId": name, "requestsPerSecond": requests}
    elif kind in {SourceKind.TABLE, SourceKind.KEYED_TABLE, SourceKind.PYTHON}:
        source["name"] = name
    else:
        source["path"] = name.rstrip("/")
    check = SourceCheck(
        region=getattr(values, "region", None),
        endpoint_url=getattr(values, "endpoint_url", None),
        has_own_mapping=values.mapping is not None,
        warn=warn or _warn,
        limits=getattr(values, "limits", COMMAND_LINE),
    )
    check.check_target(values.table_name)
    return check.complete(source)


def source_segments(source: Mapping[str, Any]) -> int | None:
    """Return the number of a source's own segments, such as the files of an export, or None."""
    segments: int | None = source.get("files") or source.get("rowGroups")
    return segments


def _mapping(values: argparse.Namespace, kind: SourceKind, template: Template) -> ColumnMapping | None:
    if kind in _KINDS_WITHOUT_MAPPING:
        return None
    if values.mapping:
        return read_mapping(values.mapping, template)
    if kind is SourceKind.EXPORT:
        return None  # the check finds out which table was exported
    if kind not in _DEFAULT_COLUMNS:
        raise RefusedError(
            f"--source {values.source}: requires --mapping FILE.json with the names of the columns. "
            "docs/sources.md describes the format."
        )
    return ColumnMapping(_DEFAULT_COLUMNS[kind])


def check_requests_per_second(rate: float) -> None:
    """Check the value of `--requests-per-second`.

    Raises:
        RefusedError: It is not allowed.
    """
    if not 0 < rate <= MAX_REQUESTS_PER_SECOND:
        raise RefusedError(
            f"--requests-per-second must be above 0 and at most {MAX_REQUESTS_PER_SECOND:,}, got {rate:g}."
        )


def _warn(message: str) -> None:
    write_error(sys.stderr, f"Warning: {message}\n")
