"""`userprofiles pool list`: write the users of a user pool to a file."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.command.source_options import check_requests_per_second
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.sources.pool_list import WITH_PROFILE, PoolListFile, write_pool_list
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import check_writable, file_error, print_errors
from userprofiles.jobs.counted import counted
from userprofiles.stack_setup.stack import Stack

_DEFAULT_RATE = 5.0

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the file is complete
  {ExitCode.FAILED:<3} could not continue: credentials, pool, permissions, network, disk; run it again
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again to continue
  {ExitCode.REFUSED:<3} rejected: the file exists, or it is the incomplete list of another pool
  {ExitCode.USAGE:<3} wrong usage

The file has one JSON object for each user, with all attributes: personal data, which only you can read. Until
it is complete, it is FILE.partial. Delete it after the migration.
Required permission: cognito-idp:ListUsers on the pool."""


def add_parsers(groups: Any) -> None:
    """Add `pool list` to the commands."""
    pool = groups.add_parser("pool", help="list the users of a user pool")
    commands = pool.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = commands.add_parser(
        "list",
        help="write the users of a user pool to a file",
        description="Write the users of a user pool to a file for `backfill plan --source pool-list:FILE`.",
        epilog=_EPILOG,
    )
    parser.add_argument("--user-pool-id", required=True, metavar="ID", help="ID of the user pool")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="write the list to FILE")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument(
        "--requests-per-second",
        type=float,
        default=_DEFAULT_RATE,
        metavar="N",
        help="requests to Cognito per second, of at most 60 users each (default: %(default)g)",
    )
    parser.add_argument("--region", metavar="R", help="region of the pool (default: that of its ID)")
    parser.add_argument("--endpoint-url", metavar="U", help="endpoint of AWS, for example of a local AWS")
    parser.add_argument("--json", action="store_true", help="print only the counts, as JSON")
    parser.set_defaults(execute=lambda values: run_list(parser, values))


def run_list(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `pool list` and return its exit code."""
    parser.as_json = values.json
    check_writable(parser, "--output", values.output)
    stop = Stop()

    def execute() -> ExitCode:
        check_requests_per_second(values.requests_per_second)
        if values.output.exists() and not values.force:
            raise RefusedError(
                f"--output {values.output}: the file exists. Use another name, or replace it with --force."
            )
        _print_counts(values, _write(values, stop))
        return ExitCode.DONE

    with stop_on_signals(stop.request):
        return print_errors(execute, as_json=values.json)


def _write(values: argparse.Namespace, stop: Stop) -> Counter[str]:
    stack = Stack(
        values.user_pool_id,
        "",
        "",
        "",
        region=values.region or values.user_pool_id.partition("_")[0],
        endpoint_url=values.endpoint_url,
    )
    pool = PoolReader(
        stack.client("cognito-idp"),
        values.user_pool_id,
        requests_per_second=values.requests_per_second,
        stop=stop,
        limits=values.limits,
    )
    progress = ProgressLine(values.limits, unit="users")
    try:
        with PoolListFile(values.output, values.user_pool_id) as file:
            progress.start(file.position.counts.total(), lambda: None)
            return write_pool_list(
                pool,
                file,
                show=lambda users: progress.show(users, "reading the pool") if progress.is_due else None,
                warn=progress.show_message,
            )
    except OSError as error:
        raise file_error("--output", values.output, error) from error
    finally:
        progress.clear()


def _print_counts(values: argparse.Namespace, counts: Counter[str]) -> None:
    skipped = {reason: count for reason, count in sorted(counts.items()) if reason != WITH_PROFILE}
    if values.json:
        result = {
            "file": str(values.output),
            "users": counts.total(),
            WITH_PROFILE: counts[WITH_PROFILE],
            "skipped": skipped,
        }
        Output().write(json.dumps(result) + "\n")
        return
    reasons = "".join(f", {count:,} skipped ({reason})" for reason, count in skipped.items())
    users = counted(counts.total(), "user")
    Output().write(f"{values.output}: {users}, {counts[WITH_PROFILE]:,} for a profile{reasons}.\n")
