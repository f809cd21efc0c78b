"""The HTTP API through which users read and change their profiles."""

import re
from typing import ClassVar, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.api.routes import ADMINISTRATORS, ROUTES, USERS, Route

from pulumi_userprofiles.avatar_bucket import AvatarBucket
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.outputs import output_after
from pulumi_userprofiles.profile_api_arguments import ProfileApiArgs
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


def _route_child(route: Route) -> str:
    return "route-" + re.sub("[^a-z]+", "-", route.key.lower()).strip("-")


class ProfileApi(Component):
    """An HTTP API: `/me` for every user, `/users` for administrators, `GET /health` without a token.

    Administrators are in the group `admin`, which this component creates in the pool.
    """

    _CHILDREN = (
        *(
            "avatars",
            "handler",
            "admin",
            "admin-group",
            "idempotency-table",
            "log-group",
            "api",
            "authorizer",
        ),
        *("integration", "admin-integration", "stage", "alarm"),
        *(_route_child(route) for route in ROUTES),
    )
    _COMPONENTS: ClassVar = {
        "avatars": AvatarBucket,
        "handler": PythonFunction,
        "admin": PythonFunction,
    }
    _NAME_LIMIT = 39

    url: pulumi.Output[str]
    """Base URL of the API, without a path. It is known only after all routes are available."""

    api_id: pulumi.Output[str]
    """ID of the API."""

    api_execution_arn: pulumi.Output[str]
    """Execution ARN of the API, for the permission of a function of your own."""

    authorizer_id: pulumi.Output[str]
    """ID of the authorizer, which checks the tokens, for routes of your own."""

    function_name: pulumi.Output[str]
    """Name of the function that handles the routes of users."""

    admin_function_name: pulumi.Output[str]
    """Name of the function that handles the routes of administrators."""

    avatar_bucket_name: pulumi.Output[str]
    """Name of the bucket with users' pictures and exports."""

    avatar_bucket_arn: pulumi.Output[str]
    """ARN of that bucket."""

    idempotency_table_name: pulumi.Output[str]
    """Name of the table with stored answers."""

    idempotency_table_arn: pulumi.Output[str]
    """ARN of that table."""

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
        self.api_execution_arn = self.api.execution_arn
        self.authorizer_id = self.authorizer.id
        self.function_name = self.handler.function_name
        self.admin_function_name = self.admin_handler.function_name
        self.avatar_bucket_name = self.avatars.bucket_name
        self.avatar_bucket_arn = self.avatars.bucket_arn
        self.idempotency_table_name = self.idempotency_table.name
        self.idempotency_table_arn = self.idempotency_table.arn
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
        """Create the functions, the table with stored answers, and the bucket with pictures."""
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
        self.avatars = self._make_component(
            AvatarBucket,
            "avatars",
            {
                key: args[key]
                for key in ("allowed_origins", "protect", "kms_key_arn")
                if args.get(key) is not None
            },
        )
        resources = {
            **args,
            "idempotency_table_name": self.idempotency_table.name,
            "idempotency_table_arn": self.idempotency_table.arn,
            "avatar_bucket_name": self.avatars.bucket_name,
            "avatar_bucket_arn": self.avatars.bucket_arn,
        }
        self.handler = self._make_component(
            PythonFunction, "handler", users_function(self._prefix, resources, settings)
        )
        self.admin_handler = self._make_component(
            PythonFunction, "admin", administrators_function(self._prefix, resources, settings)
        )

    def _make_routes(self, args: ProfileApiArgs) -> list[aws.apigatewayv2.Route]:
        self.authorizer = self._make(
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
                authorizer_id=self.authorizer.id if route.needs_token else None,
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
