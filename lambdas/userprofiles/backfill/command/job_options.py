"""The options that describe a job: the table, its segments and shape, the template and the skip rule."""

import argparse
from typing import Any

from userprofiles import settings, template
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.job import DEFAULT_SEGMENTS, MAX_SEGMENTS, Job, parse_segments
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.skip_rule import DEFAULT_FLAGS, DEFAULT_STATUSES, SkipRule
from userprofiles.table import record

DEFAULT_TEMPLATE = "basic"


def add_connection_options(parser: CommandParser, default_region: str = "as in the AWS CLI") -> None:
    """Add the options for region and endpoint."""
    parser.add_argument("--endpoint-url", metavar="U", help="DynamoDB endpoint, for example of a local AWS")
    parser.add_argument("--region", metavar="R", help=f"region of the table (default: {default_region})")


def add_segment_options(parser: CommandParser) -> None:
    """Add the options for the segments of the scan."""
    parser.add_argument(
        "--segments",
        type=_segment_count,
        metavar="N",
        help=f"number of segments in which the table is scanned (default: {DEFAULT_SEGMENTS})",
    )
    parser.add_argument(
        "--only",
        type=_segment_numbers,
        default=(),
        metavar="0-3",
        help="process only these segments, such as 0-3 or 0,2,5",
    )


def add_profile_options(parser: CommandParser, note: str = "") -> None:
    """Add the options that decide which users get which profile.

    Args:
        parser: The parser of the command.
        note: A text after the default template.
    """
    parser.add_argument(
        "--shape",
        choices=["auto", *(shape.value for shape in TableShape)],
        help="shape of the table: "
        f"plain (user rows have a PK that does not begin with {record.USER_PREFIX}), "
        f"stack (user rows have SK {record.SORT_KEYS['account']}) or auto, detected from the first rows "
        "(default)",
    )
    parser.add_argument(
        "--template",
        metavar="NAME",
        help="template with the defaults of the profile: a name, or the path of a .json file "
        f"(default: {DEFAULT_TEMPLATE}{note})",
    )
    parser.add_argument(
        "--status-values",
        type=_non_empty_list,
        metavar="A,B",
        help=f"values of `status` whose users are skipped (default: {','.join(DEFAULT_STATUSES)})",
    )
    parser.add_argument(
        "--flags",
        type=_non_empty_list,
        metavar="A,B",
        help="attributes that are checked for inactive and deleted users "
        f"(default: {','.join(DEFAULT_FLAGS)})",
    )


def create_job(values: argparse.Namespace, run_id: str, **settings_of_job: Any) -> Job:
    """Return the job that the options describe.

    Args:
        values: The options.
        run_id: The ID of the run.
        **settings_of_job: More values of the job.

    Raises:
        ValueError: A value is not allowed. The message names the value and the allowed values.
    """
    template_name = values.template or DEFAULT_TEMPLATE
    template.load(template_name)
    shape = values.shape or "auto"
    return Job(
        run_id=run_id,
        table=values.table_name,
        segments=DEFAULT_SEGMENTS if values.segments is None else values.segments,
        only=values.only,
        rule=SkipRule(values.status_values or DEFAULT_STATUSES, values.flags or DEFAULT_FLAGS),
        shape=TableShape.PLAIN if shape == "auto" else TableShape(shape),
        is_shape_explicit=shape != "auto",
        template=template_name,
        **settings_of_job,
    )


def _segment_count(text: str) -> int:
    """Read a number; `Job` checks its range.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {MAX_SEGMENTS:,}, got {text!r}. Leave the option out for "
            f"{DEFAULT_SEGMENTS}."
        ) from None


def _segment_numbers(text: str) -> tuple[int, ...]:
    """Read the numbers of `--only`.

    Raises:
        argparse.ArgumentTypeError: The text is not a list of numbers and ranges.
    """
    try:
        return parse_segments(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _non_empty_list(text: str) -> tuple[str, ...]:
    """Split a comma-separated list.

    Raises:
        argparse.ArgumentTypeError: It is empty, perhaps from an unset shell variable. Without any rule,
            deleted users would get profiles.
    """
    values = settings.split_list(text)
    if not values:
        raise argparse.ArgumentTypeError(
            f"must have at least one value, got {text!r}. Leave the option out for its default."
        )
    return values
