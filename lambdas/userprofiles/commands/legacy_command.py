"""`userprofiles import`: the users and the content of an old MongoDB application."""

from typing import Any

from userprofiles.commands import (
    legacy_apply,
    legacy_plan,
    legacy_postflight,
    legacy_preflight,
    legacy_rollback,
    legacy_verify,
)


def add_parsers(groups: Any) -> None:
    """Add `import` and its commands."""
    group = groups.add_parser("import", help="import the users and the content of an old MongoDB application")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    legacy_preflight.add_parser(commands)
    legacy_plan.add_parser(commands)
    legacy_apply.add_parsers(commands)
    legacy_verify.add_parser(commands)
    legacy_rollback.add_parser(commands)
    legacy_postflight.add_parser(commands)
