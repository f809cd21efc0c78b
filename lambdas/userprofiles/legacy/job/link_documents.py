"""Links that have documents of their own, as the stage of links reads them."""

from userprofiles.legacy.mapping.records import LegacyLink, LegacyUser


def link_owner(link: LegacyLink) -> LegacyUser:
    """Return the owner of a link, as a user whose document has this link and nothing else.

    Without one of the two users, the result has no ID.
    """

    def others(kind: str) -> tuple[str, ...]:
        return (link.other_id,) if link.kind == kind else ()

    return LegacyUser(
        old_id=link.owner_id if link.other_id else "",
        phone_number="",
        country_code="",
        email="",
        username="",
        first_name="",
        picture="",
        visibility="",
        email_notifications=False,
        push_notifications=False,
        is_phone_verified=False,
        is_disabled=False,
        friends=others("friends"),
        subscribers=others("subscribers"),
        blocks=others("blocks"),
        premium=None,
        updated_at="",
        digest=f"{link.kind} {link.owner_id} {link.other_id}",
        problems=link.problems,
    )
