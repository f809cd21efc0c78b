"""What the profile API does: read a user's account and profile, and change them."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import aws, settings
from userprofiles.api import merge_patch
from userprofiles.api.access_token import Caller, unauthorized
from userprofiles.api.errors import ApiError
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import Directory
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, record
from userprofiles.table.audit import Action
from userprofiles.table.store import StoreBusyError, User
from userprofiles.table.update_expression import Change

SOURCE = "api"
_ATTEMPTS = 5
_LONGEST_PAUSE_S = 0.05


@dataclass(frozen=True)
class Document:
    """What the API shows of a user.

    Attributes:
        body: `{"account": {...}, "profile": {...}}` without keys and bookkeeping.
        etag: Changes with everything the body shows, and with each write.
    """

    body: dict[str, record.Item]
    etag: str


def document(user: User) -> Document:
    """Show a whole user."""
    account, profile = user.account or {}, user.profile or {}
    body = {"account": record.public(account), "profile": record.public(profile)}
    seen = {**body, "version": account.get("version", 0)}
    return Document(body, f'"{audit.digest(seen)[:32]}"')


class ProfileService:
    """Reads and changes users.

    Args:
        registrar: Registers users on first access; its tables and template are the service's own too.
        directory: Cognito.
        pool_id: The user pool.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        registrar: Registrar,
        directory: Directory,
        pool_id: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registrar = registrar
        self._directory = directory
        self._pool_id = pool_id
        self._sleep = sleep

    def read(self, caller: Caller) -> Document:
        """Show the caller's account and profile; the first access creates what is missing.

        Raises:
            ApiError: 401 where Cognito doesn't know the user, 410 where the user was erased.
            userprofiles.table.store.StoreError, botocore.exceptions.ClientError: AWS refused.
        """
        return document(self._whole(caller))

    def change(self, caller: Caller, patch: Any, if_match: str | None = None) -> Document:
        """Change the caller's account and profile.

        Args:
            caller: Whose.
            patch: A merge patch of what `read` shows.
            if_match: The request's If-Match, None without one.

        Raises:
            ApiError: 400, 401, 403 (the account's status is not active), 409 (others kept changing the same
                user), 410, 412 or 413.
            userprofiles.table.store.StoreError, botocore.exceptions.ClientError: AWS refused.
        """
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(random.uniform(0, _LONGEST_PAUSE_S * attempt))  # noqa: S311  (no secret)
            user = self._whole(caller)
            if record.is_inactive(user.account or {}):
                raise ApiError(403, "inactive", "This account is not active: its profile can't be changed.")
            if if_match is not None and not _matches(if_match, document(user).etag):
                raise ApiError(412, "changed_meanwhile", "The profile was changed meanwhile: read it again.")
            changed = self._try(caller, user, patch)
            if changed is not None:
                return changed
        raise ApiError(409, "conflict", "The profile is being changed by somebody else: try again.")

    def _try(self, caller: Caller, user: User, patch: Any) -> Document | None:
        """Make a change to a user as read; None if somebody wrote since."""
        account = user.account or {}
        plan = merge_patch.plan(
            self._registrar.template,
            self._role(account),
            {"account": account, "profile": user.profile or {}},
            patch,
        )
        if not plan.changes:
            return document(user)
        moment = self._registrar.clock()
        changes = dict(plan.changes)
        if "profile" in changes:
            changes["profile"] = [*changes["profile"], Change(("updatedAt",), record.timestamp(moment))]
        row = audit.row(
            caller.sub,
            Action.PROFILE_UPDATED,
            source=self._registrar.source,
            account=account,
            moment=moment,
            fields=plan.fields,
        )
        if not self._registrar.store.change(user, changes, row):
            return None
        return document(self._registrar.store.read(caller.sub))

    def _role(self, account: Mapping[str, Any]) -> str:
        role = account.get("role")
        return role if role in self._registrar.template.roles else self._registrar.template.default_role

    def _whole(self, caller: Caller) -> User:
        user = self._registrar.store.read(caller.sub)
        if not user.erased and not user.whole:
            self._create(caller)
            user = self._registrar.store.read(caller.sub)
        if user.erased:
            raise ApiError(410, "erased", "This user was erased.")
        if not user.whole:
            raise StoreBusyError("StillIncomplete")
        return user

    def _create(self, caller: Caller) -> None:
        user = cognito_user.ask(self._directory, self._pool_id, caller.user_name)
        # The name may belong to another user since the token was issued.
        if user is None or user.sub != caller.sub or user.status == "UNCONFIRMED":
            raise unauthorized()
        self._registrar.register(user)


def _matches(if_match: str, etag: str) -> bool:
    """Compare strongly, as RFC 9110 wants it for If-Match: a weak tag never matches."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag in tags


def from_environment(environment: Mapping[str, str]) -> ProfileService:
    """Make the service from a function's environment.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong.
    """
    return ProfileService(
        Registrar.from_environment(environment, SOURCE, aws.client("dynamodb")),
        aws.client("cognito-idp"),
        settings.required(environment, "USER_POOL_ID"),
    )
