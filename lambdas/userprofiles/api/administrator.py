"""Administrators: users who are in the group `admin` of the pool and have the role `admin` in the table.

Both are required. The group is in the token, so a request of another user costs no read. The role is in the
table, so that a user who is no longer an administrator is refused at once, although the token is still valid.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from userprofiles import aws, settings
from userprofiles.api.access_token import Caller
from userprofiles.api.errors import ApiError
from userprofiles.api.gone import check_not_gone
from userprofiles.api.profile_service import ClaimPicture, ProfileService
from userprofiles.registration.registrar import Registrar
from userprofiles.table import record
from userprofiles.table.lists import UserLists
from userprofiles.template_check import ADMIN_ROLE

ADMIN_GROUP = "admin"
_SOURCE = "admin"


@dataclass(frozen=True)
class Administration:
    """What requests of administrators use.

    Attributes:
        registrar: Tables and template. Its `source` names the administrator in audit rows.
        cognito: A botocore client of Cognito.
        pool_id: The user pool.
        lists: The list indexes of the users table.
        sleep: Waits between attempts.
        claim_picture: Keeps a picture that a user uploaded.
    """

    registrar: Registrar
    cognito: Any
    pool_id: str
    lists: UserLists
    sleep: Callable[[float], None] = time.sleep
    claim_picture: ClaimPicture | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], claim_picture: ClaimPicture) -> Self:
        """Create it from the function's environment.

        Args:
            environment: The environment.
            claim_picture: Keeps a picture that a user uploaded.

        Raises:
            userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is
            wrong.
        """
        dynamodb = aws.client("dynamodb")
        return cls(
            Registrar.from_environment(environment, _SOURCE, dynamodb),
            # One attempt: AdminCreateUser waits for the PreSignUp trigger, and a second one would find the
            # user that the first one created.
            aws.client("cognito-idp", read_s=20, attempts=1),
            settings.required(environment, "USER_POOL_ID"),
            UserLists(dynamodb, settings.required(environment, "USERS_TABLE")),
            claim_picture=claim_picture,
        )

    @property
    def profiles(self) -> ProfileService:
        """Reads and changes profiles."""
        return ProfileService(self.registrar, self.cognito, self.pool_id, self.sleep, self.claim_picture)

    def authorize(self, caller: Caller) -> Self:
        """Check that a caller is an administrator.

        Returns:
            A copy whose audit rows have the source `admin:<sub>`.

        Raises:
            ApiError: 403; the caller is not an administrator, or the account is inactive or erased. 410 if
                the caller is an administrator who is marked for deletion.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        if ADMIN_GROUP not in caller.groups:
            raise _forbidden_error()
        user = self.registrar.store.read(caller.sub)
        account = user.account or {}
        if account.get("role") != ADMIN_ROLE or record.is_inactive(account):
            raise _forbidden_error()
        check_not_gone(user, self.registrar.clock())
        registrar = dataclasses.replace(self.registrar, source=audit_source(caller.sub))
        return dataclasses.replace(self, registrar=registrar)


def audit_source(sub: str) -> str:
    """Return the source of audit rows of an administrator's requests."""
    return f"{_SOURCE}:{sub}"


def _forbidden_error() -> ApiError:
    return ApiError(403, "forbidden", "Only administrators can use this route.")
