"""The settings with which a deployed stack registers users, read from its post-confirmation function.

A repair with other roles could give a user a role that the stack does not allow.
"""

from dataclasses import dataclass

from userprofiles import settings
from userprofiles import template as templates
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.settings import Roles, SettingsError
from userprofiles.stack_setup import trigger_function
from userprofiles.stack_setup.check_result import CheckFailedError, Status
from userprofiles.stack_setup.stack import Stack
from userprofiles.template import Template, TemplateError


@dataclass(frozen=True)
class DeployedSettings:
    """The settings of a stack.

    Attributes:
        template: The template.
        template_name: Name of the template in the functions, which is not that of the operator's file.
        roles: The roles that users can request at sign-up.
        estimated_users: Cognito's estimate of the number of users; None if it has none.
    """

    template: Template
    template_name: str
    roles: Roles
    estimated_users: int | None


def read_settings(stack: Stack, template: str | None) -> DeployedSettings:
    """Read the settings of a stack, after a check that the pool belongs to the tables.

    Args:
        stack: The stack.
        template: Name or path of the template; None for the preset that the function uses.

    Raises:
        RefusedError: The pool's post-confirmation trigger writes to other tables or is not ours, or the
            template is another one.
        BackfillFailedError: The pool or the function can't be read.
    """
    try:
        pool = trigger_function.describe_pool(stack)
        function = trigger_function.read_function(stack, pool, "PostConfirmation")
        trigger_function.check_environment(stack, function)
    except CheckFailedError as error:
        raise _error(error) from error
    deployed_name = settings.template_name(function.environment)
    is_preset = deployed_name in templates.names()
    if template is None and not is_preset:
        raise RefusedError(
            f"The stack uses a template of its own, {deployed_name!r}. Pass its file: --template FILE.json."
        )
    environment = {**function.environment, "TEMPLATE": template or deployed_name}
    try:
        loaded_template = settings.template(environment)
        roles = settings.roles(environment, loaded_template)
    except (SettingsError, TemplateError) as error:
        raise RefusedError(
            f"The settings of the stack do not fit the template: {error}\nPass the template of the stack: "
            "--template."
        ) from error
    if is_preset and loaded_template.name != deployed_name:
        raise RefusedError(
            f"The stack uses the template {deployed_name!r}, not {loaded_template.name!r}. "
            "Leave --template out."
        )
    return DeployedSettings(loaded_template, deployed_name, roles, pool.get("EstimatedNumberOfUsers") or None)


def _error(error: CheckFailedError) -> BackfillError:
    message = f"Pool and tables can't be compared: {error}.\n{error.fix}"
    if error.status is Status.NOT_CHECKED:
        return BackfillFailedError(ErrorKind.RIGHTS, message)
    return RefusedError(message)
