"""Users, content and links of the old application, as the mapping reads them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LegacyPremium:
    """The paid plan of a user.

    Attributes:
        plan: The name of the plan.
        start: The first second, in ISO 8601 and UTC; empty if the document has none.
        end: The last second, in ISO 8601 and UTC; empty if the document has none.
    """

    plan: str
    start: str
    end: str


class _Record:
    """A record whose text has its ID only, so that no message contains personal data by accident."""

    old_id: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.old_id!r})"


@dataclass(frozen=True, kw_only=True, repr=False)
class LegacyUser(_Record):
    """A user of the old application.

    Attributes:
        old_id: The ID of the old application; empty if the document has no usable one.
        phone_number: The phone number as it is stored.
        country_code: The country code as it is stored.
        email: The e-mail address.
        username: The user name.
        first_name: The first name, or the whole name if the application has one field for it.
        picture: The URL of the picture.
        visibility: `public`, `friends` or `private`.
        email_notifications: Whether the user wants e-mails.
        push_notifications: Whether the user wants push messages.
        is_phone_verified: Whether the old application has verified the phone number.
        is_email_verified: Whether the old application has verified the e-mail address.
        is_disabled: Whether the old application has blocked the account.
        friends: The old IDs of the friends, as listed: an ID can occur twice.
        subscribers: The old IDs of the subscribers.
        blocks: The old IDs of the users whom this user blocks.
        premium: The paid plan.
        updated_at: The last change, in ISO 8601 and UTC with milliseconds; empty if unknown.
        digest: The SHA-256 of the mapped values. It does not depend on the order of the fields.
        problems: What the mapping could not read, with the names of the fields and without values.
    """

    old_id: str
    phone_number: str
    country_code: str
    email: str
    username: str
    first_name: str
    picture: str
    visibility: str
    email_notifications: bool
    push_notifications: bool
    is_phone_verified: bool
    is_email_verified: bool = False
    is_disabled: bool
    friends: tuple[str, ...]
    subscribers: tuple[str, ...]
    blocks: tuple[str, ...]
    premium: LegacyPremium | None
    updated_at: str
    digest: str
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class LegacyContent(_Record):
    """A record that a user has published.

    Attributes:
        old_id: The ID of the old application; empty if the document has no usable one.
        collection: The collection of the document.
        owner_id: The old ID of the owner.
        title: The title.
        text: The text.
        record_time: When it was recorded, in ISO 8601 and UTC with milliseconds; empty if unknown.
        media: The URLs of its files.
        updated_at: The last change, in ISO 8601 and UTC with milliseconds; empty if unknown.
        digest: The SHA-256 of the mapped values. It does not depend on the order of the fields.
        problems: What the mapping could not read, with the names of the fields and without values.
    """

    old_id: str
    owner_id: str
    title: str
    text: str
    record_time: str
    media: tuple[str, ...]
    updated_at: str
    digest: str
    problems: tuple[str, ...]
    collection: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class LegacyLink(_Record):
    """A link between two users that has a document of its own.

    Attributes:
        old_id: The ID of the old application; empty if the document has no usable one.
        kind: `friends`, `subscribers` or `blocks`, as the list of `owner_id` that has `other_id`.
        owner_id: The old ID of the user who has the list.
        other_id: The old ID of the other user.
        problems: What the mapping could not read, with the names of the fields and without values.
    """

    old_id: str
    kind: str
    owner_id: str
    other_id: str
    problems: tuple[str, ...]
