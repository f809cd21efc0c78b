"""What our functions have in common: template and roles, environment, rights on the tables."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles import template as templates

from pulumi_userprofiles.policies import PolicyStatement, key_rights
from pulumi_userprofiles.python_function import PythonFunctionArgs
from pulumi_userprofiles.validation import ROLE, InvalidArgumentError, plain, texts

USER_KEYS: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]}
}
"""Condition that keeps a function to the items of users."""

_PASSED_ON = (
    "platform",
    "log_retention_days",
    "snap_start",
    "tracing",
    "kms_key_arn",
    "reserved_concurrency",
)
_PRESET = "marketplace"


class Domain:
    """The template and the roles that a component's functions work with, checked as the functions will."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Load the template and hold the roles against it.

        Raises:
            InvalidArgumentError: There is no such template, it can't be used, or it lacks one of the roles.
        """
        self._args = args
        name = plain(where, "template", args.get("template"))
        written = plain(where, "template_document", args.get("template_document"))
        self.extra_files: dict[str, str] = {}
        if written is None:
            self.name = name or _PRESET
            _check_preset(where, self.name)
            self.template = _load(where, self.name, self.name)
        else:
            self.name = name or "custom"
            self.template = _load(where, "template_document", _parse(where, self.name, written))
            self.extra_files[f"userprofiles/templates/{self.name}.json"] = written
        self.sign_up_roles = texts(where, args, "sign_up_roles", self.template.roles)
        self.default_role = (
            plain(where, "default_role", args.get("default_role")) or self.template.default_role
        )
        for key, role in [
            *(("sign_up_roles", role) for role in self.sign_up_roles),
            ("default_role", self.default_role),
        ]:
            self._check_role(where, key, role)
        if not self.sign_up_roles:
            raise InvalidArgumentError(
                where,
                "'sign_up_roles' is empty, so nobody could ask for a role",
                got=self.sign_up_roles,
                allowed=", ".join(self.template.roles),
                fix="Name at least one, or leave it out for all.",
                argument="sign_up_roles",
            )

    def _check_role(self, where: str, key: str, role: Any) -> None:
        if not isinstance(role, str) or not ROLE.fullmatch(role):
            raise InvalidArgumentError(
                where,
                f"'{key}' has something that is no role",
                got=role,
                allowed="up to 32 lower-case letters, digits, hyphens and underscores, a letter first",
                fix=f"Choose from the roles of template '{self.name}': {', '.join(self.template.roles)}.",
                argument=key,
            )
        if role not in self.template.roles:
            raise InvalidArgumentError(
                where,
                f"'{key}' has a role that template '{self.name}' doesn't",
                got=role,
                allowed=", ".join(self.template.roles),
                fix="Choose from them: a role has to stand in the template.",
                argument=key,
            )

    @property
    def asks_for_role(self) -> bool:
        """Whether users say at sign-up which role they want: not where there is but one."""
        return self.template.role_attribute is not None and len(self.template.roles) > 1

    def function(
        self,
        handler: str,
        description: str,
        *,
        environment: Mapping[str, pulumi.Input[str]],
        statements: list[PolicyStatement],
        timeout_seconds: int,
        memory_mb: int = 512,
    ) -> PythonFunctionArgs:
        """Put together the arguments of one of our functions.

        Args:
            handler: Module in `userprofiles.handlers`.
            description: What the function does.
            environment: Its own variables; the domain's are added.
            statements: Its rights.
            timeout_seconds: When Lambda ends a call.
            memory_mb: Its memory.

        Returns:
            The arguments, with those that the component was given for all its functions.
        """
        variables: dict[str, pulumi.Input[str]] = {
            "TEMPLATE": self.name,
            "SIGN_UP_ROLES": ",".join(self.sign_up_roles),
            "DEFAULT_ROLE": self.default_role,
            "POWERTOOLS_SERVICE_NAME": handler.replace("_", "-"),
            "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            **environment,
        }
        function: PythonFunctionArgs = {
            "handler": f"userprofiles.handlers.{handler}.handler",
            "description": description,
            "environment": variables,
            "statements": statements,
            "timeout_seconds": timeout_seconds,
            "memory_mb": memory_mb,
            "extra_files": self.extra_files,
        }
        for key in _PASSED_ON:
            if self._args.get(key) is not None:
                function[key] = self._args[key]  # type: ignore[literal-required]  # each is one of its keys
        return function


def _parse(where: str, name: str, written: Any) -> dict[str, Any]:
    try:
        document = json.loads(written)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            where,
            f"'template_document' is no JSON ({error})",
            got=str(written)[:60],
            allowed="a template as JSON text",
            fix="Read a file such as templates/marketplace.json and hand over its text.",
        ) from None
    if name in templates.names():
        raise InvalidArgumentError(
            where,
            "a preset has the name of the template given as 'template_document'",
            got=name,
            allowed="another name than " + ", ".join(templates.names()),
            fix="Give the template a name of its own as 'template'.",
        )
    return document  # type: ignore[no-any-return]  # whatever it is, the template's own check comes next


def _check_preset(where: str, name: Any) -> None:
    if name not in templates.names():
        raise InvalidArgumentError(
            where,
            "there is no such 'template'",
            got=name,
            allowed=", ".join(templates.names()),
            fix=f"Choose one of them, or leave it out for {_PRESET}.",
            argument="template",
        )


def _load(where: str, given: str, source: Any) -> templates.Template:
    try:
        return templates.load(source)
    except templates.TemplateError as error:
        raise InvalidArgumentError(
            where,
            f"the template can't be used ({error})",
            got=given,
            allowed="a template such as " + ", ".join(templates.names()),
            fix="Correct it, or choose one of those.",
        ) from None


def tables(args: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
    """Return the variables by which a function knows its tables."""
    return {"USERS_TABLE": args["users_table_name"], "AUDIT_TABLE": args["audit_table_name"]}


TABLES = ("users_table_name", "users_table_arn", "audit_table_name", "audit_table_arn")
"""Arguments by which a component knows the tables."""


def table_key_rights(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return what it takes to use tables that are encrypted with the key, if there is one."""
    return key_rights(args.get("kms_key_arn"), "dynamodb", "kms:Decrypt", "kms:GenerateDataKey")


def register_rights(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return what it takes to register a user: account, profile and audit row in one transaction."""
    return [
        *table_key_rights(args),
        {
            "sid": "RegisterUsers",
            "actions": ["dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_KEYS,
        },
        {
            "sid": "AppendToTheTrail",
            "actions": ["dynamodb:PutItem"],
            "resources": [args["audit_table_arn"]],
            "conditions": USER_KEYS,
        },
    ]


def read_users_rights(user_pool_arn: pulumi.Input[str]) -> list[PolicyStatement]:
    """Return what it takes to read a user of the pool."""
    return [{"sid": "ReadUsers", "actions": ["cognito-idp:AdminGetUser"], "resources": [user_pool_arn]}]
