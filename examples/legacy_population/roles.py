"""What is special about each of the 100 users of a block, and what an import must do with them."""

from dataclasses import dataclass
from enum import StrEnum


class Expected(StrEnum):
    """What an import must do with a user, and what it must propose to the operator."""

    IMPORTED = "imported"
    PROPOSED = "conflict, proposed for import"
    LEFT_OUT = "conflict, proposed to be skipped"


class Role(StrEnum):
    """What is special about a user."""

    PLAIN = "plain"
    OTHER_SPELLING = "number in another spelling"
    ABROAD = "number of another country"
    MISSING_FIELDS = "only an ID and a number"
    ODD_TYPES = "values of other types"
    TEXT_ID = "text as ID"
    DISABLED = "disabled"
    SHARED_PHONE = "two users with one number"
    SHARED_PHONE_OF_THREE = "three users with one number"
    EMAIL_TWIN = "e-mail addresses that differ in case"
    NAME_TWIN = "user names that differ in case"
    EMAIL_ONLY = "e-mail address and no number"
    NO_ADDRESS = "neither number nor e-mail address"
    UNREADABLE_PHONE = "no phone number in the field"
    PREMIUM_RATE = "premium-rate number"
    TOLL_FREE = "toll-free number"
    FIXED_LINE = "fixed line"


@dataclass(frozen=True)
class Share:
    """The users of a role.

    Attributes:
        users: How many of 100 users have it. Users of a role in a block form one group where they share
            something.
        expected: What an import must do with them. Of users who share a number, the one who was changed last
            is proposed for import.
    """

    users: int
    expected: Expected = Expected.IMPORTED


SHARES = {
    Role.OTHER_SPELLING: Share(3),
    Role.ABROAD: Share(2),
    Role.MISSING_FIELDS: Share(1),
    Role.ODD_TYPES: Share(1),
    Role.TEXT_ID: Share(1),
    Role.DISABLED: Share(1),
    Role.SHARED_PHONE: Share(2, Expected.LEFT_OUT),
    Role.SHARED_PHONE_OF_THREE: Share(3, Expected.LEFT_OUT),
    Role.EMAIL_TWIN: Share(2, Expected.PROPOSED),
    Role.NAME_TWIN: Share(2, Expected.PROPOSED),
    Role.EMAIL_ONLY: Share(1, Expected.LEFT_OUT),
    Role.NO_ADDRESS: Share(1, Expected.LEFT_OUT),
    Role.UNREADABLE_PHONE: Share(1, Expected.LEFT_OUT),
    Role.PREMIUM_RATE: Share(1, Expected.LEFT_OUT),
    Role.TOLL_FREE: Share(1, Expected.LEFT_OUT),
    Role.FIXED_LINE: Share(1, Expected.LEFT_OUT),
}
SHARING_PHONE = {Role.SHARED_PHONE, Role.SHARED_PHONE_OF_THREE}
BLOCK = 100
ROLES = [role for role, share in SHARES.items() for _ in range(share.users)]
ROLES += [Role.PLAIN] * (BLOCK - len(ROLES))


def expected_of(role: Role, *, is_last_changed: bool) -> Expected:
    """Return what an import must do with a user of a role.

    Args:
        role: The role.
        is_last_changed: Whether the user was changed last among those who share a number.
    """
    if role in SHARING_PHONE and is_last_changed:
        return Expected.PROPOSED
    return SHARES[role].expected if role in SHARES else Expected.IMPORTED
