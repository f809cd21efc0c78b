"""Connects profiles with the sign-up and the sign-in of an application."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from userprofiles.library import profile_data
from userprofiles.library.errors import invalid_data_error
from userprofiles.library.profile_client import ProfileClient
from userprofiles.library.profile_manager import ProfileManager
from userprofiles.library.result import ProfileCreationResult
from userprofiles.registration.cognito_user import CognitoUser

_CONTACT_NAMES = ("email", "phone_number")
_NAME = "full_name"


class ProfileIntegration:
    """Handles profiles at the sign-up and the sign-in of users.

    Args:
        client: The result of `connect`.
        testing_mode: As for `ProfileManager`.

    Attributes:
        profile_manager: The manager that this integration uses.
    """

    def __init__(self, client: ProfileClient, testing_mode: bool | None = None) -> None:
        self.profile_manager = ProfileManager(client, testing_mode)

    def handle_user_registration(self, user_id: str, user_data: Mapping[str, Any]) -> ProfileCreationResult:
        """Ensure that a user who signed up gets a profile.

        Cognito is the source of the user's attributes. `user_data` is what the application knows:

        * `email` and `phone_number` must be those of Cognito, so that two users can't be mixed up.
        * `full_name` is the name of the user if Cognito has none.

        Args:
            user_id: The user's sub in Cognito.
            user_data: `email`, `phone_number` and `full_name`, all optional.

        Returns:
            A success if the user has a profile now, also if the trigger has created it before. A user who
            has not confirmed the sign-up yet gets the profile at the confirmation (`profile_id` is None), in
            testing mode immediately.
        """
        return self.profile_manager.register_at_sign_up(user_id, lambda user: _complete_user(user, user_data))

    def verify_user_profile(self, user_id: str) -> tuple[bool, dict[str, Any]]:
        """Return whether a user has a profile, and its completion details.

        Raises:
            userprofiles.library.ProfileReadError: DynamoDB returned an error.
        """
        _, details = self.profile_manager.get_profile_completion_status(user_id)
        return "error_kind" not in details, details

    def get_user_profile_data(self, user_id: str) -> dict[str, Any] | None:
        """Return the fields of a user's account and profile in one dict, with the completion.

        Returns:
            The fields, `user_id`, `email` (None if the account has none), `profile_complete`,
            `completion_percentage` and `missing_fields`; None if the user has no profile. A name that both
            have is the profile's; the account's is `account.<name>`.

        Raises:
            userprofiles.library.ProfileReadError: DynamoDB returned an error.
        """
        user = self.profile_manager.read(user_id)
        if user is None:
            return None
        completion = self.profile_manager.client.completion(user)
        return {
            "email": None,
            **profile_data.flat_fields(user),
            "user_id": user_id,
            "profile_complete": completion.is_complete,
            "completion_percentage": completion.completion_percentage,
            "missing_fields": list(completion.missing_fields),
        }

    def update_user_profile(self, user_id: str, updates: Mapping[str, Any]) -> ProfileCreationResult:
        """Change fields of a user's profile or account, as `ProfileManager.update_profile` does."""
        return self.profile_manager.update_profile(user_id, updates)


def _complete_user(user: CognitoUser, user_data: Mapping[str, Any]) -> CognitoUser:
    """Check `user_data` against Cognito, and add the name that Cognito doesn't have."""
    allowed_names = (*_CONTACT_NAMES, _NAME)
    allowed = ", ".join(allowed_names)
    if not isinstance(user_data, Mapping):
        raise invalid_data_error(
            f"user_data must be a dict, got {type(user_data).__name__}. Allowed: {allowed}."
        )
    for name, value in user_data.items():
        if name not in allowed_names:
            raise invalid_data_error(
                f"user_data has the unknown name {str(name)[:64]!r}. Allowed: {allowed}. Set other fields "
                "with update_user_profile."
            )
        if value is not None and not isinstance(value, str):
            raise invalid_data_error(f"user_data.{name} must be a text, got {type(value).__name__}.")
    for name in _CONTACT_NAMES:
        expected, value = user.attributes.get(name), user_data.get(name)
        if expected and value and expected.strip().lower() != value.strip().lower():
            raise invalid_data_error(
                f"user_data.{name} is not the {name} that Cognito has for this user. Check the user ID, or "
                "leave it out."
            )
    full_name = user_data.get(_NAME)
    if not full_name or any(user.attributes.get(name) for name in ("name", "given_name", "family_name")):
        return user
    return dataclasses.replace(user, attributes={**user.attributes, "name": full_name})
