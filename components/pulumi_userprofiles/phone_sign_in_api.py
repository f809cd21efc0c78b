"""The two routes with which installed applications sign in with a phone number."""

import re
from typing import ClassVar, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.api.routes import PHONE_ROUTES, PHONE_SIGN_IN, Route

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.function_rights import (
    TABLE_ARGUMENTS,
    USER_ITEMS_ONLY,
    read_user_statements,
    register_user_statements,
    table_environment,
)
from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.phone_sign_in_alarms import API_ALARM_CHILDREN, api_alarms
from pulumi_userprofiles.phone_sign_in_arguments import PhoneSignInApiArgs
from pulumi_userprofiles.phone_sign_in_functions import (
    CodeResources,
    code_environment,
    endpoint_code_statements,
)
from pulumi_userprofiles.phone_sign_in_settings import CheckedPhoneSignIn
from pulumi_userprofiles.python_function import PythonFunction, PythonFunctionArgs
from pulumi_userprofiles.python_function_settings import reserved_concurrency
from pulumi_userprofiles.validation import boolean, check_required

API_SECONDS = 15
"""Time-out of the function."""

_REQUIRED = (
    *TABLE_ARGUMENTS,
    *("api_id", "api_execution_arn", "user_pool_id", "user_pool_arn", "client_id"),
    *("codes_table_name", "codes_table_arn", "code_key_arn", "code_queue_url", "code_queue_arn"),
)


def _route_child(route: Route) -> str:
    return "route-" + re.sub("[^a-z]+", "-", route.key.lower()).strip("-")


class PhoneSignInApi(Component):
    """`POST /auth/phone/register` and `POST /auth/phone/verify` in an HTTP API, and their function."""

    _CHILDREN = (
        *("handler", "integration", *API_ALARM_CHILDREN),
        *(_route_child(route) for route in PHONE_ROUTES),
    )
    _COMPONENTS: ClassVar = {"handler": PythonFunction}
    _NAME_LIMIT = 39

    function_name: pulumi.Output[str]
    """Name of the function that handles the routes."""

    def __init__(
        self,
        name: str,
        args: PhoneSignInApiArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[PhoneSignInApiArgs],
    ) -> None:
        """Create the function, its integration and the routes.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children; a route's child is named like `route-post-auth-phone-verify`.
            keywords: Arguments as keywords, such as `self_sign_up=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, *_REQUIRED)
        settings = CheckedPhoneSignIn(label, args)
        functions = FunctionSettings(label, args)
        self_sign_up = boolean(label, args, "self_sign_up", True)
        reserved_concurrency(label, args)
        super().__init__(name, args, opts, transforms)

        self.handler = self._make_component(
            PythonFunction, "handler", _function_args(name, args, settings, functions, self_sign_up)
        )
        self.handler.allow_invoke(
            "api",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(args["api_execution_arn"], "/*/*"),
        )
        integration = self._make(
            aws.apigatewayv2.Integration,
            "integration",
            api_id=args["api_id"],
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=self.handler.alias_invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=(API_SECONDS + 1) * 1000,
        )
        self.routes = [
            self._make(
                aws.apigatewayv2.Route,
                _route_child(route),
                api_id=args["api_id"],
                route_key=route.key,
                target=pulumi.Output.concat("integrations/", integration.id),
                authorization_type="NONE",
            )
            for route in PHONE_ROUTES
        ]
        for child, inputs in api_alarms(name, self.handler.function_name).items():
            self._alarm(child, args, **inputs)

        self.function_name = self.handler.function_name
        self._register_outputs()


def _function_args(
    component: str,
    args: PhoneSignInApiArgs,
    settings: CheckedPhoneSignIn,
    functions: FunctionSettings,
    self_sign_up: bool,
) -> PythonFunctionArgs:
    resources = CodeResources(
        args["codes_table_name"],
        args["codes_table_arn"],
        args["code_key_arn"],
        args["code_queue_url"],
        args["code_queue_arn"],
    )
    return functions.function_args(
        component,
        PHONE_SIGN_IN,
        "Handles the routes of phone sign-in",
        environment={
            **table_environment(args),
            **code_environment(settings, resources),
            "CODE_QUEUE_URL": resources.queue_url,
            "USER_POOL_ID": args["user_pool_id"],
            "USER_POOL_CLIENT_ID": args["client_id"],
            "SELF_SIGN_UP": "true" if self_sign_up else "false",
            **{name: str(value) for name, value in settings.source_limits.items()},
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
            {
                "sid": "SignInUsers",
                "actions": [
                    "cognito-idp:AdminCreateUser",
                    "cognito-idp:AdminDeleteUser",
                    "cognito-idp:AdminInitiateAuth",
                    "cognito-idp:AdminRespondToAuthChallenge",
                    "cognito-idp:AdminSetUserPassword",
                ],
                "resources": [args["user_pool_arn"]],
            },
            *endpoint_code_statements(args, resources),
        ],
        timeout_seconds=API_SECONDS,
    )
