"""`userprofiles export`: write the bundle of a user to a file, check a bundle, and import it."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from userprofiles.api import avatars, export_schema
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.commands import import_command
from userprofiles.commands.bundle_command import (
    Progress,
    add_template_option,
    print_problems,
    read_bundle,
    run_with_progress,
)
from userprofiles.commands.command_errors import check_writable, file_error, print_errors
from userprofiles.commands.private_file import write_private_file
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.commands.user_argument import parse_sub
from userprofiles.lifecycle.deployed_settings import read_settings
from userprofiles.lifecycle.export import export_sources
from userprofiles.lifecycle.export.export_bundle import Bundle
from userprofiles.lifecycle.export.export_check import InvalidBundleError
from userprofiles.lifecycle.export.export_sources import UserFiles, media_files
from userprofiles.lifecycle.export.user_export import UserExporter
from userprofiles.stack_setup.stack import Stack
from userprofiles.table.store import Store

_NAMES = ("user_pool_id", "users_table", "audit_table", "avatar_bucket")

_USER_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the file is written
  {ExitCode.FAILED:<3} could not export: credentials, tables, permissions, network, disk
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; no file is written
  {ExitCode.REFUSED:<3} refused: the user does not exist or was erased, the file exists, or the stack has
       another template
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool, ListUsers and AdminGetUser,
lambda:GetFunctionConfiguration, dynamodb:BatchGetItem and Query on the users table, s3:ListBucket and
GetObject on the buckets. The links in the file are valid for an hour, or until your credentials expire."""

_CHECK_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the bundle is valid
  {ExitCode.FAILED:<3} the file can't be read or is not JSON
  {ExitCode.SOME_FAILED:<3} the bundle has problems
  {ExitCode.USAGE:<3} wrong usage"""


def add_parsers(groups: Any) -> None:
    """Add `export user`, `export check`, `export import` and `export schema` to the commands."""
    export = groups.add_parser("export", help="export, check and import the data of a user")
    commands = export.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_user_parser(commands)
    check = commands.add_parser(
        "check",
        help="check a bundle",
        description="Check a bundle: its JSON Schema, and the SHA-256 of each part.",
        epilog=_CHECK_EPILOG,
    )
    check.add_argument("file", metavar="FILE", type=Path, help="path of the bundle")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(execute=run_check)
    import_command.add_parser(commands)
    schema = commands.add_parser(
        "schema",
        help="print the JSON Schema of a bundle",
        description="Print the JSON Schema of a bundle.",
        epilog="exit codes:\n  0   done\n  64  wrong usage",
    )
    schema.set_defaults(execute=lambda _: run_schema())


def _add_user_parser(commands: Any) -> None:
    user = commands.add_parser(
        "user",
        help="write all data of a user to a file",
        description="Write all data of a user to a file, which only you can read: account, profile, items,\n"
        "the user in Cognito, and links to the files. Nothing is changed.",
        epilog=_USER_EPILOG,
    )
    user.add_argument("user", metavar="USER", type=parse_sub, help="sub of the user")
    user.add_argument("--file", type=Path, required=True, metavar="F", help="write the bundle to this file")
    user.add_argument("--force", action="store_true", help="replace the file if it exists")
    user.add_argument("--avatar-bucket", metavar="B", help="name of the bucket with the users' files")
    user.add_argument(
        "--media-bucket", metavar="B", help="name of the bucket with media (default: that of the outputs)"
    )
    user.set_defaults(execute=lambda values: run_user(user, values))
    add_stack_options(user)
    add_template_option(user)


def run_user(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run `export user` and return its exit code."""
    parser.as_json = values.json
    check_writable(parser, "--file", values.file)
    if values.file.exists() and not values.file.is_file():
        parser.error(f"--file {values.file}: must be a regular file, not a device or a pipe")
    stack = create_stack(parser, values, _NAMES)

    def export(progress: Progress) -> ExitCode:
        if values.file.exists() and not values.force:
            raise _file_exists_error(values.file)
        bundle = _export(stack, values, progress)
        pieces = [json.dumps(bundle, indent=2, ensure_ascii=False), "\n"]
        try:
            write_private_file(values.file, pieces, replace=values.force)
        except FileExistsError:
            raise _file_exists_error(values.file) from None
        except OSError as error:
            raise file_error("--file", values.file, error) from error
        _print_export(values, bundle, "".join(pieces).encode())
        return ExitCode.DONE

    return run_with_progress(parser, values, limits, "reading the table", export)


def _file_exists_error(path: Path) -> RefusedError:
    return RefusedError(f"--file {path}: the file exists. Use another name, or replace it with --force.")


def _export(stack: Stack, values: argparse.Namespace, progress: Progress) -> Bundle:
    settings = read_settings(stack, values.template)
    dynamodb, cognito = stack.client("dynamodb"), stack.client("cognito-idp")
    user = Store(dynamodb, stack.users_table, stack.audit_table).read(values.user)
    if user.is_erased:
        raise RefusedError(f"The user {values.user} was erased, so no data is left to export.")
    if not user.is_complete:
        raise RefusedError(
            f"The table {stack.users_table!r} has no account and profile of the user {values.user}. Pass the "
            "sub of a user, and check --users-table. `userprofiles reconcile --fix` creates missing profiles."
        )
    files_client = avatars.client(stack.region, stack.endpoint_url)
    exporter = UserExporter(
        dynamodb=dynamodb,
        users_table=stack.users_table,
        cognito=cognito,
        pool_id=stack.user_pool_id,
        files=UserFiles(stack.avatar_bucket, files_client),
        template=settings.template_name,
        media=media_files(stack.media_bucket, files_client) if stack.media_bucket else None,
    )
    # If the pool has no such user, AdminGetUser does not find one, and the part is empty.
    name = export_sources.find_user_name(cognito, stack.user_pool_id, values.user) or values.user
    return exporter.export(values.user, name, user, progress.show)


def _print_export(values: argparse.Namespace, bundle: Bundle, text: bytes) -> None:
    parts = bundle["manifest"]["parts"]
    if values.json:
        result = {
            "userId": values.user,
            "file": str(values.file),
            "bytes": len(text),
            "sha256": hashlib.sha256(text).hexdigest(),
            "parts": parts,
        }
        Output().write(json.dumps(result, indent=2) + "\n")
        return
    items = len(bundle["parts"]["items"])
    Output().write(f"{values.file}: {len(text):,} bytes, account, profile and {items:,} items.\n")
    if bundle["links"]:
        count = len(bundle["links"])
        Output().write(f"The bundle has links to {count:,} files. Download them within an hour.\n")


def run_check(values: argparse.Namespace) -> ExitCode:
    """Run `export check` and return its exit code."""

    def check() -> ExitCode:
        try:
            bundle = read_bundle(values.file)
        except InvalidBundleError as error:
            return print_problems(values, error.problems)
        if values.json:
            Output().write(json.dumps({"file": str(values.file), "valid": True, "problems": []}) + "\n")
        else:
            Output().write(
                f"{values.file}: valid. User {bundle.sub}, template {bundle.template}, "
                f"{len(bundle.items):,} items.\n"
            )
        return ExitCode.DONE

    return print_errors(check, as_json=values.json)


def run_schema() -> ExitCode:
    """Run `export schema` and return its exit code."""
    Output().write(json.dumps(export_schema.create_schema(), indent=2, ensure_ascii=False) + "\n")
    return ExitCode.DONE
