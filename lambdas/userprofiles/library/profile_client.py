"""The connection of the library to the tables and the user pool of a stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles import aws, settings
from userprofiles import template as templates
from userprofiles.api.profile_service import ProfileService, schema_role
from userprofiles.completion import Completion, completion
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.registration.registrar import Registrar
from userprofiles.table import deletion, item_upgrade
from userprofiles.table.store import Store, UserItems
from userprofiles.template import Template

SOURCE = "library"


@dataclass(frozen=True)
class ProfileClient:
    """The tables and the user pool of a stack. Create one with `connect`. Threads may share it.

    Attributes:
        registrar: Registers users, with the source `library` in audit rows.
        cognito: A botocore client of Cognito.
        user_pool_id: The user pool.
    """

    registrar: Registrar
    cognito: Any
    user_pool_id: str

    @property
    def template(self) -> Template:
        """The template of the profiles."""
        return self.registrar.template

    def read(self, user_id: str) -> UserItems:
        """Read the account and the profile of a user, upgraded to the version of the template.

        Returns:
            The items; both are None for an erased user, and for a user who is marked for deletion.

        Raises:
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        user = self.registrar.store.read(user_id)
        if user.is_erased or deletion.find_request(user.account) is not None:
            return UserItems(None, None)
        if not user.is_complete:
            return user
        account, profile = user.account or {}, user.profile or {}
        items = item_upgrade.upgrade(
            self.template, schema_role(self.template, account), {"account": account, "profile": profile}
        )
        return UserItems(items["account"], items["profile"])

    def completion(self, user: UserItems) -> Completion:
        """Compute the completion of a user; that of an empty profile if there is none."""
        account = user.account or {}
        return completion(self.template, schema_role(self.template, account), account, user.profile or {})

    def change(self, user_id: str, patch: Mapping[str, Any]) -> None:
        """Change the account and the profile of a user, with the code of the profile API for administrators.

        Args:
            user_id: A user with account and profile.
            patch: `{"account": {...}, "profile": {...}}`.

        Raises:
            userprofiles.api.errors.ApiError: The change is not accepted.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        service = ProfileService(self.registrar, self.cognito, self.user_pool_id)
        service.change_other(user_id, patch)

    def find_user(self, user_id: str) -> CognitoUser | None:
        """Get a user from Cognito by the user ID (the sub).

        The sub is the user name of every local user. The name of a federated user is found by its sub:
        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html

        Returns:
            None if the pool doesn't have the user, or the user is disabled.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: A call failed.
            userprofiles.registration.cognito_user.UnreadableUserError: A response has no sub.
        """
        user = cognito_user.get_user(self.cognito, self.user_pool_id, user_id)
        if user is None or user.sub != user_id:
            response = self.cognito.list_users(
                UserPoolId=self.user_pool_id, Filter=f'sub = "{user_id}"', Limit=1
            )
            names = [entry["Username"] for entry in response.get("Users", ()) if entry.get("Enabled", True)]
            user = cognito_user.get_user(self.cognito, self.user_pool_id, names[0]) if names else None
        return user if user is not None and user.sub == user_id else None


COGNITO_ERRORS = (ClientError, BotoCoreError, UnreadableUserError)
"""Errors of `ProfileClient.find_user`."""


def connect(
    *,
    users_table: str,
    audit_table: str,
    user_pool_id: str,
    template: str | Path | Mapping[str, Any] = "marketplace",
    sign_up_roles: Sequence[str] = (),
    default_role: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
) -> ProfileClient:
    """Connect to the tables and the user pool of a stack. This makes no call to AWS.

    Args:
        users_table: Name of the users table (stack output `usersTableName`).
        audit_table: Name of the audit table (`auditTableName`).
        user_pool_id: ID of the user pool (`userPoolId`).
        template: The stack's template: a preset's name, the path of a `.json` file, or the document.
        sign_up_roles: The stack's `signUpRoles`. Default: all roles of the template.
        default_role: The stack's default role. Default: the template's.
        region: The region of the stack. Default: as in the AWS CLI.
        endpoint_url: The endpoint of a local AWS. Default: AWS.

    Raises:
        userprofiles.template.TemplateError: The template doesn't exist or is invalid.
        userprofiles.settings.SettingsError: A name is empty, or the template doesn't have a role.
        botocore.exceptions.BotoCoreError, ValueError: The region or the endpoint is missing or wrong.
    """
    for name, value in {
        "users_table": users_table,
        "audit_table": audit_table,
        "user_pool_id": user_pool_id,
    }.items():
        if not isinstance(value, str) or not value.strip():
            raise settings.SettingsError(
                f"{name} must be a text that is not empty, got {value!r}. Use the output of the stack."
            )
    if isinstance(sign_up_roles, str):
        raise settings.SettingsError(
            f"sign_up_roles must be a list of roles, got the text {sign_up_roles!r}."
        )
    profile_template = templates.load(template)
    environment = {"SIGN_UP_ROLES": ",".join(sign_up_roles), "DEFAULT_ROLE": default_role or ""}
    dynamodb, cognito = (
        aws.client(service, region=region, endpoint_url=endpoint_url)
        for service in ("dynamodb", "cognito-idp")
    )
    registrar = Registrar(
        store=Store(dynamodb, users_table, audit_table),
        template=profile_template,
        roles=settings.roles(environment, profile_template),
        source=SOURCE,
    )
    return ProfileClient(registrar, cognito, user_pool_id)
