"""One of our Python functions with all it needs: role, log group, published version, alias."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.bundle import LAMBDA_PYTHON, BundleError, build_bundle
from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    choice,
    one_of,
    plain,
    required,
    switch,
    whole_number,
)

ALIAS = "live"
"""Name of the alias that everybody calls a function by."""

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
    *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs takes as retention (API reference, PutRetentionPolicy)."""


class LambdaPlatform(StrEnum):
    """What a function's zip is made for."""

    LAMBDA = "lambda"
    """AWS Lambda on arm64."""

    HOST = "host"
    """This machine's interpreter, for a local AWS."""


class PythonFunctionArgs(TypedDict):
    """Arguments of `PythonFunction`."""

    handler: str
    """The function to call, such as `userprofiles.handlers.pre_sign_up.handler`."""

    description: NotRequired[str]
    """What the function does, for people. Default: none."""

    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables. Default: none."""

    statements: NotRequired[list[PolicyStatement]]
    """Rights of the function beside writing its log. Default: none."""

    timeout_seconds: NotRequired[int]
    """Seconds after which Lambda ends a call, 1 to 900. Default: 10."""

    memory_mb: NotRequired[int]
    """Memory in MB, 128 to 10,240; processor time grows with it. Default: 512."""

    platform: NotRequired[LambdaPlatform]
    """What the zip is made for. Default: lambda."""

    extra_files: NotRequired[dict[str, str]]
    """Text files to add to the zip: path within it to content. Default: none."""

    log_retention_days: NotRequired[int]
    """Days that log lines are kept, one of CloudWatch's steps. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether Lambda keeps a snapshot of the started function (billed for Python). Default: false."""

    tracing: NotRequired[bool]
    """Whether calls are traced by X-Ray. Default: true."""

    reserved_concurrency: NotRequired[int]
    """Calls at a time that are set aside for the function, and its limit; a young account has none to
    spare. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the environment and the log (its policy has to let CloudWatch Logs
    use it). Default: AWS's own keys."""

    existing_role_arn: NotRequired[pulumi.Input[str]]
    """ARN of a role to use instead of making one; `statements` are then yours to attach. Default: a role
    of its own."""


class PythonFunction(Component):
    """A Python function (3.13, arm64) of this distribution, called through the alias `live`."""

    _CHILDREN = ("role", "log-group", "policy", "function", "alias")

    function_name: pulumi.Output[str]
    """Name of the function."""

    function_arn: pulumi.Output[str]
    """ARN of the function, without alias; grant nothing on it, callers use the alias."""

    alias_name: pulumi.Output[str]
    """Name of the alias, which is the qualifier of an invoke permission."""

    alias_arn: pulumi.Output[str]
    """ARN to call the function by."""

    alias_invoke_arn: pulumi.Output[str]
    """URI by which an HTTP API calls the function."""

    role_arn: pulumi.Output[str]
    """ARN of the function's role, bare: known before its policies are attached."""

    role_arn_with_policies: pulumi.Output[str]
    """ARN of the function's role, known only when its policies are attached."""

    log_group_name: pulumi.Output[str]
    """Name of the function's log group."""

    def __init__(
        self,
        name: str,
        args: PythonFunctionArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make the function.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to `role`, `log-group`, `policy`, `function` and `alias`.

        Raises:
            InvalidArgumentError: An argument can't be used.
            pulumi.RunError: The zip can't be made.
        """
        where = self.place(name)
        settings = _Settings(where, args)
        super().__init__(name, args, opts, transforms)
        kms_key_arn = args.get("kms_key_arn")

        self.log_group = self._make(
            aws.cloudwatch.LogGroup,
            "log-group",
            retention_in_days=settings.log_retention_days,
            kms_key_id=kms_key_arn,
        )
        self._make_role(args, settings)
        self.function = self._make(
            aws.lambda_.Function,
            "function",
            description=args.get("description"),
            code=pulumi.FileArchive(settings.zip),
            handler=args["handler"],
            runtime=f"python{LAMBDA_PYTHON}",
            architectures=["arm64"],
            role=self.role_arn_with_policies,
            timeout=settings.timeout_seconds,
            memory_size=settings.memory_mb,
            publish=True,
            environment={"variables": args.get("environment") or {}},
            kms_key_arn=kms_key_arn,
            # Text: Powertools writes JSON itself, and Lambda would wrap it once more.
            logging_config={"log_format": "Text", "log_group": self.log_group.name},
            tracing_config={"mode": "Active" if settings.tracing else "PassThrough"},
            snap_start={"apply_on": "PublishedVersions"} if settings.snap_start else None,
            reserved_concurrent_executions=settings.reserved_concurrency,
        )
        self.alias = self._make(
            aws.lambda_.Alias,
            "alias",
            name=ALIAS,
            function_name=self.function.name,
            function_version=self.function.version,
        )

        self.function_name = self.function.name
        self.function_arn = self.function.arn
        self.alias_name = self.alias.name
        self.alias_arn = self.alias.arn
        self.alias_invoke_arn = self.alias.invoke_arn
        self.log_group_name = self.log_group.name
        self._register_outputs()

    def _make_role(self, args: PythonFunctionArgs, settings: "_Settings") -> None:
        existing = args.get("existing_role_arn")
        if existing is not None:
            self.role_arn = self.role_arn_with_policies = pulumi.Output.from_input(existing)
            return
        self.role = self._make(
            aws.iam.Role, "role", assume_role_policy=policies.trust("lambda.amazonaws.com")
        )
        statements: list[PolicyStatement] = [
            {
                "sid": "WriteItsLog",
                "actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "resources": [pulumi.Output.concat(self.log_group.arn, ":*")],
            }
        ]
        if settings.tracing:
            statements.append({"sid": "Trace", "actions": list(policies.TRACING), "resources": ["*"]})
        # For the environment. What else is encrypted with it, the function's `statements` have to say.
        statements += policies.key_rights(args.get("kms_key_arn"), "lambda", "kms:Decrypt")
        self.policy = self._make(
            aws.iam.RolePolicy,
            "policy",
            role=self.role.name,
            policy=policies.document([*statements, *args.get("statements", [])]),
        )
        self.role_arn = self.role.arn
        self.role_arn_with_policies = policies.once(self.role.arn, self.policy.id)

    def allow_invoke(
        self, role: str, *, principal: str, source_arn: pulumi.Input[str]
    ) -> aws.lambda_.Permission:
        """Let one resource of an AWS service call the function through its alias.

        Args:
            role: End of the permission's name.
            principal: The service, such as `apigateway.amazonaws.com`.
            source_arn: ARN of the one that calls; its account is checked as well.

        Returns:
            The permission.
        """
        return aws.lambda_.Permission(
            f"{self._prefix}-{role}-permission",
            action="lambda:InvokeFunction",
            function=self.function.name,
            qualifier=self.alias.name,
            principal=principal,
            source_arn=source_arn,
            source_account=policies.account_of(source_arn),
            opts=pulumi.ResourceOptions(parent=self),
        )


class _Settings:
    """The arguments that decide what is made, checked."""

    def __init__(self, where: str, args: PythonFunctionArgs) -> None:
        required(where, args, "handler")
        one_of(where, args, "existing_role_arn", ["statements"])
        policies.check_statements(where, args.get("statements") or [])
        self.timeout_seconds = whole_number(where, args, "timeout_seconds", 10, at_least=1, at_most=900)
        self.memory_mb = whole_number(where, args, "memory_mb", 512, at_least=128, at_most=10_240)
        self.log_retention_days = retention(where, args)
        self.snap_start = switch(where, args, "snap_start", False)
        self.tracing = switch(where, args, "tracing", True)
        self.reserved_concurrency = concurrency(where, args)
        self.zip = bundle(where, args, plain(where, "extra_files", args.get("extra_files")))


def bundle(where: str, args: Mapping[str, Any], extra_files: Mapping[str, str] | None) -> str:
    """Make the zip for the platform that the arguments name, or take it from the cache.

    Returns:
        Its path.

    Raises:
        InvalidArgumentError: There is no such platform.
        pulumi.RunError: It can't be made.
    """
    platform = choice(where, args, "platform", LambdaPlatform.LAMBDA)
    try:
        return str(build_bundle(platform.value, extra_files))
    except BundleError as error:
        raise pulumi.RunError(f"{where}: {error}") from error


def concurrency(
    where: str, args: Mapping[str, Any], key: str = "reserved_concurrency", *, at_least: int = 1
) -> int | None:
    """Read how many calls at a time are set aside for a function.

    Raises:
        InvalidArgumentError: It is no whole number, or out of bounds.
    """
    return whole_number(where, args, key, None, at_least=at_least, at_most=10_000)


def retention(where: str, args: Mapping[str, Any]) -> int:
    """Read for how many days a log is kept.

    Raises:
        InvalidArgumentError: CloudWatch Logs has no such step.
    """
    days = whole_number(where, args, "log_retention_days", 30, at_least=1, at_most=3653)
    if days not in RETENTION_DAYS:
        raise InvalidArgumentError(
            where,
            "CloudWatch Logs has no such 'log_retention_days'",
            got=days,
            allowed=", ".join(map(str, RETENTION_DAYS)),
            fix="Choose the next longer one.",
            argument="log_retention_days",
        )
    return days
