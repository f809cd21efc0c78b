"""The operations of the OpenAPI document: what each route does, and its errors."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from userprofiles.api import routes
from userprofiles.api.openapi_schemas import Schema, reference
from userprofiles.api.routes import Route

_IF_MATCH = {"If-Match": "Change only if the ETag is still the same."}
_IF_NONE_MATCH = {"If-None-Match": "Answer 304 if the ETag is still the same."}
IDEMPOTENCY_KEY = {
    "Idempotency-Key": "1 to 255 visible ASCII characters. The same key has one effect and one answer."
}
COMMON_ERRORS = {
    429: "Above the throttling limits.",
    500: "An unexpected error.",
    503: "An AWS call failed, or the function took too long.",
}
TOKEN_ERRORS = {
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
REPEATED = {**_WRITE, 422: "The Idempotency-Key was used with another body."}
_PHONE = {
    400: "The body is not accepted: a list of texts for each field, or `non_field_errors`.",
    413: "The body has more than 4096 bytes.",
    415: "The Content-Type is not application/json.",
    429: "Above the throttling limits, or the source address has reached its limit for this hour.",
}
_PHONE_VERIFY = {
    **_PHONE,
    400: "The code is not valid, the user can't sign in, or the body is not accepted.",
    410: "The user was erased, or the erasure is due.",
}


class Operation(NamedTuple):
    """The part of an operation that the route doesn't say.

    Attributes:
        name: Name of the operation.
        summary: What it does.
        response: Schema of the successful response, None for a redirect.
        request: Schema of the body, None without one.
        headers: Optional headers of the request.
        errors: Statuses in addition to the common ones.
        status: Status of success.
        other_responses: Schemas of other successful responses, by status.
        parameters: Parameters in path and query, in the form of OpenAPI.
    """

    name: str
    summary: str
    response: Schema | None
    request: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    errors: Mapping[int, str] = MappingProxyType({})
    status: int = 200
    other_responses: Mapping[int, Schema] = MappingProxyType({})
    parameters: Sequence[Schema] = ()


USER = reference("User")
"""Schema of a user's account and profile."""

OPERATIONS: dict[Route, Operation] = {
    routes.HEALTH: Operation(
        "checkHealth", "Confirm that the function runs", {"type": "object", "required": ["status"]}
    ),
    routes.OPENAPI: Operation("readOpenapi", "Return this document", {"type": "object"}),
    routes.READ_PROFILE: Operation(
        "readProfile",
        "Return the caller's account and profile; the first access creates what is missing",
        USER,
        headers=_IF_NONE_MATCH,
    ),
    routes.CHANGE_PROFILE: Operation(
        "changeProfile",
        "Change the caller's account and profile by a JSON Merge Patch",
        USER,
        "UserPatch",
        _IF_MATCH,
        _CHANGE,
    ),
    routes.READ_COMPLETION: Operation(
        "readCompletion",
        "Return how complete the caller's profile is",
        reference("Completion"),
    ),
    routes.CREATE_AVATAR: Operation(
        "createAvatar",
        "Return a form with which the caller's browser uploads a picture",
        reference("UploadForm"),
        "Upload",
        IDEMPOTENCY_KEY,
        REPEATED,
        201,
    ),
    routes.EXPORT_USER: Operation(
        "exportUser",
        "Return all data of the caller as one document, or a link to it if it has more than 1 MB",
        reference("Export"),
        errors={413: "The user has more data than this route can export in its time."},
        other_responses={202: reference("ExportLink")},
    ),
    routes.DELETE_USER: Operation(
        "deleteUser",
        "Mark the caller for deletion, and sign the caller out everywhere",
        reference("DeletionAccepted"),
        errors={**_CONFLICT, **_NOT_CONFIGURED},
        status=202,
    ),
    routes.RESTORE_USER: Operation(
        "restoreUser",
        "Restore the caller, who is marked for deletion; without a mark, return the profile",
        USER,
        errors=_CONFLICT,
    ),
    routes.LIST_USERS: Operation(
        "listUsers", "List the users with a role, or with a role and a status", reference("UserList")
    ),
    routes.READ_USER: Operation(
        "readUser", "Return a user's account and profile", USER, headers=_IF_NONE_MATCH, errors=_ONE_USER
    ),
    routes.CHANGE_USER: Operation(
        "changeUser",
        "Change a user's account and profile by a JSON Merge Patch",
        USER,
        "UserPatch",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.SET_ROLE: Operation(
        "setRole", "Set a user's role", USER, "Role", _IF_MATCH, {**_CHANGE, **_ONE_USER}
    ),
    routes.SET_STATUS: Operation(
        "setStatus",
        "Set the status of a user's account",
        USER,
        "Status",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.SET_VENDOR_STATUS: Operation(
        "setVendorStatus",
        "Take the next step of a vendor's approval: pending, approved, suspended",
        USER,
        "VendorStatus",
        _IF_MATCH,
        {**_CHANGE, **_ONE_USER},
    ),
    routes.INVITE_USER: Operation(
        "inviteUser",
        "Create a user in the pool; Cognito sends the invitation",
        reference("Invited"),
        "Invitation",
        IDEMPOTENCY_KEY,
        REPEATED,
        201,
    ),
    routes.CHANGE_USERS: Operation(
        "changeUsers",
        "Create missing records of users of the pool and change profiles; each user has a result of its own",
        reference("BulkResults"),
        "BulkRequest",
        IDEMPOTENCY_KEY,
        REPEATED,
    ),
    routes.ERASE_USER: Operation(
        "eraseUser",
        "Start the erasure of a user, without a grace period",
        reference("ErasureAccepted"),
        errors={**_ONE_USER, **_CONFLICT, **_NOT_CONFIGURED},
        status=202,
    ),
    routes.REGISTER_PHONE: Operation(
        "registerPhone",
        "Send a one-time code to a phone number; the answer is the same for known and unknown numbers",
        reference("CodeSent"),
        "PhoneNumber",
        errors=_PHONE,
    ),
    routes.VERIFY_PHONE: Operation(
        "verifyPhone",
        "Sign in with the code; an unknown user is created",
        reference("SignedIn"),
        "PhoneCode",
        errors=_PHONE_VERIFY,
    ),
}
"""The operation of each route."""
