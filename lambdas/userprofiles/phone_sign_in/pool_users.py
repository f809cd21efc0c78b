"""The user of a verified phone number: found in the user pool, or created there.

The caller has checked a code, so the person who signs in owns the number. The user in the pool may belong to
somebody else nevertheless: anybody can sign up with the number of another person, an e-mail address and a
password of their own. In a pool whose user names are addresses, such an unverified number is a name of the
user and can't be used twice. Whoever gets tokens for that user would share an account with a stranger.
Therefore:

* An unconfirmed user is removed, and a new user is created. Nobody has proved an address of that user, and
  there is no account: users get one when they confirm.
* A user whose number is not verified gets no tokens.
* A user whom an administrator has disabled gets no tokens, and is never removed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.phone_sign_in.request_input import NO_FIELD, PHONE_NUMBER, InputError
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.random_password import random_password
from userprofiles.table.store import Store
from userprofiles.telemetry import Report, error_code

_ATTEMPTS = 3
_UNCONFIRMED = "UNCONFIRMED"
_TEMPORARY_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105  (a status of Cognito)

DISABLED = "This account is disabled. Contact support."
NOT_VERIFIED = (
    "This phone number belongs to an account in which it is not verified. Sign in to that account with the "
    "e-mail address and verify the number there, or contact support."
)
NO_SIGN_UP = "There is no account with this phone number."
REFUSED = "The registration was refused. Contact support."


class SignInRefusedError(InputError):
    """A user can't sign in although the code is right.

    Args:
        reason: A fixed code for the log.
        errors: A text for each field.
    """

    def __init__(self, reason: str, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.reason = reason


@dataclass(frozen=True)
class PoolUsers:
    """The users of the pool by their phone numbers.

    Attributes:
        client: A botocore client of Cognito.
        pool_id: The user pool.
        store: The tables.
        report: Log lines and metrics.
        self_sign_up: Whether unknown users are created.
    """

    client: Any
    pool_id: str
    store: Store
    report: Report
    self_sign_up: bool

    def find_or_create(self, phone: str) -> CognitoUser:
        """Return the user with a phone number that the caller has verified.

        A call that is stopped halfway leaves a user with a temporary password that nobody knows. The next
        call completes this user.

        Raises:
            SignInRefusedError: The user can't sign in.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        for _ in range(_ATTEMPTS):
            user = self._find(phone)
            if user is None:
                user = self._create(phone)
            elif user.status == _UNCONFIRMED:
                self._remove_unconfirmed(user, phone)
                user = None
            elif not _is_verified(user, phone):
                raise SignInRefusedError("not_verified", {PHONE_NUMBER: NOT_VERIFIED})
            if user is not None:
                self._replace_temporary_password(user)
                return user
        # Each time, the pool found no user, but had one when a user was to be created.
        raise SignInRefusedError("not_found", {PHONE_NUMBER: NOT_VERIFIED})

    def _find(self, phone: str) -> CognitoUser | None:
        try:
            response = self.client.admin_get_user(UserPoolId=self.pool_id, Username=phone)
        except ClientError as error:
            if error_code(error) == "UserNotFoundException":
                return None
            raise
        if response.get("Enabled") is False:
            raise SignInRefusedError("disabled", {NO_FIELD: DISABLED})
        return self._read(response, response.get("UserAttributes", ()))

    def _create(self, phone: str) -> CognitoUser | None:
        """Create a user; return None if another request has created one since the read."""
        if not self.self_sign_up:
            raise SignInRefusedError("no_sign_up", {PHONE_NUMBER: NO_SIGN_UP})
        attributes = {"phone_number": phone, "phone_number_verified": "true"}
        try:
            response = self.client.admin_create_user(
                UserPoolId=self.pool_id,
                Username=phone,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                MessageAction="SUPPRESS",
            )
        except ClientError as error:
            code = error_code(error)
            if code in {"UsernameExistsException", "AliasExistsException"}:
                return None
            if code == "UserLambdaValidationException":  # PreSignUp rejects the user
                raise SignInRefusedError("sign_up_refused", {NO_FIELD: REFUSED}) from None
            raise
        user = self._read(response["User"], response["User"].get("Attributes", ()))
        self.report.info("user created", sub=user.sub)
        return user

    def _read(self, response: Mapping[str, Any], attributes: Iterable[Mapping[str, str]]) -> CognitoUser:
        return cognito_user.from_entries(
            self.pool_id, response["Username"], attributes, status=response.get("UserStatus", "")
        )

    def _remove_unconfirmed(self, user: CognitoUser, phone: str) -> None:
        """Remove a user who has never confirmed.

        A user who confirms at this moment is removed too. That takes the code that was sent to the same
        phone number.
        """
        items = self.store.read(user.sub)
        has_account = items.account is not None or items.profile is not None
        if user.attributes.get("phone_number") != phone or has_account or not self.self_sign_up:
            raise SignInRefusedError("not_verified", {PHONE_NUMBER: NOT_VERIFIED})
        try:
            self.client.admin_delete_user(UserPoolId=self.pool_id, Username=user.name)
        except ClientError as error:
            if error_code(error) != "UserNotFoundException":
                raise
        self.report.warning(
            "unconfirmed user removed: the owner of the phone number signs in",
            metric="UnconfirmedUsersReplaced",
            sub=user.sub,
        )

    def _replace_temporary_password(self, user: CognitoUser) -> None:
        """Confirm a user with a temporary password by a random password.

        Users with a temporary password can't choose another one by ForgotPassword. After this, they can.
        """
        if user.status == _TEMPORARY_PASSWORD:
            self.client.admin_set_user_password(
                UserPoolId=self.pool_id, Username=user.name, Password=random_password(), Permanent=True
            )


def _is_verified(user: CognitoUser, phone: str) -> bool:
    return (
        user.attributes.get("phone_number") == phone
        and user.attributes.get("phone_number_verified") == "true"
    )
