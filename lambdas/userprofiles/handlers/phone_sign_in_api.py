"""The two routes of phone sign-in for installed applications, in the HTTP API of the profile API.

Environment: USERS_TABLE, AUDIT_TABLE, TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE, USER_POOL_ID,
USER_POOL_CLIENT_ID, SELF_SIGN_UP, CODES_TABLE, CODE_KEY_ID, CODE_QUEUE_URL, DEFAULT_COUNTRY_CODE,
ALLOWED_COUNTRIES, CODE_DIGITS, RESEND_SECONDS, CODES_PER_HOUR, CODES_PER_DAY, REGISTERS_PER_HOUR,
VERIFIES_PER_HOUR.

The actions that its role needs, and no others:

* on the table of codes, for keys that begin with `PHONE#`: `dynamodb:GetItem`, `dynamodb:UpdateItem`, and for
  keys that begin with `SOURCE#`: `dynamodb:UpdateItem`
* on the key of codes: `kms:GenerateMac`
* on the queue of codes: `sqs:SendMessage`
* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:PutItem`,
  `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`
* on the audit table: `dynamodb:PutItem`
* on the user pool: `cognito-idp:AdminGetUser`, `cognito-idp:AdminCreateUser`,
  `cognito-idp:AdminSetUserPassword`, `cognito-idp:AdminDeleteUser` (unconfirmed users),
  `cognito-idp:AdminInitiateAuth`, `cognito-idp:AdminRespondToAuthChallenge`
"""

import os
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from userprofiles.api import responses
from userprofiles.api.routes import REGISTER_PHONE, VERIFY_PHONE
from userprofiles.phone_sign_in import endpoint_responses, endpoints
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
ENDPOINTS = endpoints.from_environment(os.environ, REPORT)
# Explicitly off: in debug mode, events and codes would be logged, and the environment can turn it on.
APP = APIGatewayHttpResolver(debug=False, serializer=responses.to_json)


@APP.route(REGISTER_PHONE.rule, method=REGISTER_PHONE.method)
def register_phone() -> Response[Any]:
    """Send a code to a phone number."""
    return endpoint_responses.success_response(ENDPOINTS.register(APP.current_event.raw_event))


@APP.route(VERIFY_PHONE.rule, method=VERIFY_PHONE.method)
def verify_phone() -> Response[Any]:
    """Sign a user in with a code."""
    return endpoint_responses.success_response(ENDPOINTS.verify(APP.current_event.raw_event))


@APP.not_found
def handle_unknown_route(_: Exception) -> Response[Any]:
    """Return 404 for an unknown path or method."""
    return responses.unknown_route_response()


@APP.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools has no types for it
def handle_exception(error: Exception) -> Response[Any]:
    """Return the response for any exception."""
    resend_seconds = ENDPOINTS.code_settings.limits.resend_seconds
    return endpoint_responses.exception_response(error, REPORT, resend_seconds)


def handler(event: Any, context: Any) -> Any:
    """Handle one request."""
    start_invocation(context)
    response = APP.resolve(event, context)
    responses.log_request(event, response, REPORT)
    return response
