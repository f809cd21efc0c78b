"""Deletion on request: a user marks or restores their own account, and an administrator starts an erasure.

A request only marks the account, in one transaction with an audit row. The erasure function erases it later.
"""

import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from botocore.exceptions import ClientError

from userprofiles import aws
from userprofiles.api.access_token import Caller
from userprofiles.api.administrator import Administration
from userprofiles.api.attempts import attempts
from userprofiles.api.errors import ApiError, conflict_error
from userprofiles.api.gone import check_not_erased, deletion_error
from userprofiles.api.profile_service import ProfileDocument, ProfileService, build_document
from userprofiles.registration import cognito_user
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, deletion, record
from userprofiles.table.audit import Action
from userprofiles.table.deletion import DeletionRequest
from userprofiles.table.store import UserItems
from userprofiles.table.update_expression import Change


class ErasureQueue:
    """The queue of the erasure function.

    Args:
        url: URL of the queue. Empty: the stack has none, so that nothing would ever erase a user.
        client: A botocore client of SQS. Default: created when needed.
    """

    def __init__(self, url: str, client: Any = None) -> None:
        self._url = url
        self._given_client = client

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Create it from ERASURE_QUEUE_URL of a function's environment."""
        return cls(environment.get("ERASURE_QUEUE_URL", "").strip())

    @functools.cached_property
    def _client(self) -> Any:
        # Created when needed: few requests erase a user.
        return self._given_client or aws.client("sqs")

    def check_exists(self) -> None:
        """Check that the stack has an erasure queue.

        Raises:
            ApiError: 501.
        """
        if not self._url:
            raise ApiError(
                501, "not_configured", "This application can't delete users: it has no erasure queue."
            )

    def send(self, sub: str) -> None:
        """Ask the erasure function to erase a user.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: The call failed.
        """
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps({"sub": sub}))


@dataclass(frozen=True)
class Deletion:
    """Marks and restores the callers of the API.

    Attributes:
        profiles: Reads users. The first access registers them.
        grace: Time between a request and the erasure.
        sleep: Waits between attempts.
    """

    profiles: ProfileService
    grace: timedelta
    sleep: Callable[[float], None] = time.sleep

    @property
    def _registrar(self) -> Registrar:
        return self.profiles.registrar

    def mark(self, caller: Caller) -> DeletionRequest:
        """Mark the caller for deletion, and sign the caller out everywhere.

        The user stays enabled in Cognito, because only a signed-in user can restore the account. A user who
        is marked already is signed out again, because the sign-out of the first request may have failed.

        Raises:
            ApiError: 401, 409 if other requests kept changing the same user, 410 if the user was marked or
                erased before.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
                The user may be marked, but not signed out.
        """
        for _ in attempts(self.sleep):
            user = self.profiles.read_items(caller)
            moment = self._registrar.clock()
            former_request = deletion.find_request(user.account)
            if former_request is not None:
                self._sign_out(caller)
                raise deletion_error(former_request, moment)
            request = deletion.create_request(moment, self.grace, "user")
            if _mark(self._registrar, caller.sub, user, request):
                self._sign_out(caller)
                return request
        raise conflict_error()

    def restore(self, caller: Caller) -> ProfileDocument:
        """Remove the caller's deletion request, if there is one.

        Returns:
            The caller's account and profile.

        Raises:
            ApiError: 401, 409 if other requests kept changing the same user, 410 if the grace period has
                ended or the user was erased.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed.
        """
        for _ in attempts(self.sleep):
            user = self.profiles.read_items(caller)
            request = deletion.find_request(user.account)
            if request is None:
                return build_document(self._registrar.template, user)
            moment = self._registrar.clock()
            if request.is_due(moment):
                raise deletion_error(request, moment)
            changes = deletion.restore_changes(user.account or {})
            changed_user = _change(self._registrar, caller.sub, user, changes, Action.RESTORED)
            if changed_user is not None:
                return build_document(self._registrar.template, changed_user)
        raise conflict_error()

    def _sign_out(self, caller: Caller) -> None:
        """Revoke the caller's refresh tokens, and the use of the access tokens in Cognito's own operations.

        Other services accept an access token until it expires (Amazon Cognito, AdminUserGlobalSignOut).
        """
        # Another user may have got the name since the token was issued. A disabled user is signed out.
        cognito, pool_id = self.profiles.cognito, self.profiles.pool_id
        user = cognito_user.get_user(cognito, pool_id, caller.user_name)
        if user is None or user.sub != caller.sub:
            return
        try:
            cognito.admin_user_global_sign_out(UserPoolId=pool_id, Username=user.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UserNotFoundException":
                raise


def erase_user(administration: Administration, queue: ErasureQueue, sub: str) -> None:
    """Mark a user as due for erasure, and ask the erasure function to erase the user.

    The request can be sent again until the user is erased.

    Args:
        administration: The administrator's.
        queue: The queue of the erasure function.
        sub: The user.

    Raises:
        ApiError: 404, 409 if other requests kept changing the same user, 410 if the user was erased before,
            501 without a queue.
        userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError: A call to AWS failed. If
            the user was marked, the next sweep of the erasure function erases the user.
    """
    queue.check_exists()
    registrar = administration.registrar
    for _ in attempts(administration.sleep):
        user = registrar.store.read(sub) if record.is_sub(sub) else UserItems(None, None)
        check_not_erased(user)
        if user.account is None:
            raise ApiError(404, "user_not_found", "No account is stored for this user.")
        moment = registrar.clock()
        former_request = deletion.find_request(user.account)
        is_due = former_request is not None and former_request.is_due(moment)
        request = deletion.create_request(moment, timedelta(0), registrar.source)
        if is_due or _mark(registrar, sub, user, request):
            queue.send(sub)
            return
    raise conflict_error()


def _mark(registrar: Registrar, sub: str, user: UserItems, request: DeletionRequest) -> bool:
    """Mark a user; return False if the user was changed since the read."""
    changes = deletion.mark_changes(sub, user.account or {}, request)
    return _change(registrar, sub, user, changes, Action.DELETION_REQUESTED) is not None


def _change(
    registrar: Registrar, sub: str, user: UserItems, changes: Sequence[Change], action: Action
) -> UserItems | None:
    """Change an account; return None if the user was changed since the read."""
    audit_row = audit.create_row(
        sub, action, source=registrar.source, account=user.account, moment=registrar.clock()
    )
    return registrar.store.change(user, {"account": changes}, audit_row)
