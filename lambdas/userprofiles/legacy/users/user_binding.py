"""Binds the claim of an old user to a user here."""

from userprofiles.legacy.users.claims import Claim, Claims
from userprofiles.legacy.users.pool_accounts import AccountConflictError
from userprofiles.legacy.users.user_table import UserTable, item_key
from userprofiles.table import deletion, record

CHANGED_MEANWHILE = "another import works on the same user: run the import again"
DELETED = "the user here is deleted or marked for deletion"

_ATTEMPTS = 3


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
            AccountConflictError: The user is deleted or marked for deletion, or another import changes the
                claim at the same time.
        """
        if not created_user:
            key = record.key(sub, "account")
            account = self._table.read([key]).get(item_key(key))
            if record.is_tombstone(account) or deletion.find_request(account) is not None:
                raise AccountConflictError(DELETED)
        for _ in range(_ATTEMPTS):
            bound = self._claims.bind(claim, sub, created_user=created_user)
            if bound is not None:
                return bound
            if self._claims.owner(sub) not in {None, claim.old_id}:
                return None
            claim = self._read_again(claim)
        raise AccountConflictError(CHANGED_MEANWHILE)

    def _read_again(self, claim: Claim) -> Claim:
        """Return the claim as it is now, for another attempt.

        A killed session of this run can have changed it after it was read.

        Raises:
            AccountConflictError: The claim is bound to another user, or of another run.
        """
        current = self._claims.read([claim.old_id]).get(claim.old_id)
        if current is None or current.is_bound or current.run_id != claim.run_id:
            raise AccountConflictError(CHANGED_MEANWHILE)
        return current
