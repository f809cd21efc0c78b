"""The roles that a plan lets a source give: those of the options, of the stack's outputs, or the default.

Without options and outputs, the rules of the stack are not known. Then no user gets another role than the
default one, and every role that can need an approval does.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from userprofiles import settings
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.errors import RefusedError
from userprofiles.template import Template

_NONE = ("none",)

# The settings of the functions and the options of this command.
_OPTIONS = {
    "SIGN_UP_ROLES": "--roles",
    "APPROVAL_ROLES": "--approval-roles",
    "DEFAULT_ROLE": "--default-role",
}


def add_role_options(parser: CommandParser) -> None:
    """Add the options for the roles of imported users."""
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="stack outputs, from `pulumi stack output --json` or `pulumi-localaws up --outputs`: imported "
        "users get the roles and approvals of a sign-up; the next three options replace single rules",
    )
    parser.add_argument(
        "--roles",
        type=settings.split_list,
        default=(),
        metavar="A,B",
        help="roles that the source may set (default: those of --outputs, else only the default role); a "
        "user with another role gets the default role. With a pool, users may have chosen it themselves",
    )
    parser.add_argument(
        "--approval-roles",
        type=settings.split_list,
        default=(),
        metavar="A,B",
        help="roles whose users are pending until an administrator approves them, or none (default: those "
        "of --outputs, else all roles that the template can approve)",
    )
    parser.add_argument(
        "--default-role",
        default="",
        metavar="A",
        help="role of users without an allowed one (default: that of --outputs, else of the template)",
    )


def read_role_rules(
    values: argparse.Namespace, template: Template, *, can_set_roles: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return the role rules as `Job.source` has them.

    Args:
        values: The options, with `table_name` and `template`.
        template: The template.
        can_set_roles: Whether the source can name a role for a user.
        warn: Shows a warning.

    Raises:
        RefusedError: A role is not allowed, or the outputs are not those of the stack.
    """
    outputs = _read_outputs(values, template) if values.outputs else {}
    default_role = values.default_role or outputs.get("defaultRole", "")
    roles = values.roles or tuple(outputs.get("signUpRoles", ()))
    approval_roles = () if values.approval_roles == _NONE else values.approval_roles
    _check(values.template, roles, approval_roles, default_role, template)
    if not roles:
        roles = (default_role or template.default_role,)
        if can_set_roles and len(template.roles) > 1:
            warn(
                "the role rules of the stack are not known, so every new user gets the role "
                f"{roles[0]!r}. To allow others, pass --outputs FILE with the outputs of the stack, or "
                f"--roles A,B. The template has: {', '.join(template.roles)}."
            )
    if not values.approval_roles and outputs:
        approval_roles = tuple(outputs["approvalRoles"])
    elif not values.approval_roles:
        granted_roles = {*roles, default_role or template.default_role}
        approval_roles = tuple(
            role for role in settings.roles_with_approval(template) if role in granted_roles
        )
    rules = {"roles": list(roles), "approvalRoles": list(approval_roles), "defaultRole": default_role}
    return {name: value for name, value in rules.items() if value}


def _check(
    template_name: str,
    roles: tuple[str, ...],
    approval_roles: tuple[str, ...],
    default_role: str,
    template: Template,
) -> None:
    """Check the roles as the functions check their settings."""
    environment = {
        "TEMPLATE": template_name,
        "SIGN_UP_ROLES": ",".join(roles),
        "APPROVAL_ROLES": ",".join(approval_roles),
        "DEFAULT_ROLE": default_role,
    }
    try:
        settings.template(environment)
        settings.roles(environment, template)
    except settings.SettingsError as error:
        text = str(error)
        for variable, option in _OPTIONS.items():
            text = text.replace(variable, option)
        raise RefusedError(text) from error


def _read_outputs(values: argparse.Namespace, template: Template) -> Mapping[str, Any]:
    """Return the outputs of the stack, after a check that they belong to the table and the template."""
    path: Path = values.outputs
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error(path, f"the file can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _error(path, "must be JSON, as `pulumi stack output --json` writes it") from error
    outputs = document.get("outputs", document) if isinstance(document, dict) else None
    if not isinstance(outputs, dict):
        raise _error(path, "must be a JSON object, as `pulumi stack output --json` writes it")
    for name in ("signUpRoles", "approvalRoles"):
        roles = outputs.get(name)
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise _error(
                path,
                f"must have {name}, a list of roles. Update the stack, or use --roles and --approval-roles",
            )
    for name, actual, option in [
        ("usersTableName", values.table_name, "--table-name"),
        ("template", template.name, "--template"),
    ]:
        if outputs.get(name) != actual:
            raise _error(path, f"the stack has the {name} {outputs.get(name)!r}, but {option} is {actual!r}")
    return outputs


def _error(path: Path, problem: str) -> RefusedError:
    return RefusedError(f"--outputs {path}: {problem}.")
