"""The administrators' routes of the profile API, behind the same HTTP API and JWT authorizer.

Environment: USERS_TABLE, AUDIT_TABLE, IDEMPOTENCY_TABLE, AVATAR_BUCKET, USER_POOL_ID, USER_POOL_CLIENT_IDS,
TEMPLATE, SIGN_UP_ROLES, DEFAULT_ROLE, ERASURE_QUEUE_URL (without it, no user can be erased).

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:PutItem`,
  `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`
* on the two list indexes of the users table, for keys that begin with `LIST#`: `dynamodb:Query`
* on the audit table: `dynamodb:PutItem`
* on the idempotency table: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`,
  `dynamodb:DeleteItem`
* on the bucket with avatars: `s3:GetObject` and, below `claimed/`, `s3:PutObject` and
  `s3:DeleteObjectVersion`
* on the user pool: `cognito-idp:AdminGetUser`, `cognito-idp:AdminCreateUser`,
  `cognito-idp:AdminAddUserToGroup`, `cognito-idp:AdminRemoveUserFromGroup`
* on the erasure queue: `sqs:SendMessage`
"""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from userprofiles import aws, settings
from userprofiles.api import (
    access_token,
    administrator,
    bulk_change,
    deletion,
    invitation,
    request_body,
    responses,
    roles,
    user_list,
)
from userprofiles.api.account_changes import (
    change_account,
    parse_fields,
    plan_status,
    plan_vendor_status,
)
from userprofiles.api.administrator import Administration
from userprofiles.api.avatars import Avatars
from userprofiles.api.deletion import ErasureQueue
from userprofiles.api.errors import ApiError
from userprofiles.api.idempotency import Answer, IdempotentRequests, KeyScope
from userprofiles.api.profile_service import ProfileDocument
from userprofiles.api.routes import (
    CHANGE_USER,
    CHANGE_USERS,
    ERASE_USER,
    INVITE_USER,
    LIST_USERS,
    READ_USER,
    SET_ROLE,
    SET_STATUS,
    SET_VENDOR_STATUS,
    Route,
)
from userprofiles.table.audit import Action
from userprofiles.telemetry import Report, start_invocation
from userprofiles.template_check import APPROVAL_STATES

REPORT = Report()
AVATARS = Avatars(settings.required(os.environ, "AVATAR_BUCKET"))
ADMINISTRATION = Administration.from_environment(os.environ, AVATARS.claim)
IDEMPOTENT_REQUESTS = IdempotentRequests(
    aws.client("dynamodb"), settings.required(os.environ, "IDEMPOTENCY_TABLE")
)
ERASURE_QUEUE = ErasureQueue.from_environment(os.environ)
CLIENT_IDS = settings.names(os.environ, "USER_POOL_CLIENT_IDS")
# Explicitly off: in debug mode, events and tokens would be logged, and the environment can turn it on.
APP = APIGatewayHttpResolver(debug=False, serializer=responses.to_json)


def _authorize() -> Administration:
    caller = access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS)
    return ADMINISTRATION.authorize(caller)


def _read_body(max_bytes: int = request_body.MAX_BODY_BYTES) -> Any:
    return request_body.parse(request_body.read_body(APP.current_event.raw_event), max_bytes)


def _respond(document: ProfileDocument, if_none_match: str | None = None) -> Response[Any]:
    return responses.profile_response(AVATARS.sign(document), if_none_match)


def _if_match() -> str | None:
    return APP.current_event.headers.get("if-match")


def _run_once(
    route: Route, administration: Administration, payload: Any, execute: Callable[[], Answer]
) -> Answer:
    """Execute a request, at most once if it has an Idempotency-Key."""
    key = APP.current_event.headers.get("idempotency-key")
    scope = KeyScope(administration.registrar.source, route.key, key)
    return IDEMPOTENT_REQUESTS.run(scope, payload, execute, APP.lambda_context)


@APP.route(LIST_USERS.rule, method=LIST_USERS.method)
def list_users() -> Response[Any]:
    """Return one page of the users with a role, or with a role and a status."""
    administration = _authorize()
    template = administration.registrar.template
    query = user_list.parse_query(APP.current_event.query_string_parameters or {}, template)
    return responses.json_response(200, user_list.list_users(administration.lists, template, query))


@APP.route(READ_USER.rule, method=READ_USER.method)
def read_user(id: str) -> Response[Any]:  # noqa: A002  (the name in the path)
    """Return a user's account and profile."""
    if_none_match = APP.current_event.headers.get("if-none-match")
    return _respond(_authorize().profiles.read_other(id), if_none_match)


@APP.route(CHANGE_USER.rule, method=CHANGE_USER.method)
def change_user(id: str) -> Response[Any]:  # noqa: A002
    """Change a user's account and profile: the same fields as the user can change."""
    administration = _authorize()
    return _respond(administration.profiles.change_other(id, _read_body(), _if_match()))


@APP.route(SET_ROLE.rule, method=SET_ROLE.method)
def set_role(id: str) -> Response[Any]:  # noqa: A002
    """Set a user's role."""
    administration = _authorize()
    _reject_own_account(administration, id)
    allowed = user_list.all_roles(administration.registrar.template)
    role = parse_fields(_read_body(), {"role": allowed})["role"]
    return _respond(roles.set_role(administration, id, role, _if_match()))


@APP.route(SET_STATUS.rule, method=SET_STATUS.method)
def set_status(id: str) -> Response[Any]:  # noqa: A002
    """Set the status of a user's account."""
    administration = _authorize()
    _reject_own_account(administration, id)
    status = parse_fields(_read_body(), {"status": ()})["status"]
    plan = plan_status(administration.registrar.template, status)
    return _respond(_change_account(administration, id, Action.STATUS_CHANGED, plan))


@APP.route(SET_VENDOR_STATUS.rule, method=SET_VENDOR_STATUS.method)
def set_vendor_status(id: str) -> Response[Any]:  # noqa: A002
    """Take the next step of a vendor's approval."""
    administration = _authorize()
    status = parse_fields(_read_body(), {"vendorStatus": APPROVAL_STATES})["vendorStatus"]
    plan = plan_vendor_status(administration.registrar.template, status)
    return _respond(_change_account(administration, id, Action.VENDOR_STATUS_CHANGED, plan))


def _change_account(administration: Administration, sub: str, action: Action, plan: Any) -> ProfileDocument:
    return change_account(
        administration.registrar, sub, action, plan, if_match=_if_match(), sleep=administration.sleep
    )


def _reject_own_account(administration: Administration, sub: str) -> None:
    """Reject a change of the administrator's own role or status, which could leave no administrator."""
    if administration.registrar.source == administrator.audit_source(sub):
        raise ApiError(
            409, "own_account", "Another administrator must change your role or status, or erase you."
        )


@APP.route(INVITE_USER.rule, method=INVITE_USER.method)
def invite_user() -> Response[Any]:
    """Create a user in the pool. Cognito sends the invitation."""
    administration = _authorize()
    document = invitation.parse_invitation(administration, _read_body())
    answer = _run_once(
        INVITE_USER, administration, document, lambda: invitation.invite_user(administration, document)
    )
    return responses.json_response(201, answer)


@APP.route(CHANGE_USERS.rule, method=CHANGE_USERS.method)
def change_users() -> Response[Any]:
    """Create missing records and change profiles of up to 100 users."""
    administration = _authorize()
    users = bulk_change.parse_users(_read_body(bulk_change.MAX_BODY_BYTES))
    context: Any = APP.lambda_context
    answer = _run_once(
        CHANGE_USERS,
        administration,
        users,
        lambda: bulk_change.change_users(
            administration, users, lambda: context.get_remaining_time_in_millis() / 1000
        ),
    )
    return responses.json_response(200, answer)


@APP.route(ERASE_USER.rule, method=ERASE_USER.method)
def erase_user(id: str) -> Response[Any]:  # noqa: A002
    """Start the erasure of a user."""
    administration = _authorize()
    _reject_own_account(administration, id)
    deletion.erase_user(administration, ERASURE_QUEUE, id)
    return responses.json_response(202, {"userId": id, "state": "erasing"})


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
