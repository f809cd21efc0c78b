"""The option `--rate`, shared by the commands that write profiles."""

import argparse
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.error_messages import TableLocation, error_code, translate_error
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.jobs.rate import NoThroughputError, Rate, parse_rate
from userprofiles.jobs.rate import resolve_rate as resolve

_DENIED = "AccessDeniedException"


def add_rate_option(parser: CommandParser) -> None:
    """Add the option `--rate`. Its value is a `Rate` or None."""
    parser.add_argument(
        "--rate",
        type=_rate,
        metavar="N",
        help="highest number of write units per second, such as 200, or a part of the table's provisioned or "
        "maximum write throughput, such as 20%% (default: no limit, but slower while DynamoDB throttles)",
    )


def resolve_rate(rate: Rate | None, client: Any, location: TableLocation) -> float | None:
    """Return the rate of a job in write units per second; None for no limit.

    A number needs no call. For a part of the throughput, the table is described.

    Args:
        rate: The value of the option.
        client: A botocore DynamoDB client.
        location: The table.

    Raises:
        RefusedError: The table has no throughput of which the rate could be a part.
        BackfillFailedError: The table can't be described.
    """
    if rate is None or not rate.is_percent:
        return rate.value if rate else None
    try:
        table = client.describe_table(TableName=location.table)["Table"]
        return resolve(rate, table)
    except NoThroughputError as error:
        raise RefusedError(f"--{error}") from error
    except (boto.ClientError, boto.BotoCoreError) as error:
        if isinstance(error, boto.ClientError) and error_code(error) == _DENIED:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied (dynamodb:DescribeTable on table {location.table!r})\n"
                f"--rate {rate} needs the table's throughput. Allow the action, or give a number of write "
                "units per second, such as --rate 200.",
            ) from error
        raise translate_error(error, location) from error


def _rate(text: str) -> Rate:
    """Read a rate.

    Raises:
        argparse.ArgumentTypeError: The text is not a rate.
    """
    try:
        return parse_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
