"""Creates, reads and changes profiles, and computes how complete they are."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from userprofiles import telemetry
from userprofiles.library import bulk, profile_data
from userprofiles.library.errors import (
    TRANSLATED_ERRORS,
    erased_error,
    invalid_data_error,
    marked_error,
    not_found_error,
    translate_error,
)
from userprofiles.library.logs import read_testing_mode
from userprofiles.library.profile_client import ProfileClient
from userprofiles.library.result import (
    ErrorKind,
    OperationError,
    ProfileCreationResult,
    ProfileReadError,
)
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Outcome
from userprofiles.table import record
from userprofiles.table.store import UserItems

_LOGGER = logging.getLogger(__name__)
_INVALID_ID = "(invalid user ID)"


class ProfileManager:
    """Creates, reads and changes profiles.

    Methods that create or change a profile never raise for an error of AWS or for invalid data: they return a
    `ProfileCreationResult`. Methods that only read raise `ProfileReadError` if DynamoDB fails.

    Args:
        client: The result of `connect`.
        testing_mode: More log lines, detailed errors, and profiles for users who have not confirmed the
            sign-up yet. None: as the environment variable TESTING_MODE says.

    Raises:
        ValueError: TESTING_MODE is neither true nor false.
    """

    def __init__(self, client: ProfileClient, testing_mode: bool | None = None) -> None:
        self.client = client
        self.testing_mode = read_testing_mode() if testing_mode is None else testing_mode

    def create_profile_automatically(self, user_id: str) -> ProfileCreationResult:
        """Create the account and the profile of a user, with values from Cognito and the template's defaults.

        Usually the Cognito trigger has created them. Existing items are never changed, an erased user stays
        erased, and a user who has not confirmed the sign-up gets a profile in testing mode only.

        Args:
            user_id: The user's sub in Cognito.
        """
        return self._run(user_id, lambda: self._register(user_id))

    def register_at_sign_up(
        self, user_id: str, complete_user: Callable[[CognitoUser], CognitoUser]
    ) -> ProfileCreationResult:
        """Create the account and the profile of a user who is signing up.

        Args:
            user_id: The user's sub in Cognito.
            complete_user: Checks the user and adds attributes that Cognito doesn't have. It may raise an
                `OperationError`.

        Returns:
            A success if the user has a profile, or gets one at the confirmation of the sign-up.
        """
        result = self._run(user_id, lambda: self._register(user_id, complete_user, is_sign_up=True))
        if result.error_kind is ErrorKind.ALREADY_EXISTS:
            return ProfileCreationResult(True, result.message, user_id, result.profile_id)
        return result

    def _register(
        self,
        user_id: str,
        complete_user: Callable[[CognitoUser], CognitoUser] = lambda user: user,
        *,
        is_sign_up: bool = False,
    ) -> ProfileCreationResult:
        _LOGGER.info("Creating automatic profile for user: %s", _loggable_id(user_id))
        _check_user_id(user_id)
        user = self.client.find_user(user_id)
        self._debug("Cognito was read for user: %s", user_id)
        if user is None:
            raise not_found_error("The user pool doesn't have this user, or the user is disabled.")
        user = complete_user(user)
        if user.status == "UNCONFIRMED" and not self.testing_mode:
            if is_sign_up:
                _LOGGER.info("The confirmation of the sign-up creates the profile for user: %s", user_id)
                return ProfileCreationResult(
                    True, "The confirmation of the sign-up creates the profile", user_id
                )
            raise not_found_error(
                "The user has not confirmed the sign-up yet. The confirmation creates the profile. In "
                "testing mode, it is created immediately."
            )
        registration = self.client.registrar.register(user)
        self._debug("The registration has the outcome %s for user: %s", registration.outcome, user_id)
        if registration.outcome is Outcome.ERASED:
            raise erased_error()
        items = self.client.read(user_id)
        if items.account is None:
            raise marked_error()
        profile_id = profile_data.profile_id(user_id, items)
        if registration.outcome is Outcome.EXISTED:
            _LOGGER.warning("Profile already exists for user: %s", user_id)
            return ProfileCreationResult(
                success=False,
                message="Profile already exists",
                user_id=user_id,
                profile_id=profile_id,
                error_details="The user has a profile. It was not changed. To change it, use update_profile.",
                error_kind=ErrorKind.ALREADY_EXISTS,
            )
        _LOGGER.info("Profile created for user: %s", user_id)
        return ProfileCreationResult(True, "Profile created", user_id, profile_id)

    def get_profile(self, user_id: str) -> dict[str, Any] | None:
        """Return the fields of a user's profile; None if there is none to read.

        There is none for a user without a profile, an erased user, and a user who is marked for deletion.

        Raises:
            ProfileReadError: DynamoDB returned an error.
        """
        user = self.read(user_id)
        return None if user is None else profile_data.fields(user.profile)

    def read(self, user_id: str) -> UserItems | None:
        """Read the account and the profile of a user; None without a profile.

        Raises:
            ProfileReadError: DynamoDB returned an error.
        """
        if not record.is_sub(user_id):
            self._debug("No profile is read for user: %s", _INVALID_ID)
            return None
        try:
            user = self.client.read(user_id)
        except TRANSLATED_ERRORS as error:
            translated_error = translate_error(error)
            self._log_error(user_id, translated_error)
            raise ProfileReadError(translated_error.details) from None
        self._debug("The profile was read for user: %s", user_id)
        return user if user.profile is not None else None

    def update_profile(self, user_id: str, updates: Mapping[str, Any]) -> ProfileCreationResult:
        """Change fields of a user's profile or account, all or none of them.

        Args:
            user_id: The user's sub in Cognito.
            updates: The new values by field. None resets a field to its default. A name that both profile
                and account have is the profile's; the account's is `account.<name>`.
        """
        _LOGGER.info("Updating profile for user: %s", _loggable_id(user_id))
        return self._run(user_id, lambda: self._update(user_id, updates))

    def _update(self, user_id: str, updates: Mapping[str, Any]) -> ProfileCreationResult:
        _check_user_id(user_id)
        if not isinstance(updates, Mapping):
            raise invalid_data_error(
                f"updates must be a dict of fields and values, got {type(updates).__name__}."
            )
        user = self.client.read(user_id)
        if user.account is None and user.profile is None:
            # A tombstone reads as missing too. The registration below would say so, but it would also create.
            raise not_found_error(
                "The user has no profile, was erased, or is marked for deletion. Create a missing profile "
                "with create_profile_automatically."
            )
        if not user.is_complete:
            self._repair(user_id)
            user = self.client.read(user_id)
        patch = profile_data.build_patch(self.client, user.account or {}, updates)
        self._debug("%d fields are validated for user: %s", len(updates), user_id)
        self.client.change(user_id, patch)
        _LOGGER.info("Profile updated for user: %s", user_id)
        return ProfileCreationResult(True, "Profile updated", user_id, profile_data.profile_id(user_id, user))

    def _repair(self, user_id: str) -> None:
        """Create the missing item of a user who has only an account or only a profile."""
        cognito_user = self.client.find_user(user_id)
        if cognito_user is None:
            raise not_found_error(
                "The user has only one of account and profile, and the user pool doesn't have this user."
            )
        self.client.registrar.register(cognito_user)

    def get_profile_completion_status(self, user_id: str) -> tuple[bool, dict[str, Any]]:
        """Return whether a profile is complete, and the details.

        Returns:
            For example `(False, {"is_complete": False, "completion_percentage": 66, "missing_fields":
            ["education_level"]})`. Without a profile, all fields are missing, and `error_kind` is
            `user_not_found`.

        Raises:
            ProfileReadError: DynamoDB returned an error.
        """
        user = self.read(user_id)
        if user is None:
            empty = self.client.completion(UserItems(None, None))
            return False, {
                "is_complete": False,
                "completion_percentage": 0,
                "missing_fields": list(empty.missing_fields),
                "error_kind": ErrorKind.USER_NOT_FOUND,
            }
        details = profile_data.completion_details(self.client.completion(user))
        return details["is_complete"], details

    def create_profiles(
        self, user_ids: Iterable[str], *, batch_size: int = bulk.BATCH_SIZE
    ) -> list[ProfileCreationResult]:
        """Create the profiles of many users.

        Args:
            user_ids: The subs of the users.
            batch_size: How many users are processed at the same time, 1 to 100.

        Returns:
            One result for each user, in the same order. A failing user does not stop the others.

        Raises:
            ValueError: `batch_size` is not allowed.
        """
        arguments = [(user_id,) for user_id in user_ids]
        return bulk.run(self.create_profile_automatically, arguments, batch_size)

    def update_profiles(
        self, updates: Mapping[str, Mapping[str, Any]], *, batch_size: int = bulk.BATCH_SIZE
    ) -> list[ProfileCreationResult]:
        """Change the profiles of many users.

        Args:
            updates: The updates by user ID, as for `update_profile`.
            batch_size: How many users are processed at the same time, 1 to 100.

        Returns:
            One result for each user, in the same order. A failing user does not stop the others.

        Raises:
            ValueError: `batch_size` is not allowed.
        """
        return bulk.run(self.update_profile, list(updates.items()), batch_size)

    def _run(self, user_id: str, operation: Callable[[], ProfileCreationResult]) -> ProfileCreationResult:
        """Run an operation and return the result of its error."""
        try:
            with telemetry.request_id_of_run():
                return operation()
        except OperationError as error:
            return self._fail(user_id, error)
        except TRANSLATED_ERRORS as error:
            return self._fail(user_id, translate_error(error))

    def _fail(self, user_id: str, error: OperationError) -> ProfileCreationResult:
        self._log_error(user_id, error)
        details = error.details
        if self.testing_mode and error.testing_details:
            details = f"{details} ({error.testing_details})"
        return ProfileCreationResult(
            success=False, message=str(error), user_id=user_id, error_details=details, error_kind=error.kind
        )

    def _log_error(self, user_id: str, error: OperationError) -> None:
        level = logging.WARNING if error.kind is ErrorKind.USER_NOT_FOUND else logging.ERROR
        _LOGGER.log(level, "%s (%s) for user: %s", error, error.kind, _loggable_id(user_id))
        # Only errors of the database: the details of the others can name a field that the caller chose.
        if error.kind is ErrorKind.DATABASE_ERROR:
            self._debug("%s", error.details)

    def _debug(self, message: str, *values: object) -> None:
        """Log a line in testing mode only."""
        if self.testing_mode:
            _LOGGER.debug(message, *values)


def _check_user_id(user_id: str) -> None:
    if not record.is_sub(user_id):
        raise invalid_data_error(
            "user_id must be the sub of a user in Cognito: 1 to 128 letters, digits, - and _. An e-mail "
            "address is not a user ID."
        )


def _loggable_id(user_id: str) -> str:
    """Return a user ID for a log line. An invalid one may be an e-mail address."""
    return user_id if record.is_sub(user_id) else _INVALID_ID
