"""Template, roles and shared arguments of a component's functions."""

from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles import template as templates
from userprofiles import template_document
from userprofiles.settings import roles_with_approval

from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.python_function import PythonFunctionArgs
from pulumi_userprofiles.validation import ROLE, InvalidArgumentError, plain_value, string_list

_SHARED_ARGUMENTS = (
    "platform",
    "runtime",
    "log_retention_days",
    "snap_start",
    "tracing",
    "kms_key_arn",
    "former_kms_key_arns",
    "reserved_concurrency",
)
"""Arguments of a component that apply to each of its functions."""

_DEFAULT_TEMPLATE = "marketplace"

METRICS_NAMESPACE = "UserProfiles"
"""CloudWatch namespace of the metrics that the functions count."""


def service_name(component: str, handler: str) -> str:
    """Return the name of a function in its log lines and in its metrics' dimension `service`.

    It contains project, stack and component, so that alarms of two stacks in an account do not share metrics.
    """
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{component}-{handler.replace('_', '-')}"


def plain_function_args(
    args: Mapping[str, Any],
    component: str,
    handler: str,
    description: str,
    *,
    environment: Mapping[str, pulumi.Input[str]],
    statements: list[PolicyStatement],
    timeout_seconds: int,
    memory_mb: int = 512,
) -> PythonFunctionArgs:
    """Build the arguments of a function that does not use the template.

    Args:
        args: The component's arguments, of which those that apply to all its functions are used.
        component: Name of the component that the function belongs to.
        handler: Module in `userprofiles.handlers`.
        description: What the function does.
        environment: Its own environment variables; the telemetry settings are added.
        statements: Its rights.
        timeout_seconds: Its time-out.
        memory_mb: Its memory.

    Returns:
        The arguments.
    """
    function: PythonFunctionArgs = {
        "handler": f"userprofiles.handlers.{handler}.handler",
        "description": description,
        "environment": {
            "POWERTOOLS_SERVICE_NAME": service_name(component, handler),
            "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
            **environment,
        },
        "statements": statements,
        "timeout_seconds": timeout_seconds,
        "memory_mb": memory_mb,
    }
    for key in _SHARED_ARGUMENTS:
        if args.get(key) is not None:
            function[key] = args[key]  # type: ignore[literal-required]  # each is one of its keys
    return function


class FunctionSettings:
    """Settings of a component's functions, checked in the same way as the functions check them."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Load the template and check the roles against it.

        Raises:
            InvalidArgumentError: The template is unknown or not valid, or does not define one of the roles.
        """
        self._args = args
        self._load_template(where)
        self.sign_up_roles = string_list(where, args, "sign_up_roles", self.template.roles)
        self.default_role = (
            plain_value(where, "default_role", args.get("default_role")) or self.template.default_role
        )
        for role in self.sign_up_roles:
            self._check_role(where, "sign_up_roles", role)
        self._check_role(where, "default_role", self.default_role)
        if not self.sign_up_roles:
            raise InvalidArgumentError(
                where,
                "'sign_up_roles' is empty, so no user could request a role",
                got=self.sign_up_roles,
                allowed=", ".join(self.template.roles),
                fix="List at least one role, or leave it out to allow all.",
                argument="sign_up_roles",
            )
        self.approval_roles = string_list(where, args, "approval_roles", ())
        for role in self.approval_roles:
            self._check_approval_role(where, role)

    def _load_template(self, where: str) -> None:
        name = plain_value(where, "template", self._args.get("template"))
        document = plain_value(where, "template_document", self._args.get("template_document"))
        self.extra_files: dict[str, str] = {}
        if document is None:
            self.name = _DEFAULT_TEMPLATE if name is None else name
            _check_preset(where, self.name)
            self.template = templates.load(self.name)
        else:
            self.name = name or "custom"
            self.template = _load(where, _parse(where, self.name, document), document)
            self.extra_files[f"userprofiles/templates/{self.name}.json"] = document

    def _check_role(self, where: str, key: str, role: Any) -> None:
        if not isinstance(role, str) or not ROLE.fullmatch(role):
            raise InvalidArgumentError(
                where,
                f"'{key}' has an invalid role name",
                got=role,
                allowed="up to 32 lower-case letters, digits, hyphens and underscores, the first a letter",
                fix=f"Choose from the roles of template '{self.name}': {', '.join(self.template.roles)}.",
                argument=key,
            )
        if role not in self.template.roles:
            raise InvalidArgumentError(
                where,
                f"'{key}' has a role that template '{self.name}' does not define",
                got=role,
                allowed=", ".join(self.template.roles),
                fix="Choose one of them, or define the role in the template.",
                argument=key,
            )

    def _check_approval_role(self, where: str, role: Any) -> None:
        allowed = roles_with_approval(self.template)
        if role not in allowed:
            raise InvalidArgumentError(
                where,
                f"'approval_roles' has a role without approval in template '{self.name}'",
                got=role,
                allowed=", ".join(allowed) or "none: no role of this template has 'approval'",
                fix="Choose one of them, or add 'approval' to the role in the template.",
                argument="approval_roles",
            )

    @property
    def users_request_role(self) -> bool:
        """Whether users request a role at sign-up, which needs a template with more than one role."""
        return self.template.role_attribute is not None and len(self.template.roles) > 1

    def function_args(
        self,
        component: str,
        handler: str,
        description: str,
        *,
        environment: Mapping[str, pulumi.Input[str]],
        statements: list[PolicyStatement],
        timeout_seconds: int,
        memory_mb: int = 512,
    ) -> PythonFunctionArgs:
        """Build the arguments of a function.

        Args:
            component: Name of the component that the function belongs to.
            handler: Module in `userprofiles.handlers`.
            description: What the function does.
            environment: Its own environment variables; template, roles and telemetry settings are added.
            statements: Its rights.
            timeout_seconds: Its time-out.
            memory_mb: Its memory.

        Returns:
            The arguments, including the component's arguments that apply to all its functions.
        """
        variables: dict[str, pulumi.Input[str]] = {
            "TEMPLATE": self.name,
            "SIGN_UP_ROLES": ",".join(self.sign_up_roles),
            "DEFAULT_ROLE": self.default_role,
            **({"APPROVAL_ROLES": ",".join(self.approval_roles)} if self.approval_roles else {}),
            **environment,
        }
        function = plain_function_args(
            self._args,
            component,
            handler,
            description,
            environment=variables,
            statements=statements,
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
        )
        function["extra_files"] = self.extra_files
        return function


def _parse(where: str, name: str, text: Any) -> dict[str, Any]:
    try:
        document = template_document.parse(text)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            where,
            f"'template_document' is not valid JSON ({error})",
            got=str(text)[:60],
            allowed="a template as JSON text",
            fix="Start from the output of `userprofiles template show basic`, a command of the installed "
            "package userprofiles.",
            argument="template_document",
        ) from None
    if name in templates.names():
        raise InvalidArgumentError(
            where,
            "'template' is the name of a preset, although 'template_document' is set",
            got=name,
            allowed="a name other than " + ", ".join(templates.names()),
            fix="Remove 'template', or set it to a name of your own.",
            argument="template",
        )
    return document  # type: ignore[no-any-return]  # the template's own check accepts any JSON


def _check_preset(where: str, name: Any) -> None:
    if name not in templates.names():
        raise InvalidArgumentError(
            where,
            "'template' is not a known template",
            got=name,
            allowed=", ".join(templates.names()),
            fix=f"Choose one of them, or leave it out for the default: {_DEFAULT_TEMPLATE}. Your own "
            "template is passed as 'template_document'.",
            argument="template",
        )


def _load(where: str, document: dict[str, Any], text: str) -> templates.Template:
    try:
        return templates.load(document)
    except templates.TemplateError as error:
        raise InvalidArgumentError(
            where,
            f"'template_document' is not a valid template ({error})",
            got=text[:60],
            allowed="a template without problems",
            fix="`userprofiles template check FILE` shows all problems.",
            argument="template_document",
        ) from None
