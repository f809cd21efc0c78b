"""The routes of the profile API, for its handlers, HTTP API, CORS configuration and OpenAPI document."""

import re
from typing import NamedTuple

USERS = "profile_api"
ADMINISTRATORS = "admin_api"
PHONE_SIGN_IN = "phone_sign_in_api"
SOCIAL = "social_api"


class Route(NamedTuple):
    """A route of the profile API.

    Attributes:
        method: The HTTP method.
        path: The path; `{id}` is the sub of a user, or the ID of a content item below `/me`. `{location+}`
            matches several segments.
        needs_token: Whether the authorizer requires a token.
        handler: Module in `userprofiles.handlers` of the function that handles it.
    """

    method: str
    path: str
    needs_token: bool = True
    handler: str = USERS

    @property
    def key(self) -> str:
        """Key of the route in an HTTP API, such as `GET /health`."""
        return f"{self.method} {self.path}"

    @property
    def rule(self) -> str:
        """The path in the form of Powertools' resolver: `/users/<id>/profile`."""
        return re.sub(r"{(\w+)}", r"<\1>", self.path)

    @property
    def document_path(self) -> str:
        """The path in the form of OpenAPI, which has no parameters of several segments."""
        return self.path.replace("+}", "}")


HEALTH = Route("GET", "/health", needs_token=False)
OPENAPI = Route("GET", "/openapi.json", needs_token=False)
READ_PROFILE = Route("GET", "/me/profile")
CHANGE_PROFILE = Route("PATCH", "/me/profile")
READ_COMPLETION = Route("GET", "/me/profile/completion")
CREATE_AVATAR = Route("POST", "/me/avatar")
EXPORT_USER = Route("GET", "/me/export")
DELETE_USER = Route("DELETE", "/me")
RESTORE_USER = Route("POST", "/me/restore")

LIST_USERS = Route("GET", "/users", handler=ADMINISTRATORS)
READ_USER = Route("GET", "/users/{id}/profile", handler=ADMINISTRATORS)
CHANGE_USER = Route("PATCH", "/users/{id}/profile", handler=ADMINISTRATORS)
SET_ROLE = Route("PUT", "/users/{id}/role", handler=ADMINISTRATORS)
SET_STATUS = Route("PUT", "/users/{id}/status", handler=ADMINISTRATORS)
SET_VENDOR_STATUS = Route("PUT", "/users/{id}/vendor-status", handler=ADMINISTRATORS)
INVITE_USER = Route("POST", "/users/invite", handler=ADMINISTRATORS)
CHANGE_USERS = Route("POST", "/users/bulk", handler=ADMINISTRATORS)
ERASE_USER = Route("POST", "/users/{id}/erase", handler=ADMINISTRATORS)

ROUTES = (
    HEALTH,
    OPENAPI,
    READ_PROFILE,
    CHANGE_PROFILE,
    READ_COMPLETION,
    CREATE_AVATAR,
    EXPORT_USER,
    DELETE_USER,
    RESTORE_USER,
    LIST_USERS,
    READ_USER,
    CHANGE_USER,
    SET_ROLE,
    SET_STATUS,
    SET_VENDOR_STATUS,
    INVITE_USER,
    CHANGE_USERS,
    ERASE_USER,
)
"""All routes of the profile API, except those of phone sign-in and of `social`."""

REGISTER_PHONE = Route("POST", "/auth/phone/register", needs_token=False, handler=PHONE_SIGN_IN)
VERIFY_PHONE = Route("POST", "/auth/phone/verify", needs_token=False, handler=PHONE_SIGN_IN)

PHONE_ROUTES = (REGISTER_PHONE, VERIFY_PHONE)
"""The routes that a stack with phone sign-in has in addition."""

LIST_CONTENT = Route("GET", "/me/content", handler=SOCIAL)
READ_CONTENT = Route("GET", "/me/content/{id}", handler=SOCIAL)
CREATE_CONTENT = Route("POST", "/me/content", handler=SOCIAL)
LIST_FRIENDS = Route("GET", "/me/friends", handler=SOCIAL)
LIST_SUBSCRIBERS = Route("GET", "/me/subscribers", handler=SOCIAL)
LIST_BLOCKS = Route("GET", "/me/blocks", handler=SOCIAL)
READ_SUBSCRIPTION = Route("GET", "/me/subscription", handler=SOCIAL)
FOLLOW_REDIRECT = Route("GET", "/media/{location+}", needs_token=False, handler=SOCIAL)

SOCIAL_ROUTES = (
    LIST_CONTENT,
    READ_CONTENT,
    CREATE_CONTENT,
    LIST_FRIENDS,
    LIST_SUBSCRIBERS,
    LIST_BLOCKS,
    READ_SUBSCRIPTION,
    FOLLOW_REDIRECT,
)
"""The routes that a stack with `social` has in addition."""


def redirect_route(prefix: str) -> Route:
    """Return a further route of redirects, for a path of the old host.

    Args:
        prefix: The first part of the old paths, such as `/uploads`.
    """
    return Route("GET", f"{prefix}/{{location+}}", needs_token=False, handler=SOCIAL)
