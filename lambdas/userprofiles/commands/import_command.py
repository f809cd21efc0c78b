"""`userprofiles export import`: create a user from a bundle."""

import argparse
import json
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.commands.bundle_command import (
    Progress,
    add_template_option,
    print_problems,
    read_bundle,
    run_with_progress,
)
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.lifecycle.audit_reader import AuditReader
from userprofiles.lifecycle.bundle_import import BundleImport
from userprofiles.lifecycle.deployed_settings import read_settings
from userprofiles.lifecycle.export_check import InvalidBundleError
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table.store import Store

_NAMES = ("user_pool_id", "users_table", "audit_table")

_IMPORT_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the user is imported
  {ExitCode.FAILED:<3} could not import: file, credentials, tables, permissions, network; run it again
  {ExitCode.SOME_FAILED:<3} the bundle has problems; nothing was written
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again to continue
  {ExitCode.REFUSED:<3} refused: the user exists or was erased, or the bundle belongs to another template
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool, lambda:GetFunctionConfiguration,
dynamodb:BatchGetItem, PutItem, UpdateItem and ConditionCheckItem on the users table, PutItem and Query on
the audit table."""


def add_parser(commands: Any) -> None:
    """Add `export import` to the commands of `export`."""
    import_parser = commands.add_parser(
        "import",
        help="create a user from a bundle",
        description="Create account, profile and items of a user from a bundle. Nothing is overwritten.\n"
        "Pictures and the user in Cognito are not imported.",
        epilog=_IMPORT_EPILOG,
    )
    import_parser.add_argument("file", metavar="FILE", type=Path, help="path of the bundle")
    import_parser.set_defaults(execute=lambda values: run_import(import_parser, values))
    add_stack_options(import_parser)
    add_template_option(import_parser)


def run_import(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run `export import` and return its exit code."""
    parser.as_json = values.json
    stack = create_stack(parser, values, _NAMES)

    def import_bundle(progress: Progress) -> ExitCode:
        try:
            bundle = read_bundle(values.file)
        except InvalidBundleError as error:
            return print_problems(values, error.problems)
        settings = read_settings(stack, values.template)
        dynamodb = stack.client("dynamodb")
        users = TableReader(dynamodb, stack.users_table, progress.stop, limits)
        audit = TableReader(dynamodb, stack.audit_table, progress.stop, limits)
        importer = BundleImport(
            Store(dynamodb, stack.users_table, stack.audit_table),
            stack.users_table,
            settings.template,
            settings.template_name,
            AuditReader(users, audit).rows,
        )
        is_continued = importer.run(bundle, progress.show)
        result = "continued" if is_continued else "imported"
        if values.json:
            document = {"userId": bundle.sub, "result": result, "items": len(bundle.items)}
            Output().write(json.dumps(document, indent=2) + "\n")
        else:
            Output().write(f"User {bundle.sub} {result}: account, profile and {len(bundle.items):,} items.\n")
        return ExitCode.DONE

    return run_with_progress(parser, values, limits, "writing", import_bundle)
