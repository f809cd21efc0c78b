"""The HTTP API through which users read and change their profiles."""

import re
from typing import ClassVar, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.api.routes import ADMINISTRATORS, ROUTES, USERS, Route

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.outputs import output_after
from pulumi_userprofiles.profile_api_functions import (
    ADMINISTRATORS_SECONDS,
    USERS_SECONDS,
    administrators_function,
    users_function,
)
from pulumi_userprofiles.profile_api_settings import (
    ADMIN_GROUP,
    ProfileApiSettings,
    cors_configuration,
)
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import LambdaPlatform, LambdaRuntime

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
    """Reserved concurrency of each of the two functions, which is also its limit. A new AWS account cannot
    reserve any. Default: none."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts environment variables and logs. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the function can still read what these keys encrypt.
    Default: none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: alarms only change their state."""


def _route_child(route: Route) -> str:
    return "route-" + re.sub("[^a-z]+", "-", route.key.lower()).strip("-")


class ProfileApi(Component):
    """An HTTP API: `/me` for every user, `/users` for administrators, `GET /health` without a token.

    Administrators are in the group `admin`, which this component creates in the pool.
    """

    _CHILDREN = (
        *("handler", "admin", "admin-group", "idempotency-table", "log-group", "api", "authorizer"),
        *("integration", "admin-integration", "stage", "alarm"),
        *(_route_child(route) for route in ROUTES),
    )
    _COMPONENTS: ClassVar = {"handler": PythonFunction, "admin": PythonFunction}
    _NAME_LIMIT = 39

    url: pulumi.Output[str]
    """Base URL of the API, without a path. It is known only after all routes are available."""

    api_id: pulumi.Output[str]
    """ID of the API."""

    function_name: pulumi.Output[str]
    """Name of the function that handles the routes of users."""

    admin_function_name: pulumi.Output[str]
    """Name of the function that handles the routes of administrators."""

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

        self._make_functions(args, settings)
        self._make_admin_group(args)
        self.api = self._make(
            aws.apigatewayv2.Api,
            "api",
            protocol_type="HTTP",
            description="Lets users read and change their profiles",
            cors_configuration=cors_configuration(settings.allowed_origins),
        )
        permissions = [
            handler.allow_invoke(
                "api",
                principal="apigateway.amazonaws.com",
                # Any stage and route of this API.
                source_arn=pulumi.Output.concat(self.api.execution_arn, "/*/*"),
            )
            for handler in (self.handler, self.admin_handler)
        ]
        self.routes = self._make_routes(args)
        self.stage = self._make_stage(args, settings)
        self._alarm(
            "alarm",
            args,
            description="The profile API answered with 5xx: see its access log and its functions' logs",
            metric="AWS/ApiGateway 5xx",
            dimensions={"ApiId": self.api.id},
        )

        required_ids = [resource.id for resource in (*permissions, *self.routes)]
        self.url = output_after(self.api.api_endpoint, self.stage.id, *required_ids)
        self.api_id = self.api.id
        self.function_name = self.handler.function_name
        self.admin_function_name = self.admin_handler.function_name
        self._register_outputs()

    def _make_admin_group(self, args: ProfileApiArgs) -> None:
        self._make(
            aws.cognito.UserGroup,
            "admin-group",
            user_pool_id=args["user_pool_id"],
            name=ADMIN_GROUP,
            description="Administrators of the profile API; the users table must also have the role",
        )

    def _make_functions(self, args: ProfileApiArgs, settings: ProfileApiSettings) -> None:
        """Create one function for users and one for administrators, and the table with stored answers."""
        self.idempotency_table = self._make(
            aws.dynamodb.Table,
            "idempotency-table",
            attributes=[{"name": "id", "type": "S"}],
            hash_key="id",
            billing_mode="PAY_PER_REQUEST",
            ttl={"attribute_name": "expiration", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
        )
        self.handler = self._make_component(
            PythonFunction, "handler", users_function(self._prefix, args, settings.functions)
        )
        self.admin_handler = self._make_component(
            PythonFunction,
            "admin",
            administrators_function(
                self._prefix,
                args,
                settings.functions,
                self.idempotency_table.name,
                self.idempotency_table.arn,
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
        integrations = {
            USERS: self._make_integration("integration", self.handler, USERS_SECONDS + 1),
            ADMINISTRATORS: self._make_integration(
                "admin-integration", self.admin_handler, ADMINISTRATORS_SECONDS + 1
            ),
        }
        return [
            self._make(
                aws.apigatewayv2.Route,
                _route_child(route),
                api_id=self.api.id,
                route_key=route.key,
                target=pulumi.Output.concat("integrations/", integrations[route.handler].id),
                authorization_type="JWT" if route.needs_token else "NONE",
                authorizer_id=authorizer.id if route.needs_token else None,
            )
            for route in ROUTES
        ]

    def _make_integration(
        self, child: str, handler: PythonFunction, seconds: int
    ) -> aws.apigatewayv2.Integration:
        return self._make(
            aws.apigatewayv2.Integration,
            child,
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=handler.alias_invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=seconds * 1000,
        )

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
