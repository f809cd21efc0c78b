"""The routes of content, links and paid plans in an HTTP API, and their function."""

import hashlib
import re
from typing import ClassVar, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.api.routes import SOCIAL, SOCIAL_ROUTES, Route, redirect_route
from userprofiles.social.content import MEDIA_PREFIX

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.function_rights import USER_ITEMS_ONLY, table_kms_statements
from pulumi_userprofiles.function_settings import plain_function_args
from pulumi_userprofiles.policies import PolicyStatement, kms_statements
from pulumi_userprofiles.python_function import PythonFunction, PythonFunctionArgs
from pulumi_userprofiles.python_function_settings import reserved_concurrency
from pulumi_userprofiles.social_arguments import SocialApiArgs
from pulumi_userprofiles.social_settings import CheckedSocial
from pulumi_userprofiles.validation import check_required

SOCIAL_SECONDS = 10
"""Time-out of the function."""

_REQUIRED = (
    *("api_id", "api_execution_arn", "authorizer_id", "client_ids"),
    *("users_table_name", "users_table_arn", "idempotency_table_name", "idempotency_table_arn"),
    *("media_bucket_name", "media_bucket_arn"),
)
_FURTHER_ROUTES = "route-redirect-*"


def _route_child(route: Route) -> str:
    return "route-" + re.sub("[^a-z]+", "-", route.key.lower()).strip("-")


def _path_hash(path: str) -> str:
    """Return a short name for a path, which can have characters that a name can't have."""
    return hashlib.sha256(path.encode()).hexdigest()[:8]


class SocialApi(Component):
    """Routes below `/me` for content, links and paid plans, redirects of old media URLs, their function."""

    _CHILDREN = (
        *("handler", "integration", "alarm"),
        *(_route_child(route) for route in SOCIAL_ROUTES),
        _FURTHER_ROUTES,
    )
    _COMPONENTS: ClassVar = {"handler": PythonFunction}
    _NAME_LIMIT = 39

    function_name: pulumi.Output[str]
    """Name of the function that handles the routes."""

    def __init__(
        self,
        name: str,
        args: SocialApiArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[SocialApiArgs],
    ) -> None:
        """Create the function, its integration and the routes.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children; a route's child is named like `route-get-me-friends`.
            keywords: Arguments as keywords, such as `tracing=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, *_REQUIRED)
        settings = CheckedSocial(label, args)
        reserved_concurrency(label, args)
        further_routes = {_path_hash(path): redirect_route(path) for path in settings.redirect_paths}
        super().__init__(name, args, opts, transforms, chosen_names={_FURTHER_ROUTES: list(further_routes)})

        self.handler = self._make_component(PythonFunction, "handler", _function_args(name, args, settings))
        self.handler.allow_invoke(
            "api",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(args["api_execution_arn"], "/*/*"),
        )
        self._integration = self._make(
            aws.apigatewayv2.Integration,
            "integration",
            api_id=args["api_id"],
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=self.handler.alias_invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=(SOCIAL_SECONDS + 1) * 1000,
        )
        self.routes = [
            *(self._make_route(_route_child(route), route, args) for route in SOCIAL_ROUTES),
            *(
                self._make_route(_FURTHER_ROUTES.replace("*", path_hash), route, args)
                for path_hash, route in further_routes.items()
            ),
        ]
        self._alarm(
            "alarm",
            args,
            description="The function of content and links failed: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": self.handler.function_name},
        )

        self.function_name = self.handler.function_name
        self._register_outputs()

    def _make_route(self, child: str, route: Route, args: SocialApiArgs) -> aws.apigatewayv2.Route:
        return self._make(
            aws.apigatewayv2.Route,
            child,
            api_id=args["api_id"],
            route_key=route.key,
            target=pulumi.Output.concat("integrations/", self._integration.id),
            authorization_type="JWT" if route.needs_token else "NONE",
            authorizer_id=args["authorizer_id"] if route.needs_token else None,
        )


def _function_args(component: str, args: SocialApiArgs, settings: CheckedSocial) -> PythonFunctionArgs:
    return plain_function_args(
        args,
        component,
        SOCIAL,
        "Handles the routes of content, links and paid plans",
        environment={
            "USERS_TABLE": args["users_table_name"],
            "IDEMPOTENCY_TABLE": args["idempotency_table_name"],
            "MEDIA_BUCKET": args["media_bucket_name"],
            "STORAGE_PER_USER_GB": str(settings.storage_gb),
            "USER_POOL_CLIENT_IDS": pulumi.Output.all(*args["client_ids"]).apply(",".join),
        },
        statements=_statements(args),
        timeout_seconds=SOCIAL_SECONDS,
    )


def _statements(args: SocialApiArgs) -> list[PolicyStatement]:
    return [
        *table_kms_statements(args),
        {
            "sid": "UseItemsOfUsers",
            "actions": [
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        {
            "sid": "ReadRedirects",
            "actions": ["dynamodb:Query"],
            "resources": [args["users_table_arn"]],
            "conditions": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["REDIRECT#*"]}},
        },
        {
            "sid": "StoreAnswers",
            "actions": [
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ],
            "resources": [args["idempotency_table_arn"]],
        },
        *kms_statements(args, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
        {
            "sid": "SignMedia",
            "actions": ["s3:GetObject", "s3:PutObject"],
            "resources": [pulumi.Output.concat(args["media_bucket_arn"], "/", MEDIA_PREFIX, "*")],
        },
    ]
