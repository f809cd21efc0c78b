"""The HTTP API by which users read and change their profile."""

import re
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.domain import TABLES, USER_KEYS, Domain, read_users_rights, register_rights, tables
from pulumi_userprofiles.policies import once
from pulumi_userprofiles.python_function import LambdaPlatform, PythonFunction, concurrency, retention
from pulumi_userprofiles.validation import InvalidArgumentError, required, texts, whole_number

ROUTES = {"GET /health": False, "GET /me/profile": True, "PATCH /me/profile": True}
"""Each route, and whether it takes a token."""

_SECONDS = 10
# What a request's log line says: nothing about who it was, not even the address.
_LOG_FIELDS = {
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
    """Id of the pool whose users may call."""

    user_pool_arn: pulumi.Input[str]
    """ARN of that pool."""

    issuer: pulumi.Input[str]
    """Issuer of that pool's tokens, a URL."""

    client_ids: list[pulumi.Input[str]]
    """Ids of the app clients whose access tokens count."""

    template: NotRequired[str]
    """Name of the template: `marketplace`, `basic`, or what `template_document` is to be called. Default:
    marketplace."""

    template_document: NotRequired[str]
    """A template of your own, as JSON text; packed into the function. Default: none."""

    sign_up_roles: NotRequired[list[str]]
    """Roles that users may ask for at sign-up. Default: the template's."""

    default_role: NotRequired[str]
    """Role of who asks for none. Default: the template's."""

    allowed_origins: NotRequired[list[str]]
    """Origins of web pages that may call the API, such as `https://example.com`. Default: none."""

    requests_per_second: NotRequired[int]
    """Requests a second, of all users together, above which the API answers 429. Default: 50."""

    burst: NotRequired[int]
    """Requests at once above which the API answers 429. Default: 100."""

    platform: NotRequired[LambdaPlatform]
    """What the function's zip is made for. Default: lambda."""

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
    """ARN of the KMS key that encrypts environment and logs. Default: AWS's own keys."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms are sent to. Default: alarms only change their state."""


class ProfileApi(Component):
    """An HTTP API: `GET` and `PATCH /me/profile` with an access token, `GET /health` without."""

    _CHILDREN = ("handler", "log-group", "api", "authorizer", "integration", "stage", "alarm")
    _NAME_LIMIT = 39

    url: pulumi.Output[str]
    """URL that paths are appended to, known only when all routes answer."""

    api_id: pulumi.Output[str]
    """Id of the API."""

    function_name: pulumi.Output[str]
    """Name of the function behind it."""

    def __init__(
        self,
        name: str,
        args: ProfileApiArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make function, API, authorizer, routes and stage.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to children.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        where = self.place(name)
        required(where, args, *TABLES, "user_pool_id", "user_pool_arn", "issuer", "client_ids")
        domain = Domain(where, args)
        concurrency(where, args)
        origins = web_origins(where, args)
        rate = whole_number(where, args, "requests_per_second", 50, at_least=1, at_most=10_000)
        burst = whole_number(where, args, "burst", 100, at_least=1, at_most=5_000)
        log_days = retention(where, args)
        super().__init__(name, args, opts, transforms)

        self.handler = self._make_function(args, domain)
        self.log_group = self._make(
            aws.cloudwatch.LogGroup,
            "log-group",
            retention_in_days=log_days,
            kms_key_id=args.get("kms_key_arn"),
        )
        self.api = self._make(
            aws.apigatewayv2.Api,
            "api",
            protocol_type="HTTP",
            description="Lets users read and change their profile",
            cors_configuration=_cors(origins),
        )
        self._permission = self.handler.allow_invoke(
            "api",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/*/*"),  # any stage, any route of ours
        )
        self.routes = self._make_routes(args)
        self.stage = self._make(
            aws.apigatewayv2.Stage,
            "stage",
            api_id=self.api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings={"throttling_rate_limit": rate, "throttling_burst_limit": burst},
            access_log_settings={
                "destination_arn": self.log_group.arn,
                "format": pulumi.Output.json_dumps(_LOG_FIELDS),
            },
        )

        self._watch(
            "alarm",
            args,
            tells="The profile API answers with 5xx: see its access log and its function's log",
            metric="AWS/ApiGateway 5xx",
            dimensions={"ApiId": self.api.id},
        )

        ready = [self.stage.id, self._permission.id, *(route.id for route in self.routes)]
        self.url = once(self.api.api_endpoint, *ready)
        self.api_id = self.api.id
        self.function_name = self.handler.function_name
        self._register_outputs()

    def _make_function(self, args: ProfileApiArgs, domain: Domain) -> PythonFunction:
        client_ids = pulumi.Output.all(*args["client_ids"]).apply(",".join)
        return PythonFunction(
            f"{self._prefix}-handler",
            domain.function(
                "profile_api",
                "Answers the profile API",
                environment={
                    **tables(args),
                    "USER_POOL_ID": args["user_pool_id"],
                    "USER_POOL_CLIENT_IDS": client_ids,
                },
                statements=[
                    *register_rights(args),
                    {
                        "sid": "ReadProfiles",
                        "actions": ["dynamodb:BatchGetItem"],
                        "resources": [args["users_table_arn"]],
                        "conditions": USER_KEYS,
                    },
                    *read_users_rights(args["user_pool_arn"]),
                ],
                timeout_seconds=_SECONDS,
            ),
            **self._within("handler"),
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
            timeout_milliseconds=(_SECONDS + 1) * 1000,
        )
        target = pulumi.Output.concat("integrations/", integration.id)
        return [
            self._make(
                aws.apigatewayv2.Route,
                "route-" + re.sub("[ /]+", "-", key).lower(),
                api_id=self.api.id,
                route_key=key,
                target=target,
                authorization_type="JWT" if with_token else "NONE",
                authorizer_id=authorizer.id if with_token else None,
            )
            for key, with_token in ROUTES.items()
        ]


def web_origins(where: str, args: Mapping[str, Any]) -> list[str]:
    """Read which web pages may call the API.

    Raises:
        InvalidArgumentError: One is no origin.
    """
    origins = texts(where, args, "allowed_origins", ())
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise InvalidArgumentError(
                where,
                "'allowed_origins' has something that is no web page's origin",
                got=origin,
                allowed="scheme and host, such as https://example.com or http://localhost:3000",
                fix="Name each origin, without a path; any (*) would let every page act for its visitors.",
                argument="allowed_origins",
            )
    return origins


def _cors(origins: list[str]) -> dict[str, Any] | None:
    if not origins:
        return None
    return {
        "allow_origins": origins,
        "allow_methods": ["GET", "PATCH"],
        "allow_headers": ["authorization", "content-type", "if-match"],
        "expose_headers": ["etag"],
        "max_age": 600,
    }
