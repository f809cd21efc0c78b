"""Binds the claim of an old user to a user here."""

from userprofiles.legacy.users.claims import Claim, Claims
from userprofiles.legacy.users.pool_accounts import AccountConflictError
from userprofiles.legacy.users.user_table import UserTable, item_key
from userprofiles.table import deletion, record

DELETED = "the user here is deleted or marked for deletion"


class UserBinding:
    """Binds claims. Its methods may be called by any thread.

    Args:
        table: The users table.
        claims: The claims of the source.
    """

    def __init__(self, table: UserTable, claims: Claims) -> None:
        self._table = table
        self._claims = claims

    def bind(self, claim: Claim, sub: str, created_user: bool) -> Claim | None:
        """Bind a claim to a user.

        Args:
            claim: The claim.
            sub: The user.
            created_user: Whether an import created the user in Cognito.

        Returns:
            The bound claim; None if the user belongs to another old user.

        Raises:
            AccountConflictError: The user is deleted or marked for deletion.
        """
        if not created_user:
            key = record.key(sub, "account")
            account = self._table.read([key]).get(item_key(key))
            if record.is_tombstone(account) or deletion.find_request(account) is not None:
                raise AccountConflictError(DELETED)
        return self._claims.bind(claim, sub, created_user=created_user)
