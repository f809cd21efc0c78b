"""The options that name a deployed stack: its outputs, or single names."""

import argparse
from pathlib import Path

from userprofiles import template as templates
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.stack_setup.stack import OutputsError, Stack, missing_options, read_outputs


def add_stack_options(parser: CommandParser, *, has_pool: bool = True, has_audit_table: bool = True) -> None:
    """Add the options of a stack, and `--json`.

    Args:
        parser: The parser of a command.
        has_pool: Whether the command uses the user pool.
        has_audit_table: Whether the command uses the audit table.
    """
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="stack outputs, from `pulumi stack output --json` or `pulumi-localaws up --outputs`; the other "
        "options replace single values",
    )
    if has_pool:
        parser.add_argument("--user-pool-id", metavar="ID", help="ID of the user pool")
    parser.add_argument("--users-table", "--table-name", metavar="T", help="name of the users table")
    if has_audit_table:
        parser.add_argument("--audit-table", metavar="T", help="name of the audit table")
    parser.add_argument("--region", metavar="R", help="region of the stack (default: as in the AWS CLI)")
    parser.add_argument("--endpoint-url", metavar="U", help="endpoint of AWS, for example of a local AWS")
    parser.add_argument("--json", action="store_true", help="print only the results, as JSON")


def create_stack(
    parser: CommandParser,
    values: argparse.Namespace,
    names: tuple[str, ...],
    template: templates.Template | None = None,
) -> Stack:
    """Return the stack that the options name. Exit with the usage if a name is missing.

    Args:
        parser: The parser of the command.
        values: The values of the options.
        names: The names that the command needs, such as `users_table`.
        template: The template that the operator expects.
    """
    outputs = _read_outputs(parser, values)
    options = {name: getattr(values, name) or outputs.get(name, "") for name in names}
    missing = missing_options(options, names)
    if missing and values.outputs:
        parser.error(
            f"required: {', '.join(missing)}: --outputs {values.outputs} does not have these outputs. "
            "Pass the file of `pulumi stack output --json` or `pulumi-localaws up --outputs`"
        )
    if missing:
        parser.error(f"required: {', '.join(missing)}, or --outputs with a file that has these outputs")
    return Stack(
        user_pool_id=options.get("user_pool_id", ""),
        client_id=options.get("client_id", ""),
        users_table=options.get("users_table", ""),
        audit_table=options.get("audit_table", ""),
        receipts_table=getattr(values, "receipts_table", None) or outputs.get("receipts_table", ""),
        template=template,
        region=values.region,
        endpoint_url=values.endpoint_url or outputs.get("endpoint_url"),
        avatar_bucket=options.get("avatar_bucket", ""),
        media_bucket=getattr(values, "media_bucket", None) or outputs.get("media_bucket", ""),
        state_table=options.get("state_table", ""),
    )


def use_endpoint_of_outputs(parser: CommandParser, values: argparse.Namespace) -> None:
    """Complete the options with the endpoint that the file with outputs names.

    So the ledger is read there, too, and commands that are shown have the endpoint.
    """
    if not values.endpoint_url:
        values.endpoint_url = _read_outputs(parser, values).get("endpoint_url")


def _read_outputs(parser: CommandParser, values: argparse.Namespace) -> dict[str, str]:
    """Return the outputs that the options name. Exit with the usage if the file can't be read."""
    try:
        return read_outputs(values.outputs) if values.outputs else {}
    except OutputsError as error:
        parser.error(str(error))
