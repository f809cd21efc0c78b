"""The user in Cognito for an old user: created, continued or bound.

`AdminCreateUser` makes a user with a verified phone number, and sends no message (SUPPRESS). In a pool with
codes by text message the user is confirmed and has no password. In other pools the user gets a random
password that nobody knows. Source: Amazon Cognito API Reference, AdminCreateUser and AdminSetUserPassword.

An existing user is bound to an old user only if Cognito has verified the same address. `custom:old_user_id`
alone binds nobody: it only says whether an import has created the user.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.addresses import Addresses
from userprofiles.legacy.users.claims import Claim
from userprofiles.legacy.users.pool_calls import EXISTS, NOT_FOUND, PoolCalls, PoolRefusedError
from userprofiles.legacy.users.pool_features import OLD_ID_ATTRIBUTE, PoolFeatures
from userprofiles.registration.random_password import random_password
from userprofiles.table import record

UNVERIFIED_USER = "a user here has this address, but has not verified it"
UNCONFIRMED_USER = "an unconfirmed user here has this address"
TWO_USERS = "the addresses belong to two users here"
OTHER_OWNER = "the user here belongs to another old user"
VANISHED = "the user here disappeared during the import"

_ATTEMPTS = 3
_TEMPORARY_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105  (a status of Cognito)
_UNCONFIRMED = "UNCONFIRMED"
# The clocks of this computer and of AWS may differ by as much (AWS Signature Version 4).
_CLOCK_SKEW = timedelta(minutes=5)

Bind = Callable[[Claim, str, bool], Claim | None]


class AccountConflictError(Exception):
    """An old user can't get an account without a decision. The message is a reason without values."""


@dataclass(frozen=True)
class PoolAccount:
    """The user in Cognito.

    Attributes:
        claim: The bound claim.
        sub: The user's sub.
        created: Whether an import created the user.
        modified_at: When Cognito changed the user last; empty for a user who was here before.
    """

    claim: Claim
    sub: str
    created: bool
    modified_at: str


class PoolAccounts:
    """Creates users in Cognito, and finds those who are there.

    Args:
        calls: Calls on the pool.
        features: What the pool offers.
        bind: Binds a claim to a sub; returns None if the user belongs to another old user.
    """

    def __init__(self, calls: PoolCalls, features: PoolFeatures, bind: Bind) -> None:
        self._calls = calls
        self._features = features
        self._bind = bind

    def ensure(self, user: LegacyUser, addresses: Addresses, claim: Claim) -> PoolAccount:
        """Return the account of an old user whose claim this run has written.

        Raises:
            AccountConflictError: A user here has the address and can't be bound.
            PoolRefusedError: Cognito refuses to create the user.
        """
        for _ in range(_ATTEMPTS):
            created = self._create(user, addresses)
            if created is not None:
                return self._complete(user, self._bound(claim, created, is_created=True), created)
            existing = self._find(addresses)
            if existing is not None:
                self._check_addresses(existing, addresses)
                is_own = self._is_own(existing, user, addresses, claim)
                return self._complete(user, self._bound(claim, existing, is_created=is_own), existing)
        # Each time, the pool had the user when it was to be created, and no user after that.
        raise AccountConflictError(VANISHED)

    def resume(self, user: LegacyUser, claim: Claim) -> PoolAccount | None:
        """Complete the account of a bound claim; None if the user does not exist any more."""
        existing = self._calls.find(claim.sub)
        return None if existing is None else self._complete(user, claim, existing)

    def disable(self, sub: str) -> tuple[str, str] | None:
        """Disable a user.

        Returns:
            When Cognito changed the user last, before and after this; None if the user is disabled or gone.
        """
        existing = self._calls.find(sub)
        if existing is None or existing.get("Enabled") is False:
            return None
        self._calls.call("admin_disable_user", Username=existing["Username"])
        final = self._calls.find(sub)
        return modified_at(existing), modified_at(final or {})

    def find_own(self, user: LegacyUser, addresses: Addresses, claim: Claim) -> str | None:
        """Return the sub of the user that an import created for a claim before it was killed."""
        existing = self._find_by_address(addresses.main)
        if existing is not None and self._is_own(existing, user, addresses, claim):
            return _attributes(existing)["sub"]
        return None

    def _create(self, user: LegacyUser, addresses: Addresses) -> Mapping[str, Any] | None:
        """Create a user; return None if a user with one of the addresses exists."""
        attributes = {
            **({"phone_number": addresses.phone, "phone_number_verified": "true"} if addresses.phone else {}),
            **({"email": addresses.email, "email_verified": "true"} if addresses.email else {}),
            **({OLD_ID_ATTRIBUTE: user.old_id} if self._features.has_old_id else {}),
        }
        try:
            response = self._calls.call(
                "admin_create_user",
                Username=addresses.main,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                MessageAction="SUPPRESS",
            )
        except PoolRefusedError as error:
            if error.code in EXISTS:
                return None
            raise
        created: Mapping[str, Any] = response["User"]
        return created

    def _find(self, addresses: Addresses) -> Mapping[str, Any] | None:
        """Find the user with the addresses.

        Raises:
            AccountConflictError: Two users have them.
        """
        existing = [self._find_by_address(address) for address in (addresses.phone, addresses.email)]
        users = {_attributes(user).get("sub", ""): user for user in existing if user is not None}
        if len(users) > 1:
            raise AccountConflictError(TWO_USERS)
        return next(iter(users.values()), None)

    def _find_by_address(self, address: str) -> Mapping[str, Any] | None:
        return self._calls.find(address) if address else None

    @staticmethod
    def _check_addresses(existing: Mapping[str, Any], addresses: Addresses) -> None:
        """Check that Cognito has verified one of the addresses for the user.

        Raises:
            AccountConflictError: It has not, so the user may be another person.
        """
        if existing.get("UserStatus") == _UNCONFIRMED:
            raise AccountConflictError(UNCONFIRMED_USER)
        if not _has_verified(existing, addresses):
            raise AccountConflictError(UNVERIFIED_USER)

    def _is_own(
        self, existing: Mapping[str, Any], user: LegacyUser, addresses: Addresses, claim: Claim
    ) -> bool:
        """Return whether an import created the user for this claim, and was killed before it was bound.

        Without `custom:old_user_id`, only a temporary password shows it: users who sign up have none. In
        doubt the answer is no, so a rollback keeps the user.
        """
        created_at = existing.get("UserCreateDate")
        if created_at is None or not _has_verified(existing, addresses):
            return False
        claimed_at = datetime.fromisoformat(claim.claimed_at)
        if self._features.has_old_id:
            is_named = _attributes(existing).get(OLD_ID_ATTRIBUTE) == user.old_id
            return bool(is_named and created_at >= claimed_at - _CLOCK_SKEW)
        return bool(existing.get("UserStatus") == _TEMPORARY_PASSWORD and created_at >= claimed_at)

    def _bound(self, claim: Claim, existing: Mapping[str, Any], *, is_created: bool) -> Claim:
        bound = self._bind(claim, _attributes(existing)["sub"], is_created)
        if bound is None:
            raise AccountConflictError(OTHER_OWNER)
        return bound

    def _complete(self, user: LegacyUser, claim: Claim, existing: Mapping[str, Any]) -> PoolAccount:
        """Confirm and, if needed, disable a user whom an import created."""
        sub, name = claim.sub, existing["Username"]
        if not claim.created_user:
            return PoolAccount(claim, sub, created=False, modified_at="")
        try:
            if existing.get("UserStatus") == _TEMPORARY_PASSWORD:
                self._calls.call(
                    "admin_set_user_password", Username=name, Password=random_password(), Permanent=True
                )
            if user.is_disabled and existing.get("Enabled") is not False:
                self._calls.call("admin_disable_user", Username=name)
        except PoolRefusedError as error:
            if error.code == NOT_FOUND:
                raise AccountConflictError(VANISHED) from None
            raise
        final = self._calls.find(name)
        if final is None:
            raise AccountConflictError(VANISHED)
        return PoolAccount(claim, sub, created=True, modified_at=modified_at(final))


def modified_at(existing: Mapping[str, Any]) -> str:
    """Return when Cognito changed a user last; empty if it does not say."""
    moment = existing.get("UserLastModifiedDate")
    return "" if moment is None else record.timestamp(moment.astimezone(UTC), "milliseconds")


def _attributes(existing: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes of a user, in a response of AdminGetUser or AdminCreateUser."""
    entries = existing.get("UserAttributes") or existing.get("Attributes") or ()
    return {entry["Name"]: entry.get("Value", "") for entry in entries}


def _has_verified(existing: Mapping[str, Any], addresses: Addresses) -> bool:
    """Return whether Cognito has verified one of the addresses for a user."""
    attributes = _attributes(existing)
    pairs = (("phone_number", addresses.phone), ("email", addresses.email))
    return any(
        address
        and attributes.get(name, "").lower() == address
        and attributes.get(f"{name}_verified") == "true"
        for name, address in pairs
    )
