"""The values that an import reads from a document: their types and what is used if a document has none."""

from dataclasses import dataclass
from typing import Any, Literal

ValueType = Literal["text", "boolean", "date", "id", "ids", "texts", "choice"]
Precision = Literal["millisecond", "second", "next second"]

VISIBILITIES = ("public", "friends", "private")
LINK_KINDS = ("friends", "subscribers", "blocks")

# The types whose mapping can translate single values.
TRANSLATED_TYPES = ("text", "boolean", "choice")


@dataclass(frozen=True)
class Target:
    """A value of a record.

    Attributes:
        value_type: Its type.
        default: What is used if a document has no such field, or one of a wrong type.
        is_required: Whether a mapping must name its field.
        precision: How exact a date is. A date with seconds is rounded down, or up to the next second.
        unlisted: What is used for a value that a choice does not list.
    """

    value_type: ValueType
    default: Any = ""
    is_required: bool = False
    precision: Precision = "second"
    unlisted: str = ""


_ID = Target("id", is_required=True)
_UPDATED_AT = Target("date", precision="millisecond")
_IDS = Target("ids", default=())

# The defaults are those of the migration script of the old application.
USER_TARGETS = {
    "old_id": _ID,
    "phone_number": Target("text"),
    "country_code": Target("text"),
    "email": Target("text"),
    "username": Target("text"),
    "first_name": Target("text"),
    "picture": Target("text"),
    # An unlisted value must not show a profile to more people than its user wants.
    "visibility": Target("choice", default="friends", unlisted="private"),
    "email_notifications": Target("boolean", default=True),
    "push_notifications": Target("boolean", default=True),
    "is_phone_verified": Target("boolean", default=True),
    # The old application never sent a code to it. Only a mapping can say otherwise.
    "is_email_verified": Target("boolean", default=False),
    "is_disabled": Target("boolean", default=False),
    "friends": _IDS,
    "subscribers": _IDS,
    "blocks": _IDS,
    "premium_plan": Target("text"),
    "premium_start": Target("date"),
    # Rounded up, so that no paid time ends early.
    "premium_end": Target("date", precision="next second"),
    "updated_at": _UPDATED_AT,
}

CONTENT_TARGETS = {
    "old_id": _ID,
    "owner_id": _ID,
    "title": Target("text"),
    "text": Target("text"),
    "record_time": Target("date", precision="millisecond"),
    "media": Target("texts", default=()),
    "updated_at": _UPDATED_AT,
}

LINK_TARGETS = {
    "old_id": Target("id"),
    "owner_id": _ID,
    "other_id": _ID,
}
