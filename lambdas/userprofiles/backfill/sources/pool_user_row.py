"""Users of a Cognito user pool as rows. Pure: no AWS call, no clock."""

from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.sources.pool_reader import PoolUser
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.mapped_user import set_profile_key, set_role
from userprofiles.backfill.users.skip_rule import WrongTypeError
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.settings import Roles
from userprofiles.table.attribute_value import deserialize

UNCONFIRMED = "unconfirmed"
DISABLED = "disabled"
OTHER_STATUS = "otherStatus"

# The states of a user who has finished the sign-up or was created by an administrator or an identity
# provider: API_UserType in the Cognito API Reference.
STATUSES_WITH_PROFILE = ("CONFIRMED", "EXTERNAL_PROVIDER", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD")


def pool_user_document(pool_user: PoolUser) -> dict[str, Any]:
    """Return what a list of pool users has for each user, as a JSON document."""
    user = pool_user.user
    return {
        "sub": user.sub,
        "status": user.status,
        "enabled": pool_user.is_enabled,
        "attributes": dict(user.attributes),
    }


class PoolUserReader:
    """Reads users from `pool_user_document` in DynamoDB JSON.

    Args:
        roles: The roles that a user may have requested.

    Attributes:
        columns: The columns that a row must have for `read`.
    """

    columns = frozenset({"sub", "status", "enabled", "attributes"})

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def read(self, row: Row, key: Mapping[str, str]) -> UserRow:
        """Read one user. A problem of the row becomes its `failure_reason`, never an exception.

        Args:
            row: The row.
            key: What identifies the row in its source, for the report.
        """
        user = UserRow(get_string(row, "sub") or "", key, row=row)
        try:
            user.skip_reason = skip_reason(
                {name: deserialize(row[name]) for name in ("status", "enabled") if name in row}
            )
            if user.skip_reason:
                return user
            user.attributes = _attributes(row)
            user.email = user.attributes.get("email") or None
            set_role(user, self._roles)
            set_profile_key(user)
        except ValueError as error:
            user.failure_reason = str(error)
        return user


def skip_reason(document: Mapping[str, Any]) -> str | None:
    """Return why a user of a pool gets no profile, or None.

    Args:
        document: The user, as `pool_user_document` returns it.

    Raises:
        ValueError: The document has no status.
    """
    status = document.get("status")
    if document.get("enabled") is False:
        return DISABLED
    if not isinstance(status, str):
        raise ValueError("status is missing: the row is not a user of a pool")  # noqa: TRY004 - one error for a bad row
    if status in STATUSES_WITH_PROFILE:
        return None
    return UNCONFIRMED if status == "UNCONFIRMED" else OTHER_STATUS


def _attributes(row: Row) -> dict[str, str]:
    attributes = row.get("attributes", {}).get("M")
    if attributes is None:
        raise ValueError("attributes must be an object")
    for name, value in attributes.items():
        if "S" not in value:
            raise WrongTypeError(f"the attribute {name}", value, "a text")
    return {name: value["S"] for name, value in attributes.items()}
