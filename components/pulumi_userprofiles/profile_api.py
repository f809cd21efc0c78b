"""The HTTP API through which users read and change their profiles."""

import re
from typing import Any, ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.api.routes import ROUTES, Route

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.function_rights import (
    USER_ITEMS_ONLY,
    read_user_statements,
    register_user_statements,
    table_environment,
)
from pulumi_userprofiles.outputs import output_after
from pulumi_userprofiles.profile_api_settings import ProfileApiSettings
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime

_HANDLER_SECONDS = 10
# The access log contains nothing that identifies the caller, not even the address.
_ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "refusedBecause": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}


class ProfileApiArgs(TypedDict):
    """Arguments of `ProfileApi`."""

    users_table_name: pulumi.Input[str]
    """Name of the users table."""

    users_table_arn: pulumi.Input[str]
    """ARN of the users table."""

    audit_table_name: pulumi.Input[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Input[str]
    """ARN of the audit table."""

    user_pool_id: pulumi.Input[str]
    """ID of the pool whose users can call the API."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    issuer: pulumi.Input[str]
    """Issuer of that pool's tokens, a URL."""

    client_ids: list[pulumi.Input[str]]
    """IDs of the app clients whose access tokens are accepted."""

    template: NotRequired[str]
    """Name of the template: `basic`, `social`, `career`, `marketplace`, or a name of your own for
    `template_document`. Default: marketplace."""

    template_document: NotRequired[str]
    """Your own template as JSON text, which is packed into the function. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users can request at sign-up. Default: all roles of the template."""

    default_role: NotRequired[str]
    """Role of users who request none. Default: the template's default role."""

    approval_roles: NotRequired[list[str]]
    """Roles whose new users are pending until an administrator approves them, such as `vendor` of
    `marketplace`. Default: none."""

    allowed_origins: NotRequired[list[str]]
    """Web origins that browsers can call the API from, such as `https://example.com`. Default: none."""

    requests_per_second: NotRequired[int]
    """Requests per second of all users together; the API answers further requests with 429. Default: 50."""

    burst: NotRequired[int]
    """Requests of all users together in a burst; the API answers further requests with 429. Default: 100."""

    platform: NotRequired[LambdaPlatform]
    """Platform that the function's zip is built for. Default: lambda."""

    runtime: NotRequired[LambdaRuntime]
    """Lambda runtime of the function; the same Python version compiles the zip. Default: python3.13."""

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
    """ARN of the KMS key that encrypts environment variables and logs. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


def _route_child(route: Route) -> str:
    return "route-" + re.sub("[ /]+", "-", route.key).lower()


class ProfileApi(Component):
    """An HTTP API: `GET` and `PATCH /me/profile` with an access token, `GET /health` without."""

    _CHILDREN = (
        *("handler", "log-group", "api", "authorizer", "integration", "stage", "alarm"),
        *(_route_child(route) for route in ROUTES),
    )
    _COMPONENTS: ClassVar = {"handler": PythonFunction}
    _NAME_LIMIT = 39

    url: pulumi.Output[str]
    """Base URL of the API, without a path. It is known only after all routes are available."""

    api_id: pulumi.Output[str]
    """ID of the API."""

    function_name: pulumi.Output[str]
    """Name of the API's function."""

    def __init__(
        self,
        name: str,
        args: ProfileApiArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[ProfileApiArgs],
    ) -> None:
        """Create function, API, authorizer, routes and stage.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children; a route's child is named like `route-get-me-profile`.
            keywords: Arguments as keywords, such as `tracing=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        settings = ProfileApiSettings(self.label(name), args)
        super().__init__(name, args, opts, transforms)

        self.handler = self._make_handler(args, settings)
        self.api = self._make(
            aws.apigatewayv2.Api,
            "api",
            protocol_type="HTTP",
            description="Lets users read and change their profiles",
            cors_configuration=_cors_configuration(settings.allowed_origins),
        )
        permission = self.handler.allow_invoke(
            "api",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(
                self.api.execution_arn, "/*/*"
            ),  # any stage and route of this API
        )
        self.routes = self._make_routes(args)
        self.stage = self._make_stage(args, settings)
        self._alarm(
            "alarm",
            args,
            description="The profile API answered with 5xx: see its access log and its function's log",
            metric="AWS/ApiGateway 5xx",
            dimensions={"ApiId": self.api.id},
        )

        route_ids = [route.id for route in self.routes]
        self.url = output_after(self.api.api_endpoint, self.stage.id, permission.id, *route_ids)
        self.api_id = self.api.id
        self.function_name = self.handler.function_name
        self._register_outputs()

    def _make_handler(self, args: ProfileApiArgs, settings: ProfileApiSettings) -> PythonFunction:
        return self._make_component(
            PythonFunction,
            "handler",
            settings.functions.function_args(
                self._prefix,
                "profile_api",
                "Handles requests to the profile API",
                environment={
                    **table_environment(args),
                    "USER_POOL_ID": args["user_pool_id"],
                    "USER_POOL_CLIENT_IDS": pulumi.Output.all(*args["client_ids"]).apply(",".join),
                },
                statements=[
                    *register_user_statements(args),
                    {
                        "sid": "ReadProfiles",
                        "actions": ["dynamodb:BatchGetItem"],
                        "resources": [args["users_table_arn"]],
                        "conditions": USER_ITEMS_ONLY,
                    },
                    *read_user_statements(args["user_pool_arn"]),
                ],
                timeout_seconds=_HANDLER_SECONDS,
            ),
        )

    def _make_routes(self, args: ProfileApiArgs) -> list[aws.apigatewayv2.Route]:
        authorizer = self._make(
            aws.apigatewayv2.Authorizer,
            "authorizer",
            api_id=self.api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": args["issuer"], "audiences": args["client_ids"]},
        )
        integration = self._make(
            aws.apigatewayv2.Integration,
            "integration",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=self.handler.alias_invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=(_HANDLER_SECONDS + 1) * 1000,
        )
        target = pulumi.Output.concat("integrations/", integration.id)
        return [
            self._make(
                aws.apigatewayv2.Route,
                _route_child(route),
                api_id=self.api.id,
                route_key=route.key,
                target=target,
                authorization_type="JWT" if route.needs_token else "NONE",
                authorizer_id=authorizer.id if route.needs_token else None,
            )
            for route in ROUTES
        ]

    def _make_stage(self, args: ProfileApiArgs, settings: ProfileApiSettings) -> aws.apigatewayv2.Stage:
        self.log_group = self._make_vended_log_group("apigateway", settings.log_retention_days, args)
        return self._make(
            aws.apigatewayv2.Stage,
            "stage",
            api_id=self.api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": settings.requests_per_second,
                "throttling_burst_limit": settings.burst,
            },
            access_log_settings={
                "destination_arn": self.log_group.arn,
                "format": pulumi.Output.json_dumps(_ACCESS_LOG_FIELDS),
            },
        )


def _cors_configuration(origins: list[str]) -> dict[str, Any] | None:
    if not origins:
        return None
    return {
        "allow_origins": origins,
        "allow_methods": sorted({route.method for route in ROUTES}),
        "allow_headers": ["authorization", "content-type", "if-match"],
        "expose_headers": ["etag"],
        "max_age": 600,
    }
