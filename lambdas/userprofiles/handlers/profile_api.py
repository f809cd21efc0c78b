"""Profile API, behind an HTTP API (payload version 2.0) with a JWT authorizer.

Environment: USERS_TABLE, AUDIT_TABLE, USER_POOL_ID, USER_POOL_CLIENT_IDS, TEMPLATE, SIGN_UP_ROLES,
DEFAULT_ROLE.

Actions its role needs, and no more:

* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:PutItem`,
  `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`;
* on the audit table: `dynamodb:PutItem`;
* on the user pool: `cognito-idp:AdminGetUser`.
"""

import os
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from userprofiles import settings
from userprofiles.api import access_token, merge_patch, profile_service, responses
from userprofiles.api.errors import ApiError
from userprofiles.api.routes import CHANGE_PROFILE, HEALTH, READ_PROFILE
from userprofiles.telemetry import Report

REPORT = Report()
SERVICE = profile_service.from_environment(os.environ)
CLIENT_IDS = settings.names(os.environ, "USER_POOL_CLIENT_IDS")
# Off by word, not by default: with debugging on, events and tokens would go to the log.
APP = APIGatewayHttpResolver(debug=False, serializer=responses.to_json)


@APP.route(HEALTH.path, method=HEALTH.method)
def health() -> Response[Any]:
    """Tell that the function runs; needs no token."""
    return responses.plain(200, {"status": "ok"})


@APP.route(READ_PROFILE.path, method=READ_PROFILE.method)
def read_profile() -> Response[Any]:
    """Show the caller's account and profile."""
    caller = access_token.caller(APP.current_event.raw_event, CLIENT_IDS)
    return responses.found(SERVICE.read(caller))


@APP.route(CHANGE_PROFILE.path, method=CHANGE_PROFILE.method)
def change_profile() -> Response[Any]:
    """Change the caller's account and profile."""
    event = APP.current_event
    caller = access_token.caller(event.raw_event, CLIENT_IDS)
    patch = merge_patch.parse(responses.body_of(event.raw_event))
    return responses.found(SERVICE.change(caller, patch, event.headers.get("if-match")))


@APP.not_found
def unknown_path(_: Exception) -> Response[Any]:
    """Answer a path or method that isn't there."""
    return responses.refused(ApiError(404, "not_found", "There is nothing here."))


@APP.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools leaves it so
def failed(error: Exception) -> Response[Any]:
    """Answer whatever went wrong."""
    return responses.failed(error, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Answer one request."""
    answer = APP.resolve(event, context)
    responses.tell(event, answer, REPORT)
    return answer
