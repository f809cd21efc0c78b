"""What a user pool offers for an import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.legacy.errors import LegacyError
from userprofiles.legacy.users.quotas import QuotaClass
from userprofiles.telemetry import error_code

OLD_ID_ATTRIBUTE = "custom:old_user_id"
PHONE_FACTOR = "SMS_OTP"


class PoolError(LegacyError):
    """A user pool can't be used for an import."""


@dataclass(frozen=True)
class PoolFeatures:
    """What a user pool offers.

    Attributes:
        has_old_id: Whether the pool has the attribute `custom:old_user_id`.
        is_passwordless: Whether users can sign in with Cognito's own codes by text message. Then a user who
            is created without a temporary password has no password (Amazon Cognito API Reference,
            AdminCreateUser, TemporaryPassword).
    """

    has_old_id: bool
    is_passwordless: bool

    @classmethod
    def read(cls, client: Any, pool_id: str) -> "PoolFeatures":
        """Read the settings of a pool.

        Raises:
            PoolError: The pool can't be read, or its users don't sign in with phone numbers.
        """
        try:
            pool = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        except (ClientError, BotoCoreError) as error:
            raise PoolError(
                f"The user pool {pool_id} can't be read: {error_code(error)}.\nCheck the ID of the pool, the "
                "region, the credentials and the permission cognito-idp:DescribeUserPool."
            ) from None
        names = pool.get("UsernameAttributes") or []
        if "phone_number" not in names:
            raise PoolError(
                f"Users of the user pool {pool_id} sign in with {' and '.join(names) or 'a user name'}. An "
                "import needs a pool whose users sign in with phone_number. This can't be changed later: "
                "create another pool with usernameAttributes that contain phone_number."
            )
        schema = {attribute.get("Name") for attribute in pool.get("SchemaAttributes", ())}
        factors = pool.get("Policies", {}).get("SignInPolicy", {}).get("AllowedFirstAuthFactors") or ()
        return cls(
            has_old_id=OLD_ID_ATTRIBUTE in schema,
            is_passwordless=PHONE_FACTOR in factors,
        )

    def calls_per_user(self, *, is_disabled: bool) -> Mapping[str, int]:
        """Return the calls that a new user needs, by category."""
        calls = {QuotaClass.USER_CREATION: 1, QuotaClass.USER_READ: 1}
        if not self.is_passwordless:
            calls[QuotaClass.USER_ACCOUNT_RECOVERY] = 1
        if is_disabled:
            calls[QuotaClass.USER_UPDATE] = 1
        return {str(name): number for name, number in calls.items()}
