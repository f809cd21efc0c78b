"""`userprofiles`: the command line with tools for the users table and for clients."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from functools import cache

from userprofiles import telemetry
from userprofiles.backfill.command import backfill_parsers, exit_code
from userprofiles.backfill.command.argument_parser import CommandParser, add_version_option, run_command
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.commands import (
    admin_command,
    analytics_command,
    audit_command,
    erase_command,
    export_command,
    legacy_command,
    outputs_command,
    pool_command,
    reconcile_command,
    restore_command,
    runs_command,
    setup_command,
    template_command,
)


@cache
def _create_parser(*, as_json: bool) -> CommandParser:
    """Create the parser. Its hundreds of options take longer than many commands of a test, so it is kept."""
    parser = CommandParser(
        prog="userprofiles",
        description="Tools for the users table and for clients.",
        epilog=f"The help of each command lists its exit codes. `backfill run` has these {exit_code.HELP}",
    )
    parser.as_json = as_json
    add_version_option(parser)
    groups = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    backfill_parsers.add_parsers(groups, as_json=as_json)
    admin_command.add_parsers(groups)
    outputs_command.add_parser(groups)
    analytics_command.add_parsers(groups)
    setup_command.add_parsers(groups)
    template_command.add_parsers(groups)
    audit_command.add_parsers(groups)
    export_command.add_parsers(groups)
    pool_command.add_parsers(groups)
    reconcile_command.add_parser(groups)
    erase_command.add_parser(groups)
    restore_command.add_parsers(groups)
    legacy_command.add_parsers(groups)
    runs_command.add_parsers(groups)
    return parser


def main(arguments: Sequence[str] | None = None, limits: Limits = COMMAND_LINE) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for that of the process.
        limits: Sizes and times of the run.

    Returns:
        The exit code, an `ExitCode`.
    """
    return run_command(lambda: _run(sys.argv[1:] if arguments is None else list(arguments), limits))


def _run(arguments: list[str], limits: Limits) -> int:
    parser = _create_parser(as_json="--json" in arguments)
    namespace = argparse.Namespace(arguments=arguments, limits=limits)
    values, unknown = parser.parse_known_args(arguments, namespace)
    if unknown:
        getattr(values, "parser", parser).error(f"unrecognized arguments: {shlex.join(unknown)}")
    with telemetry.request_id_of_run():
        return int(values.execute(values))


if __name__ == "__main__":
    sys.exit(main())
