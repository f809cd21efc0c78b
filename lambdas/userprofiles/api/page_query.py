"""Pages of a user's own lists: the query parameters `limit` and `cursor`."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from userprofiles.api.errors import ApiError, FieldError, json_pointer

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
_MAX_CURSOR = 1_000


@dataclass(frozen=True)
class OwnList:
    """A list of one user, to which cursors are bound.

    Attributes:
        sub: The user.
        name: Name of the list, such as `friends`.
        is_position: Returns whether a text can be the position of an entry of this list.
    """

    sub: str
    name: str
    is_position: Callable[[str], bool]

    def create_cursor(self, after: str) -> str:
        """Return the cursor of the page after a position.

        It contains a hash of the sub, because users copy URLs into messages.
        """
        document = {"list": self.name, "user": self._user_hash(), "after": after}
        text = json.dumps(document, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def parse_cursor(self, cursor: str) -> str:
        """Return the position of a cursor.

        A cursor is not secret and not signed. It is only accepted if `create_cursor` could have created it
        for the same user and list.

        Raises:
            ApiError: 400 `invalid_cursor`.
        """
        document = _decode(cursor) if len(cursor) <= _MAX_CURSOR else None
        if isinstance(document, dict) and document.keys() == {"list", "user", "after"}:
            is_same_list = document["list"] == self.name and document["user"] == self._user_hash()
            after = document["after"]
            if is_same_list and isinstance(after, str) and self.is_position(after):
                return after
        raise ApiError(
            400,
            "invalid_cursor",
            "The cursor is not one that this route returned for this user. Use it unchanged, or leave it out "
            "to start again.",
        )

    def _user_hash(self) -> str:
        return hashlib.sha256(self.sub.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PageQuery:
    """A request for one page.

    Attributes:
        limit: The largest number of entries.
        after: The position after which the page begins; None for the first page.
    """

    limit: int
    after: str | None


def parse_page_query(parameters: Mapping[str, str], own_list: OwnList) -> PageQuery:
    """Check the query parameters of a request.

    Raises:
        ApiError: 400 with all wrong parameters, or with `invalid_cursor`.
    """
    errors = [
        FieldError(json_pointer(name), "unknown_parameter", "allowed: limit and cursor")
        for name in sorted(set(parameters) - {"limit", "cursor"})
    ]
    limit = parameters.get("limit", str(DEFAULT_LIMIT))
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        errors.append(FieldError("/limit", "range", f"must be a whole number from 1 to {MAX_LIMIT}"))
    if errors:
        raise ApiError(400, "invalid_query", "The query is not accepted; see errors.", errors)
    after = own_list.parse_cursor(parameters["cursor"]) if "cursor" in parameters else None
    return PageQuery(int(limit), after)


def _decode(cursor: str) -> object:
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        document: object = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return document
