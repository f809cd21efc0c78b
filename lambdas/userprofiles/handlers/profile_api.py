"""Profile API behind an HTTP API (payload version 2.0) with a JWT authorizer.

Environment: USERS_TABLE, AUDIT_TABLE, IDEMPOTENCY_TABLE, AVATAR_BUCKET, USER_POOL_ID, USER_POOL_CLIENT_IDS,
TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE, DELETION_GRACE_DAYS, ERASURE_QUEUE_URL (without it, no user can be
deleted), MEDIA_BUCKET (the bucket with media; without it, the OpenAPI document has no routes of `social`),
PHONE_SIGN_IN (`true` if the OpenAPI document has the routes of phone sign-in).

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:PutItem`,
  `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`, `dynamodb:Query`
* on the audit table: `dynamodb:PutItem`
* on the idempotency table: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`,
  `dynamodb:DeleteItem`
* on the bucket with avatars: `s3:GetObject` and `s3:PutObject` below `avatars/`, `claimed/` and `exports/`,
  `s3:DeleteObjectVersion` below `claimed/` and `exports/`, and `s3:ListBucket` for the prefixes `avatars/`
  and `claimed/avatars/`
* on the bucket with media: `s3:GetObject` below `media/`, and `s3:ListBucket` for the prefix `media/`
* on the user pool: `cognito-idp:AdminGetUser`, `cognito-idp:AdminUserGlobalSignOut`
"""

import functools
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from userprofiles import aws, settings
from userprofiles.api import access_token, avatars, profile_service, request_body, responses
from userprofiles.api.access_token import Caller
from userprofiles.api.avatars import Avatars
from userprofiles.api.deletion import Deletion, ErasureQueue
from userprofiles.api.gone import check_not_due
from userprofiles.api.idempotency import IdempotentRequests, KeyScope
from userprofiles.api.picture_key import new_key
from userprofiles.api.routes import (
    CHANGE_PROFILE,
    CREATE_AVATAR,
    DELETE_USER,
    EXPORT_USER,
    HEALTH,
    OPENAPI,
    READ_COMPLETION,
    READ_PROFILE,
    RESTORE_USER,
)
from userprofiles.table.store import UserItems
from userprofiles.telemetry import Report, start_invocation

if TYPE_CHECKING:
    from userprofiles.lifecycle.export.user_export import UserExporter

REPORT = Report()
AVATARS = Avatars(settings.required(os.environ, "AVATAR_BUCKET"))
SERVICE = profile_service.from_environment(os.environ, AVATARS.claim)
DELETION = Deletion(SERVICE, settings.grace_period(os.environ))
ERASURE_QUEUE = ErasureQueue.from_environment(os.environ)
IDEMPOTENT_REQUESTS = IdempotentRequests(
    aws.client("dynamodb"), settings.required(os.environ, "IDEMPOTENCY_TABLE")
)
CLIENT_IDS = settings.names(os.environ, "USER_POOL_CLIENT_IDS")
HAS_PHONE_SIGN_IN = os.environ.get("PHONE_SIGN_IN") == "true"
HAS_SOCIAL = bool(os.environ.get("MEDIA_BUCKET"))
# Explicitly off: in debug mode, events and tokens would be logged, and the environment can turn it on.
APP = APIGatewayHttpResolver(debug=False, serializer=responses.to_json)


@functools.cache
def create_exporter() -> "UserExporter":
    """Create what only exports need."""
    from userprofiles.lifecycle.export import user_export  # noqa: PLC0415 - few requests need it

    return user_export.from_environment(os.environ, SERVICE.template.name)


@APP.route(HEALTH.rule, method=HEALTH.method)
def check_health() -> Response[Any]:
    """Confirm that the function runs. Requires no token."""
    return responses.json_response(200, {"status": "ok"})


@APP.route(OPENAPI.rule, method=OPENAPI.method)
def read_openapi() -> Response[Any]:
    """Return the OpenAPI document of all routes. Requires no token."""
    return responses.openapi_response(
        SERVICE.template, has_phone_sign_in=HAS_PHONE_SIGN_IN, has_social=HAS_SOCIAL
    )


@APP.route(READ_PROFILE.rule, method=READ_PROFILE.method)
def read_profile() -> Response[Any]:
    """Return the caller's account and profile."""
    event = APP.current_event
    caller = access_token.read_caller(event.raw_event, CLIENT_IDS)
    return responses.profile_response(AVATARS.sign(SERVICE.read(caller)), event.headers.get("if-none-match"))


@APP.route(CHANGE_PROFILE.rule, method=CHANGE_PROFILE.method)
def change_profile() -> Response[Any]:
    """Change the caller's account and profile."""
    event = APP.current_event
    caller = access_token.read_caller(event.raw_event, CLIENT_IDS)
    patch = request_body.parse(request_body.read_body(event.raw_event))
    document = SERVICE.change(caller, patch, event.headers.get("if-match"))
    return responses.profile_response(AVATARS.sign(document))


@APP.route(READ_COMPLETION.rule, method=READ_COMPLETION.method)
def read_completion() -> Response[Any]:
    """Return how complete the caller's profile is."""
    caller = access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS)
    return responses.json_response(200, SERVICE.read_completion(caller))


@APP.route(CREATE_AVATAR.rule, method=CREATE_AVATAR.method)
def create_avatar() -> Response[Any]:
    """Return a form with which the caller's browser uploads a picture."""
    event = APP.current_event
    caller = access_token.read_caller(event.raw_event, CLIENT_IDS)
    SERVICE.check_active(caller)
    content_type = avatars.parse_content_type(request_body.parse(request_body.read_body(event.raw_event)))
    scope = KeyScope(caller.sub, CREATE_AVATAR.key, event.headers.get("idempotency-key"))
    # The stored answer is the key: the form is signed again.
    answer = IDEMPOTENT_REQUESTS.run(
        scope, content_type, lambda: {"key": new_key(caller.sub)}, APP.lambda_context
    )
    return responses.json_response(201, AVATARS.create_form(answer["key"], content_type))


@APP.route(DELETE_USER.rule, method=DELETE_USER.method)
def delete_user() -> Response[Any]:
    """Mark the caller for deletion, and sign the caller out."""
    caller = access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS)
    ERASURE_QUEUE.check_exists()
    request = DELETION.mark(caller)
    times = {"requestedAt": request.requested_at, "eraseAt": request.erase_at}
    return responses.json_response(202, {"deletion": times})


@APP.route(RESTORE_USER.rule, method=RESTORE_USER.method)
def restore_user() -> Response[Any]:
    """Restore the caller, who is marked for deletion."""
    caller = access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS)
    return responses.profile_response(AVATARS.sign(DELETION.restore(caller)))


def read_exported_user(caller: Caller) -> UserItems:
    """Return the caller's items, also of a user who is marked for deletion, until the erasure is due."""
    user = SERVICE.read_items(caller)
    check_not_due(user, SERVICE.registrar.clock())
    return user


@APP.route(EXPORT_USER.rule, method=EXPORT_USER.method)
def export_user() -> Response[Any]:
    """Return all data of the caller, also of one who is marked for deletion."""
    caller = access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS)
    remaining_ms = APP.lambda_context.get_remaining_time_in_millis
    answer = create_exporter().answer(caller, read_exported_user, remaining_ms)
    return responses.text_response(answer.status, answer.body.decode())


@APP.not_found
def handle_unknown_route(_: Exception) -> Response[Any]:
    """Return 404 for an unknown path or method."""
    return responses.unknown_route_response()


@APP.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools has no types for it
def handle_exception(error: Exception) -> Response[Any]:
    """Return the response for any exception."""
    return responses.exception_response(error, REPORT)


def handler(event: Any, context: Any) -> Any:
    """Handle one request."""
    start_invocation(context)
    response = APP.resolve(event, context)
    responses.log_request(event, response, REPORT)
    return response
