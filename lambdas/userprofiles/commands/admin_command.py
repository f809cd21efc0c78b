"""`userprofiles admin`: create and remove administrators of the profile API.

No sign-up can request the role `admin`, so the operator creates the first administrator. The command needs
these permissions:

* on the pool: cognito-idp:AdminGetUser, cognito-idp:AdminAddUserToGroup, cognito-idp:AdminRemoveUserFromGroup
* on the users table: dynamodb:BatchGetItem, dynamodb:UpdateItem
* on the audit table: dynamodb:PutItem
"""

import argparse
import json
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles import aws, settings
from userprofiles import template as templates
from userprofiles.api import roles
from userprofiles.api.account_changes import effective_role
from userprofiles.api.administrator import Administration
from userprofiles.api.errors import ApiError
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack
from userprofiles.table.lists import UserLists
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import error_code
from userprofiles.template import Template, TemplateError
from userprofiles.template_check import ADMIN_ROLE

_OPTIONS = ("user_pool_id", "users_table", "audit_table")
_SOURCE = "operator"


class _CommandError(Exception):
    """The command can't be carried out. The message says why and how to fix it."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def add_parsers(groups: Any) -> None:
    """Add `admin grant` and `admin revoke` to the commands."""
    admin = groups.add_parser("admin", help="create and remove administrators")
    commands = admin.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in (
        ("grant", "make a user an administrator"),
        ("revoke", "give an administrator the template's default role"),
    ):
        parser = commands.add_parser(
            name,
            help=text,
            description=f"{text.capitalize()}: role in the users table, with an audit row, and group "
            f"`{ADMIN_ROLE}` in the pool.\nThe user's next access token contains the change; a removed "
            "administrator is refused at once.",
            epilog="exit codes:\n"
            f"  {ExitCode.DONE:<3} done\n"
            f"  {ExitCode.FAILED:<3} could not continue: credentials, names, permissions, network\n"
            f"  {ExitCode.REFUSED:<3} refused: no such user, no record, marked for deletion, or erased\n"
            f"  {ExitCode.USAGE:<3} wrong usage",
        )
        parser.set_defaults(execute=run_parsed, is_grant=name == "grant", command_parser=parser)
        _add_options(parser)


def _add_options(parser: CommandParser) -> None:
    parser.add_argument("user", metavar="USER", help="user name, e-mail, phone number or sub of the user")
    add_stack_options(parser)
    parser.add_argument(
        "--template",
        required=True,  # without a default: another template's role would be stored by `revoke`
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file",
    )


def run_parsed(values: argparse.Namespace) -> ExitCode:
    """Carry out the command, and print its result or error."""
    values.command_parser.as_json = values.json
    try:
        template = templates.load(values.template)
    except TemplateError as error:
        values.command_parser.error(f"--template: {error}")
    stack = create_stack(values.command_parser, values, _OPTIONS)
    try:
        result = _change_role(values, stack, template)
    except _CommandError as error:
        sys.stderr.write(f"Error: {error}\n")
        if values.json:
            sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return error.code
    if values.json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        change = "has" if result["changed"] else "already had"
        sys.stdout.write(f"The user {result['userId']} {change} the role {result['role']}.\n")
    return ExitCode.DONE


def _change_role(values: argparse.Namespace, stack: Stack, template: Template) -> dict[str, Any]:
    try:
        administration = _create_administration(stack, template)
        sub, name = _find_user(administration, values.user)
        account = administration.registrar.store.read(sub).account or {}
        before = effective_role(template, account)
        role = _target_role(template, before, is_grant=values.is_grant)
        roles.set_role(administration, sub, role, name=name)
    except ApiError as error:
        raise _CommandError(_explain(error), ExitCode.REFUSED) from None
    except (StoreError, ClientError, BotoCoreError, ValueError) as error:
        raise _CommandError(
            f"A call to AWS failed: {error_code(error)}. Check the credentials, the region, the names of "
            "pool and tables, and the permissions listed in docs/profile-api.md.",
            ExitCode.FAILED,
        ) from None
    return {"userId": sub, "role": role, "changed": before != role}


def _target_role(template: Template, role: str, *, is_grant: bool) -> str:
    if is_grant:
        return ADMIN_ROLE
    return template.default_role if role == ADMIN_ROLE else role


def _create_administration(stack: Stack, template: Template) -> Administration:
    dynamodb = aws.client("dynamodb", region=stack.region, endpoint_url=stack.endpoint_url)
    registrar = Registrar(
        store=Store(dynamodb, stack.users_table, stack.audit_table),
        template=template,
        roles=settings.roles({}, template),
        source=_SOURCE,
    )
    cognito = aws.client("cognito-idp", region=stack.region, endpoint_url=stack.endpoint_url)
    return Administration(registrar, cognito, stack.user_pool_id, UserLists(dynamodb, stack.users_table))


def _find_user(administration: Administration, name: str) -> tuple[str, str]:
    """Return sub and user name of a user, who may be disabled."""
    try:
        user = administration.cognito.admin_get_user(UserPoolId=administration.pool_id, Username=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UserNotFoundException":
            raise
        raise _CommandError(
            "The pool has no such user. Pass the user name, e-mail, phone number or sub of a user of the "
            f"pool {administration.pool_id}.",
            ExitCode.REFUSED,
        ) from None
    [sub] = [entry["Value"] for entry in user["UserAttributes"] if entry["Name"] == "sub"]
    return sub, user["Username"]


def _explain(error: ApiError) -> str:
    match error.code:
        case "user_not_found":
            return (
                "The users table has no record of this user. Let the user sign in and open the profile once, "
                "or check --users-table."
            )
        case "no_admin_group":
            return f"The pool has no group {ADMIN_ROLE!r}. Deploy the profile API, which creates it."
        case _:
            return str(error)
