"""Content, links and paid plan of the caller, and redirects of old media URLs, in the HTTP API.

Environment: USERS_TABLE, IDEMPOTENCY_TABLE, MEDIA_BUCKET, USER_POOL_CLIENT_IDS, and optionally
STORAGE_PER_USER_GB (default: 50).

The actions that its role needs, and no others:

* on the users table, for keys that begin with `USER#`: `dynamodb:BatchGetItem`, `dynamodb:Query`,
  `dynamodb:PutItem`, `dynamodb:UpdateItem`, `dynamodb:ConditionCheckItem`, and for keys that begin with
  `REDIRECT#`: `dynamodb:Query`
* on the idempotency table: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`,
  `dynamodb:DeleteItem`
* on the bucket with media: `s3:GetObject` and `s3:PutObject` below `media/`, also for signed URLs
"""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from userprofiles import aws, settings
from userprofiles.api import access_token, request_body, responses
from userprofiles.api.content_input import parse_content
from userprofiles.api.content_service import GB, ContentService
from userprofiles.api.idempotency import IdempotentRequests, KeyScope
from userprofiles.api.media import Media
from userprofiles.api.media_redirect import MediaRedirects
from userprofiles.api.routes import (
    CREATE_CONTENT,
    LIST_BLOCKS,
    LIST_CONTENT,
    LIST_FRIENDS,
    LIST_SUBSCRIBERS,
    READ_CONTENT,
    READ_SUBSCRIPTION,
)
from userprofiles.api.social_lists import SocialLists
from userprofiles.social import import_problems
from userprofiles.social.social_items import SocialItems
from userprofiles.table.lists import UserLists
from userprofiles.telemetry import Report, start_invocation

REPORT = Report()
CLIENT = aws.client("dynamodb")
USERS_TABLE = settings.required(os.environ, "USERS_TABLE")
ITEMS = SocialItems(CLIENT, USERS_TABLE)
MEDIA = Media(settings.required(os.environ, "MEDIA_BUCKET"))
STORAGE_GB = settings.whole_number(
    os.environ, "STORAGE_PER_USER_GB", settings.DEFAULT_STORAGE_GB, least=1, most=settings.MAX_STORAGE_GB
)
CONTENT = ContentService(ITEMS, MEDIA, STORAGE_GB * GB)
LISTS = SocialLists(ITEMS, UserLists(CLIENT, USERS_TABLE))
REDIRECTS = MediaRedirects(ITEMS, MEDIA)
IDEMPOTENT_REQUESTS = IdempotentRequests(CLIENT, settings.required(os.environ, "IDEMPOTENCY_TABLE"))
CLIENT_IDS = settings.names(os.environ, "USER_POOL_CLIENT_IDS")
# Explicitly off: in debug mode, events and tokens would be logged, and the environment can turn it on.
APP = APIGatewayHttpResolver(debug=False, serializer=responses.to_json)


def read_sub() -> str:
    """Return the sub of the caller."""
    return access_token.read_caller(APP.current_event.raw_event, CLIENT_IDS).sub


def read_parameters() -> dict[str, str]:
    """Return the query parameters of the request."""
    return dict(APP.current_event.query_string_parameters or {})


@APP.route(LIST_CONTENT.rule, method=LIST_CONTENT.method)
def list_content() -> Response[Any]:
    """Return a page of the caller's content."""
    return responses.json_response(200, CONTENT.read_list(read_sub(), read_parameters()))


@APP.route(READ_CONTENT.rule, method=READ_CONTENT.method)
def read_content(id: str) -> Response[Any]:  # noqa: A002  (Powertools passes the path's parameter by name)
    """Return one content item of the caller with signed URLs of its media."""
    return responses.json_response(200, CONTENT.read(read_sub(), id))


@APP.route(CREATE_CONTENT.rule, method=CREATE_CONTENT.method)
def create_content() -> Response[Any]:
    """Create content, and return signed uploads of its media."""
    event = APP.current_event
    sub = read_sub()
    CONTENT.check_can_create(sub)
    document = request_body.parse(request_body.read_body(event.raw_event))
    new = parse_content(document, CONTENT.clock())
    scope = KeyScope(sub, CREATE_CONTENT.key, event.headers.get("idempotency-key"))

    def run_once(execute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return IDEMPOTENT_REQUESTS.run(scope, document, execute, APP.lambda_context)

    # The stored answer is the ID: the uploads are signed again.
    return responses.json_response(201, CONTENT.create_once(sub, new, run_once))


@APP.route(LIST_FRIENDS.rule, method=LIST_FRIENDS.method)
def list_friends() -> Response[Any]:
    """Return a page of the caller's friends."""
    return responses.json_response(200, LISTS.read_links(read_sub(), "friends", read_parameters()))


@APP.route(LIST_SUBSCRIBERS.rule, method=LIST_SUBSCRIBERS.method)
def list_subscribers() -> Response[Any]:
    """Return a page of the users who subscribe to the caller."""
    return responses.json_response(200, LISTS.read_links(read_sub(), "subscribers", read_parameters()))


@APP.route(LIST_BLOCKS.rule, method=LIST_BLOCKS.method)
def list_blocks() -> Response[Any]:
    """Return a page of the users whom the caller blocks."""
    return responses.json_response(200, LISTS.read_links(read_sub(), "blocks", read_parameters()))


@APP.route(READ_SUBSCRIPTION.rule, method=READ_SUBSCRIPTION.method)
def read_subscription() -> Response[Any]:
    """Return the caller's paid plan."""
    return responses.json_response(200, LISTS.read_subscription(read_sub()))


# The HTTP API decides which paths come here: `/media/…`, and paths of the old host. Powertools tries rules
# with a group last, in the order of this module. A path can have line breaks, which `.` doesn't match.
@APP.route(r"/([\s\S]+)", method="GET")
def follow_redirect() -> Response[Any]:
    """Redirect an old media URL. Requires no token."""
    return responses.redirect_response(REDIRECTS.follow(APP.current_event.raw_event))


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
    import_problems.count_error(USERS_TABLE, response.get("statusCode"))
    return response
