"""The OpenAPI 3.1 document of the API, from the routes and the template."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from userprofiles.api import routes
from userprofiles.api.openapi_schemas import Schema, reference, schemas
from userprofiles.api.routes import ROUTES, Route
from userprofiles.api.user_list import DEFAULT_LIMIT, MAX_LIMIT, all_roles
from userprofiles.template import Template

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_THROTTLED = 429
_OURS = {400, 404, 409, 410, 412, 422, 501}
"""Statuses that only the functions answer on these routes."""
_IF_MATCH = {"If-Match": "Change only if the ETag is still the same."}
_IF_NONE_MATCH = {"If-None-Match": "Answer 304 if the ETag is still the same."}
_IDEMPOTENCY_KEY = {
    "Idempotency-Key": "1 to 255 visible ASCII characters. The same key has one effect and one answer."
}
_COMMON = {
    429: "Above the throttling limits.",
    500: "An unexpected error.",
    503: "An AWS call failed, or the function took too long.",
}
_TOKEN = {
    401: "No valid access token of this application, or a user that Cognito doesn't know.",
    403: "The caller may not do this, for example because the account is inactive.",
    410: "The user, or the caller, is marked for deletion or was erased.",
    413: "The body or the record is too large.",
}
_ONE_USER = {404: "No account and profile are stored for this user."}
_BODY = {400: "The body is not accepted."}
_WRITE = {**_BODY, 409: "A conflict with the current state or with other requests."}
_CHANGE = {**_WRITE, 412: "The profile changed since the ETag was read."}
_CONFLICT = {409: "Other requests keep changing the same user, or administrators can't erase themselves."}
_NOT_CONFIGURED = {501: "The stack has no erasure queue, so it can't delete users."}
_REPEATED = {**_WRITE, 422: "The Idempotency-Key was used with another body."}


class _Operation(NamedTuple):
    """The part of an operation that the route doesn't say.

    Attributes:
        name: Name of the operation.
        summary: What it does.
        response: Schema of the successful response.
        request: Schema of the body, None without one.
        headers: Optional headers of the request.
        errors: Statuses in addition to the common ones.
        status: Status of success.
        other_responses: Schemas of other successful responses, by status.
    """

    name: str
    summary: str
    response: Schema
    request: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    errors: Mapping[int, str] = MappingProxyType({})
    status: int = 200
    other_responses: Mapping[int, Schema] = MappingProxyType({})


_USER = reference("User")
_OPERATIONS: dict[Route, _Operation] = {
    routes.HEALTH: _Operation(
        "checkHealth", "Confirm that the function runs", {"type": "object", "required": ["status"]}
    ),
    routes.OPENAPI: _Operation("readOpenapi", "Return this document", {"type": "object"}),
    routes.READ_PROFILE: _Operation(
        "readProfile",
        "Return the caller's account and profile; the first access creates what is missing",
        _USER,
        headers=_IF_NONE_MATCH,
    ),
    routes.CHANGE_PROFILE: _Operation(
        "changeProfile",
        "Change the caller's account and profile by a JSON Merge Patch",
        _USER,
        "UserPatch",
        _IF_MATCH,
        _CHANGE,
    ),
    routes.READ_COMPLETION: _Operation(
        "readCompletion",
        "Return how complete the caller's profile is",
        reference("Completion"),
    ),
    routes.CREATE_AVATAR: _Operation(
        "createAvatar",
        "Return a form with which the caller's browser uploads a picture",
        reference("UploadForm"),
        "Upload",
        _IDEMPOTENCY_KEY,
        _REPEATED,
        201,
    ),
    routes.EXPORT_USER: _Operation(
        "exportUser",
        "Return all data of the caller as one document, or a link to it if it has more than 1 MB",
        reference("Export"),
        errors={413: "The user has more data than this route can export in its time."},
        other_responses={202: reference("ExportLink")},
    ),
    routes.DELETE_USER: _Operation(
        "deleteUser",
        "Mark the caller for deletion, and sign the caller out everywhere",
        reference("DeletionAccepted"),
        errors={**_CONFLICT, **_NOT_CONFIGURED},
        status=202,
    ),
    routes.RESTORE_USER: _Operation(
        "restoreUser",
        "Restore the caller, who is marked for deletion; without a mark, return the profile",
        _USER,
        errors=_CONFLICT,
    ),
    routes.LIST_USERS: _Operation(
        "listUsers", "List the users with a role, or with a role and a status", reference("UserList")
    ),
    routes.READ_USER: _Operation(
        "readUser", "Return a user's account and profile", _USER, headers=_IF_NONE_MATCH, errors=_ONE_USER
    ),
    routes.CHANGE_USER: _Operation(
        "changeUser",
        "Change a user's account and profile by a JSON Merge Patch",
        _USER,
        "UserPatch",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.SET_ROLE: _Operation(
        "setRole", "Set a user's role", _USER, "Role", _IF_MATCH, {**_CHANGE, **_ONE_USER}
    ),
    routes.SET_STATUS: _Operation(
        "setStatus",
        "Set the status of a user's account",
        _USER,
        "Status",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.SET_VENDOR_STATUS: _Operation(
        "setVendorStatus",
        "Take the next step of a vendor's approval: pending, approved, suspended",
        _USER,
        "VendorStatus",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.INVITE_USER: _Operation(
        "inviteUser",
        "Create a user in the pool; Cognito sends the invitation",
        reference("Invited"),
        "Invitation",
        _IDEMPOTENCY_KEY,
        _REPEATED,
        201,
    ),
    routes.CHANGE_USERS: _Operation(
        "changeUsers",
        "Create missing records of users of the pool and change profiles; each user has a result of its own",
        reference("BulkResults"),
        "BulkRequest",
        _IDEMPOTENCY_KEY,
        _REPEATED,
    ),
    routes.ERASE_USER: _Operation(
        "eraseUser",
        "Start the erasure of a user, without a grace period",
        reference("ErasureAccepted"),
        errors={**_ONE_USER, **_CONFLICT, **_NOT_CONFIGURED},
        status=202,
    ),
}


def build_document(template: Template) -> dict[str, Any]:
    """Build the OpenAPI document for a template."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, template)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Profile API",
            "version": "1",
            "description": "Users read and change their profiles, and administrators those of all users.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the user pool, not an ID token.",
                }
            },
            "schemas": schemas(template),
        },
    }


def _operation(route: Route, template: Template) -> dict[str, Any]:
    details = _OPERATIONS[route]
    document: dict[str, Any] = {
        "operationId": details.name,
        "summary": details.summary,
        "tags": ["administrators" if route.handler == routes.ADMINISTRATORS else "users"],
        "security": [{"accessToken": []}] if route.needs_token else [],
        "responses": _responses(route, details),
    }
    parameters = _parameters(route, details, template)
    if parameters:
        document["parameters"] = parameters
    if details.request is not None:
        is_patch = details.request == "UserPatch"
        types = ("application/merge-patch+json", _JSON) if is_patch else (_JSON,)
        schema = reference(details.request)
        document["requestBody"] = {"required": True, "content": {name: {"schema": schema} for name in types}}
    return document


def _responses(route: Route, details: _Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success.", "content": {_JSON: {"schema": details.response}}}
    answers: dict[str, Any] = {str(details.status): success}
    for other_status, schema in details.other_responses.items():
        answers[str(other_status)] = {"description": "Success.", "content": {_JSON: {"schema": schema}}}
    if details.response == _USER:
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Strong tag."}}
    if "If-None-Match" in details.headers:
        answers["304"] = {"description": "The document still has this ETag."}
    errors = {**_COMMON, **(_TOKEN if route.needs_token else {}), **details.errors}
    if route == routes.LIST_USERS:
        errors[400] = "The query or the cursor is not accepted."
    for status in sorted(errors):
        problem = {_PROBLEM: {"schema": reference("Problem")}}
        gateway = {_JSON: {"schema": reference("GatewayMessage")}}
        content = gateway if status == _THROTTLED else problem if status in _OURS else problem | gateway
        answers[str(status)] = {"description": errors[status], "content": content}
    return answers


def _parameters(route: Route, details: _Operation, template: Template) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if "{id}" in route.path:
        schema = {"type": "string", "minLength": 1, "maxLength": 128}
        parameters.append(
            {"name": "id", "in": "path", "required": True, "description": "The user's sub.", "schema": schema}
        )
    if route == routes.LIST_USERS:
        limits = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        parameters += [
            _query(
                "role", {"type": "string", "enum": list(all_roles(template))}, "Their role.", required=True
            ),
            _query("status", {"type": "string"}, "Their status. Default: every status."),
            _query("limit", limits, "The largest number of users on the page."),
            _query("cursor", {"type": "string"}, "The `cursor` of the page before."),
        ]
    parameters += [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in details.headers.items()
    ]
    return parameters


def _query(name: str, schema: Schema, description: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
