"""A Python function with everything it needs: role, log group, published version, alias."""

from typing import NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.outputs import output_after
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime, PythonFunctionSettings

ALIAS = "live"
"""Name of the alias through which callers invoke a function."""


class PythonFunctionArgs(TypedDict):
    """Arguments of `PythonFunction`."""

    handler: str
    """The handler, such as `userprofiles.handlers.pre_sign_up.handler`."""

    description: NotRequired[str]
    """Description of the function. Default: none."""

    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables. Default: none."""

    statements: NotRequired[list[PolicyStatement]]
    """Rights of the function, in addition to writing its log. Default: none."""

    timeout_seconds: NotRequired[int]
    """Time-out in seconds, 1 to 900. Default: 10."""

    memory_mb: NotRequired[int]
    """Memory in MB, 128 to 10,240; CPU power grows with it. Default: 512."""

    platform: NotRequired[LambdaPlatform]
    """Platform that the zip is built for. Default: lambda."""

    runtime: NotRequired[LambdaRuntime]
    """Lambda runtime of the function; the same Python version compiles the zip. Default: python3.13."""

    extra_files: NotRequired[dict[str, str]]
    """Text files to add to the zip: path in the zip to content. Default: none."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept; must be a retention period of CloudWatch Logs. Default: 30."""

    snap_start: NotRequired[bool]
    """Whether the function uses Lambda SnapStart, which is billed for Python. Default: false."""

    tracing: NotRequired[bool]
    """Whether AWS X-Ray traces invocations. Default: true."""

    reserved_concurrency: NotRequired[int]
    """Reserved concurrency of the function, which is also its limit. A new AWS account cannot reserve any.
    Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the environment variables and the log. The key's policy must allow
    CloudWatch Logs to use it. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    existing_role_arn: NotRequired[pulumi.Input[str]]
    """ARN of an existing role to use. You then attach its policies yourself, and `statements` is not
    allowed. Default: a new role."""


class PythonFunction(Component):
    """A Python function (arm64) of this distribution, invoked through the alias `live`."""

    _CHILDREN = ("role", "log-group", "policy", "function", "alias", "*-permission")

    function_name: pulumi.Output[str]
    """Name of the function."""

    function_arn: pulumi.Output[str]
    """ARN of the function without the alias. Do not grant rights on it: callers use the alias."""

    alias_name: pulumi.Output[str]
    """Name of the alias, which is the qualifier of an invoke permission."""

    alias_arn: pulumi.Output[str]
    """ARN of the alias, through which callers invoke the function."""

    alias_invoke_arn: pulumi.Output[str]
    """URI through which an HTTP API invokes the alias."""

    role_arn: pulumi.Output[str]
    """ARN of the function's role. It is known before the role's policies are attached."""

    role_arn_with_policies: pulumi.Output[str]
    """ARN of the function's role. It is known only after the role's policies are attached."""

    log_group_name: pulumi.Output[str]
    """Name of the function's log group."""

    def __init__(
        self,
        name: str,
        args: PythonFunctionArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[PythonFunctionArgs],
    ) -> None:
        """Create the function with its role, log group and alias.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to `role`, `log-group`, `policy`, `function`, `alias` and `*-permission`.
            keywords: Arguments as keywords, such as `memory_mb=1024`.

        Raises:
            InvalidArgumentError: An argument is not valid.
            pulumi.RunError: The zip cannot be built.
        """
        args = self._merged_arguments(name, args, keywords)
        settings = PythonFunctionSettings(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        self.log_group = self._make(
            aws.cloudwatch.LogGroup,
            "log-group",
            retention_in_days=settings.log_retention_days,
            kms_key_id=args.get("kms_key_arn"),
        )
        self._make_role(args, settings)
        self.function = self._make_function(args, settings)
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

    def _make_role(self, args: PythonFunctionArgs, settings: PythonFunctionSettings) -> None:
        """Create the role and its policy, or adopt the existing role."""
        existing = args.get("existing_role_arn")
        if existing is not None:
            self.role_arn = self.role_arn_with_policies = pulumi.Output.from_input(existing)
            return
        self.role = self._make(
            aws.iam.Role, "role", assume_role_policy=policies.trust("lambda.amazonaws.com")
        )
        statements: list[PolicyStatement] = [
            {
                "sid": "WriteLog",
                "actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "resources": [pulumi.Output.concat(self.log_group.arn, ":*")],
            }
        ]
        if settings.tracing:
            statements.append({"sid": "Trace", "actions": list(policies.TRACING), "resources": ["*"]})
        # For the environment variables only: the function's `statements` cover other encrypted data.
        statements += policies.kms_statements(args, "lambda", "kms:Decrypt")
        self.policy = self._make(
            aws.iam.RolePolicy,
            "policy",
            role=self.role.name,
            policy=policies.document([*statements, *args.get("statements", [])]),
        )
        self.role_arn = self.role.arn
        self.role_arn_with_policies = output_after(self.role.arn, self.policy.id)

    def _make_function(
        self, args: PythonFunctionArgs, settings: PythonFunctionSettings
    ) -> aws.lambda_.Function:
        return self._make(
            aws.lambda_.Function,
            "function",
            description=args.get("description"),
            code=pulumi.FileArchive(settings.zip),
            handler=args["handler"],
            runtime=settings.runtime.value,
            architectures=["arm64"],
            role=self.role_arn_with_policies,
            timeout=settings.timeout_seconds,
            memory_size=settings.memory_mb,
            publish=True,
            environment={"variables": args.get("environment") or {}},
            kms_key_arn=args.get("kms_key_arn"),
            # Powertools writes JSON itself; with the JSON format Lambda would wrap it a second time.
            logging_config={"log_format": "Text", "log_group": self.log_group.name},
            tracing_config={"mode": "Active" if settings.tracing else "PassThrough"},
            snap_start={"apply_on": "PublishedVersions"} if settings.snap_start else None,
            reserved_concurrent_executions=settings.reserved_concurrency,
        )

    def allow_invoke(
        self, role: str, *, principal: str, source_arn: pulumi.Input[str]
    ) -> aws.lambda_.Permission:
        """Permit one resource of an AWS service to invoke the function through its alias.

        The permission has no source account: AWS documents none for HTTP APIs, and a condition on a value
        that the service does not send rejects every call. The ARN of an API contains its account (Amazon API
        Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs").

        Args:
            role: What the caller is, such as `api`: the permission is the child `<role>-permission`.
            principal: The service, such as `apigateway.amazonaws.com`.
            source_arn: ARN of the calling resource, with its account.

        Returns:
            The permission.
        """
        return self._make(
            aws.lambda_.Permission,
            f"{role}-permission",
            action="lambda:InvokeFunction",
            function=self.function.name,
            qualifier=self.alias.name,
            principal=principal,
            source_arn=source_arn,
        )
