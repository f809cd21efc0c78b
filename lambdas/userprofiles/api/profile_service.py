"""The operations of the profile API: read and change a user's account and profile."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from userprofiles import aws, settings
from userprofiles.api import merge_patch
from userprofiles.api.access_token import Caller, unauthorized_error
from userprofiles.api.attempts import attempts
from userprofiles.api.errors import ApiError, conflict_error, newer_template_error
from userprofiles.api.gone import check_not_erased, check_not_gone
from userprofiles.api.picture_key import FIELD as PICTURE_FIELD
from userprofiles.api.picture_key import key_in_patch
from userprofiles.completion import completion
from userprofiles.registration import cognito_user
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, item_upgrade, record
from userprofiles.table.audit import Action
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import InvalidRequestError, StoreBusyError
from userprofiles.table.update_expression import Change
from userprofiles.template import Template

ClaimPicture = Callable[[str, str], Callable[[], None]]
"""Keeps the upload of a user (sub) with a key, or raises ApiError 400. Returns a function that undoes it."""

SOURCE = "api"


@dataclass(frozen=True)
class ProfileDocument:
    """The document that the API returns for a user.

    Attributes:
        body: `{"account": {...}, "profile": {...}}` without keys and bookkeeping.
        etag: Changes with every write.
    """

    body: dict[str, record.Item]
    etag: str


def schema_role(template: Template, account: Mapping[str, Any]) -> str:
    """Return the role whose fields an account has: the default role for administrators."""
    role = account.get("role")
    return role if role in template.roles else template.default_role


def upgrade_items(template: Template, user: UserItems) -> item_upgrade.Items:
    """Return the items of a user with account and profile, upgraded to the template's version."""
    items: item_upgrade.Items = {"account": user.account or {}, "profile": user.profile or {}}
    return item_upgrade.upgrade(template, schema_role(template, items["account"]), items)


def build_document(template: Template, user: UserItems) -> ProfileDocument:
    """Build the document of a user with account and profile, upgraded to the template's version."""
    items = upgrade_items(template, user)
    account, profile = items["account"], items["profile"]
    body = {"account": record.public_fields(account), "profile": record.public_fields(profile)}
    versioned_body = {**body, "version": account.get("version", 0)}
    return ProfileDocument(body, f'"{audit.digest(versioned_body)[:32]}"')


def read_recorded_user(registrar: Registrar, sub: str) -> UserItems:
    """Read a user who has an account and a profile.

    Raises:
        ApiError: 404 if one of them is missing, 410 if the user was erased or is marked for deletion.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    user = registrar.store.read(sub) if record.is_sub(sub) else UserItems(None, None)
    check_not_gone(user, registrar.clock())
    if not user.is_complete:
        raise ApiError(404, "user_not_found", "No account and profile are stored for this user.")
    return user


class ProfileService:
    """Reads and changes users.

    Its registrar, its client of Cognito and its pool are public: `Deletion` uses them too.

    Args:
        registrar: Registers users on first access. The service uses its tables and its template too.
        cognito: A botocore client of Cognito.
        pool_id: The user pool.
        sleep: Waits between attempts.
        claim_picture: Keeps a picture that a user uploaded. Default: a profile can't have such a picture.
    """

    def __init__(
        self,
        registrar: Registrar,
        cognito: Any,
        pool_id: str,
        sleep: Callable[[float], None] = time.sleep,
        claim_picture: ClaimPicture | None = None,
    ) -> None:
        self.registrar = registrar
        self.cognito = cognito
        self.pool_id = pool_id
        self._sleep = sleep
        self._claim_picture = claim_picture

    @property
    def template(self) -> Template:
        """Defines the fields of account and profile."""
        return self.registrar.template

    def read_items(self, caller: Caller) -> UserItems:
        """Return the caller's items, also of a user who is marked for deletion.

        The first access creates the missing items. Only routes for marked users call this method directly.

        Raises:
            ApiError: 401 if Cognito doesn't know the user, 410 if the user was erased.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        user = self.registrar.store.read(caller.sub)
        if not user.is_erased and not user.is_complete:
            self._register(caller)
            user = self.registrar.store.read(caller.sub)
        check_not_erased(user)
        if not user.is_complete:
            raise StoreBusyError("StillIncomplete")
        return user

    def read(self, caller: Caller) -> ProfileDocument:
        """Return the caller's account and profile. The first access creates the missing items.

        Raises:
            ApiError: 401 if Cognito doesn't know the user, 410 if the user was erased or is marked for
                deletion.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        return build_document(self.template, self._read_complete_user(caller))

    def check_active(self, caller: Caller) -> None:
        """Check that the caller may change the profile.

        Raises:
            ApiError: 401, 403 (the account is inactive) or 410.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        self._read_active_user(caller)

    def read_completion(self, caller: Caller) -> dict[str, Any]:
        """Return how complete the caller's profile is, with the fields of `Completion`.

        Raises:
            ApiError: 401 or 410, as in `read`.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        items = upgrade_items(self.template, self._read_complete_user(caller))
        role = schema_role(self.template, items["account"])
        return asdict(completion(self.template, role, items["account"], items["profile"]))

    def change(self, caller: Caller, patch: Any, if_match: str | None = None) -> ProfileDocument:
        """Change the caller's account and profile.

        Args:
            caller: The user to change.
            patch: A merge patch of the document that `read` returns.
            if_match: The If-Match header of the request, None without one.

        Raises:
            ApiError: 400, 401, 403 (the account is inactive), 409 (other requests kept changing the same
                user, or a newer major version of the template wrote it), 410, 412 or 413.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        return self._change(caller, lambda: self._read_active_user(caller), patch, if_match)

    def read_other(self, sub: str) -> ProfileDocument:
        """Return the account and profile of any user. Unlike `read`, it creates nothing.

        Raises:
            ApiError: 404 if the user has no record, 410 if the user was erased or is marked for deletion.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        return build_document(self.template, read_recorded_user(self.registrar, sub))

    def change_other(self, sub: str, patch: Any, if_match: str | None = None) -> ProfileDocument:
        """Change the account and profile of any user, including inactive users.

        Raises:
            ApiError: 400, 404, 409, 410, 412 or 413, as in `change` and `read_other`.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        return self._change(
            Caller(sub, sub), lambda: read_recorded_user(self.registrar, sub), patch, if_match
        )

    def _change(
        self, caller: Caller, read_user: Callable[[], UserItems], patch: Any, if_match: str | None
    ) -> ProfileDocument:
        for _ in attempts(self._sleep):
            user = read_user()
            if item_upgrade.is_newer_major(self.template, user.account or {}):
                raise newer_template_error()
            if if_match is not None and not matches_tag(if_match, build_document(self.template, user).etag):
                raise ApiError(412, "changed_meanwhile", "The profile has changed. Read it again.")
            changed_document = self._apply_patch(caller, user, patch)
            if changed_document is not None:
                return changed_document
        raise conflict_error()

    def _apply_patch(self, caller: Caller, user: UserItems, patch: Any) -> ProfileDocument | None:
        """Apply a patch to a user; return None if the user was changed since the read."""
        account = user.account or {}
        picture_key = key_in_patch(patch) if self._claim_picture else None
        plan = merge_patch.plan_update(
            self.template,
            schema_role(self.template, account),
            {"account": account, "profile": user.profile or {}},
            patch,
            picture_key,
        )
        if not plan.changes:
            return build_document(self.template, user)
        undo_claim = None
        if picture_key and self._claim_picture and f"profile.{PICTURE_FIELD}" in plan.fields:
            undo_claim = self._claim_picture(caller.sub, picture_key)
        moment = self.registrar.clock()
        changes = dict(plan.changes)
        if "profile" in changes:
            changes["profile"] = [
                *changes["profile"],
                Change((self.registrar.template.update_time_field,), record.timestamp(moment)),
            ]
        audit_row = audit.create_row(
            caller.sub,
            Action.PROFILE_UPDATED,
            source=self.registrar.source,
            account=account,
            moment=moment,
            fields=plan.fields,
        )
        try:
            changed_user = self.registrar.store.change(user, changes, audit_row)
        except InvalidRequestError:
            # The values of the patch are the only part of the request that differs from other requests.
            raise ApiError(
                400, "invalid_patch", "The change contains a value that can't be stored."
            ) from None
        # The erasure may have deleted the files before this request claimed one.
        if changed_user is None and undo_claim and self.registrar.store.read(caller.sub).is_erased:
            undo_claim()
        return None if changed_user is None else build_document(self.template, changed_user)

    def _read_active_user(self, caller: Caller) -> UserItems:
        user = self._read_complete_user(caller)
        if record.is_inactive(user.account or {}):
            raise ApiError(403, "inactive", "The account is inactive. Its profile can't be changed.")
        return user

    def _read_complete_user(self, caller: Caller) -> UserItems:
        user = self.read_items(caller)
        check_not_gone(user, self.registrar.clock())
        return user

    def _register(self, caller: Caller) -> None:
        user = cognito_user.get_user(self.cognito, self.pool_id, caller.user_name)
        # Another user may have got the name since the token was issued.
        if user is None or user.sub != caller.sub or user.status == "UNCONFIRMED":
            raise unauthorized_error()
        self.registrar.register(user)


def matches_tag(if_match: str, etag: str) -> bool:
    """Return whether an If-Match header contains a tag.

    RFC 9110 requires a strong comparison: a weak tag never matches.
    """
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag in tags


def from_environment(environment: Mapping[str, str], claim_picture: ClaimPicture) -> ProfileService:
    """Create the service from a function's environment.

    Args:
        environment: The environment.
        claim_picture: Keeps a picture that a user uploaded.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong.
    """
    return ProfileService(
        Registrar.from_environment(environment, SOURCE, aws.client("dynamodb")),
        aws.client("cognito-idp"),
        settings.required(environment, "USER_POOL_ID"),
        claim_picture=claim_picture,
    )
