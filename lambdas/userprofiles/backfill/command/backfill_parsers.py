"""Registers the commands of `userprofiles backfill`, each in a module with the function `add_parser`."""

from typing import Any

from userprofiles.backfill.command import (
    apply_command,
    plan_command,
    quarantine_command,
    report_command,
    rollback_command,
    run_command,
    verify_command,
)

_COMMANDS = (
    run_command,
    plan_command,
    apply_command,
    verify_command,
    rollback_command,
    quarantine_command,
    report_command,
)


def add_parsers(groups: Any, *, as_json: bool) -> None:
    """Add `backfill` and its commands.

    Args:
        groups: The groups of commands of the whole command line.
        as_json: Whether wrong usage is also printed on standard output.
    """
    backfill = groups.add_parser("backfill", help="create profiles for existing users")
    commands = backfill.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    for parser in commands.choices.values():
        parser.as_json = as_json
