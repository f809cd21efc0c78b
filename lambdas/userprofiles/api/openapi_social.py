"""The routes of `social` in the OpenAPI document: operations, parameters and schemas."""

from userprofiles.api import routes
from userprofiles.api.content_input import MAX_TEXT, MAX_TITLE, SHA256_PATTERN
from userprofiles.api.media import CONTENT_TYPES, MAX_MEDIA, MAX_MEDIA_BYTES
from userprofiles.api.openapi_operations import IDEMPOTENCY_KEY, REPEATED, Operation
from userprofiles.api.openapi_schemas import Schema, object_schema, reference
from userprofiles.api.page_query import DEFAULT_LIMIT, MAX_LIMIT
from userprofiles.api.routes import Route
from userprofiles.social import premium
from userprofiles.social.content import CONTENT_ID_PATTERN, ELSEWHERE, MISSING, PENDING, READY

_TIME: Schema = {"type": "string", "format": "date-time"}
_TEXT: Schema = {"type": "string"}
_USER_ID: Schema = {"type": "string", "description": "The user's sub in Cognito."}
_CURSOR: Schema = {"type": "string", "description": "Of the next page; missing on the last page."}

_NO_ACCOUNT = {404: "No account is stored for this user."}
_LIST = {**_NO_ACCOUNT, 400: "The query or the cursor is not accepted."}
_PAGE_PARAMETERS: tuple[Schema, ...] = (
    {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "The largest number of entries on the page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "The `cursor` of the page before.",
        "schema": {"type": "string"},
    },
)


def _path_parameter(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _links(name: str, summary: str) -> Operation:
    return Operation(name, summary, reference("LinkedUsers"), errors=_LIST, parameters=_PAGE_PARAMETERS)


SOCIAL_OPERATIONS: dict[Route, Operation] = {
    routes.LIST_CONTENT: Operation(
        "listContent",
        "List the caller's content, newest first",
        reference("ContentList"),
        errors=_LIST,
        parameters=_PAGE_PARAMETERS,
    ),
    routes.READ_CONTENT: Operation(
        "readContent",
        "Return one content item of the caller with signed URLs; it also confirms uploads",
        reference("Content"),
        errors={404: "The user has no content with this ID, or no account is stored for the user."},
        parameters=(
            _path_parameter("id", "The content's ID.", {"type": "string", "pattern": CONTENT_ID_PATTERN}),
        ),
    ),
    routes.CREATE_CONTENT: Operation(
        "createContent",
        "Create content, and return signed uploads of its media",
        reference("Content"),
        "NewContent",
        IDEMPOTENCY_KEY,
        {**REPEATED, **_NO_ACCOUNT},
        201,
    ),
    routes.LIST_FRIENDS: _links("listFriends", "List the caller's friends"),
    routes.LIST_SUBSCRIBERS: _links("listSubscribers", "List the users who subscribe to the caller"),
    routes.LIST_BLOCKS: _links("listBlocks", "List the users whom the caller blocks"),
    routes.READ_SUBSCRIPTION: Operation(
        "readSubscription",
        "Return the caller's paid plan and its remaining days",
        reference("Subscription"),
        errors=_NO_ACCOUNT,
    ),
    routes.FOLLOW_REDIRECT: Operation(
        "followRedirect",
        "Redirect an old media URL, if everybody could read it on the old host",
        None,
        errors={404: "No public media have this old URL."},
        status=302,
        parameters=(
            _path_parameter(
                "location",
                "Old host and old path, such as `media.example.com/a/b.mp3`; can have several segments.",
                {"type": "string", "minLength": 1},
            ),
        ),
    ),
}
"""The operation of each route of `social`."""


def social_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    content_type = {"type": "string", "enum": list(CONTENT_TYPES)}
    new_medium = {
        "content_type": content_type,
        "bytes": {"type": "integer", "minimum": 1, "maximum": MAX_MEDIA_BYTES},
        "sha256": {
            "type": "string",
            "pattern": f"^{SHA256_PATTERN}$",
            "description": "SHA-256 of the file in base64.",
        },
    }
    new_content = {
        "title": {"type": "string", "maxLength": MAX_TITLE},
        "text": {"type": "string", "maxLength": MAX_TEXT},
        "record_time": {**_TIME, "description": "Default: now."},
        "media": {
            "type": "array",
            "maxItems": MAX_MEDIA,
            "items": object_schema(new_medium, list(new_medium)),
        },
    }
    user = {
        "user_id": _USER_ID,
        "username": _TEXT,
        "first_name": _TEXT,
        "profile_picture": {"type": ["string", "null"]},
        "since": _TIME,
    }
    return {
        "ContentList": object_schema(
            {"content": {"type": "array", "items": reference("ContentSummary")}, "cursor": _CURSOR},
            ["content"],
        ),
        "LinkedUsers": object_schema(
            {
                "users": {"type": "array", "items": object_schema(user, ["user_id", "since"])},
                "cursor": _CURSOR,
            },
            ["users"],
        ),
        "NewContent": object_schema(
            new_content,
            [],
            description="At least a title, a text or one medium.",
            anyOf=[{"required": [name]} for name in ("title", "text", "media")],
        ),
        **_content_schemas(),
        "Subscription": _subscription(),
    }


def _content_schemas() -> dict[str, Schema]:
    state = {
        "type": "string",
        "enum": [PENDING, READY, MISSING, ELSEWHERE],
        "description": (
            "`pending`: no upload was confirmed yet. `ready`: the medium can be read. Only of imported "
            "media: `missing`: the old system had lost the file, or nothing proved whose it was. "
            "`elsewhere`: the file was not moved."
        ),
    }
    medium = {"id": _TEXT, "content_type": _TEXT, "state": state}
    content = {
        "id": {"type": "string", "pattern": f"^{CONTENT_ID_PATTERN}$"},
        "title": _TEXT,
        "record_time": _TIME,
    }
    full_medium = {
        **medium,
        "bytes": {"type": "integer"},
        "url": {
            "type": "string",
            "description": "Signed URL of a medium that is `ready`, or the old URL of one `elsewhere`.",
        },
        "expires_in": {"type": "integer", "description": "Seconds until the URL expires."},
        "upload": reference("MediaUpload"),
    }
    upload = {
        "method": {"const": "PUT"},
        "url": {"type": "string", "description": "Signed URL for the upload."},
        "headers": {
            "type": "object",
            "description": "Headers that the upload must have, with these values.",
            "additionalProperties": {"type": "string"},
        },
        "expires_in": {"type": "integer", "description": "Seconds in which the upload must begin."},
    }
    details = {
        "text": _TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
        "migrated_from_old_system": {"type": "boolean"},
    }
    medium_list = {"type": "array", "items": object_schema(full_medium, list(medium))}
    return {
        "ContentSummary": object_schema(
            {
                **content,
                "excerpt": {"type": "string", "description": "The first characters of the text."},
                "media": {"type": "array", "items": object_schema(medium, list(medium))},
            },
            [*content, "excerpt", "media"],
        ),
        "Content": object_schema(
            {**content, **details, "old_biograph_id": _TEXT, "media": medium_list},
            [*content, *details, "media"],
        ),
        "MediaUpload": object_schema(
            upload, list(upload), description="How to upload a medium that is pending."
        ),
    }


def _subscription() -> Schema:
    properties = {
        "state": {"type": "string", "enum": list(premium.STATES)},
        "plan": {"type": ["string", "null"]},
        "starts_at": {"type": ["string", "null"], "format": "date-time"},
        "ends_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "Null without a plan, and for a plan that does not end.",
        },
        "remaining_days": {
            "type": ["integer", "null"],
            "description": "A day that has begun counts as one. Null for a plan that does not end.",
        },
    }
    return object_schema(properties, list(properties))
