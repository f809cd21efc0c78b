"""Users for tests: each one signs up, is confirmed and signs in, as a person does."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing.srp import compute_secret_hash, sign_in_by_srp
from pulumi_localaws.testing.user_pools import PoolSettings, UserPools

_LOCAL_SIGN_UP_CODE = "123456"  # docs/cognito-behaviour.md, line 26
_PASSWORD_START = "Correct-horse-7-battery"  # noqa: S105 - a password for tests

_EXAMPLES = {
    "address": "1 Main Street",
    "birthdate": "2000-01-31",
    "gender": "other",
    "locale": "en-US",
    "picture": "https://example.com/picture.png",
    "profile": "https://example.com/profile",
    "updated_at": "1700000000",
    "website": "https://example.com",
    "zoneinfo": "Europe/Berlin",
}
"""Values of the standard attributes that can't have any text."""


class UserState(StrEnum):
    """The states of a user."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"
    RESET_REQUIRED = "reset_required"
    FORCE_CHANGE_PASSWORD = "force_change_password"  # noqa: S105 - the name of a state


@dataclass
class User:
    """A user of a user pool.

    Attributes:
        username: The name that the user signs in with.
        password: The password; a temporary one in the state ``force_change_password``.
        sub: The user's ID.
        attributes: The attributes of the sign-up.
        state: The state in which the user was created.
        groups: The groups that the user was added to.
        user_pool_id: The ID of the user pool.
        client_id: The ID of the app client.
        tokens: The tokens of the last sign-in, as Cognito returned them; empty before the first.
    """

    username: str
    password: str = field(repr=False)
    sub: str
    attributes: dict[str, str]
    state: UserState
    groups: tuple[str, ...]
    user_pool_id: str
    client_id: str
    tokens: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def access_token(self) -> str:
        """The access token of the last sign-in."""
        return self._token("AccessToken")

    @property
    def id_token(self) -> str:
        """The ID token of the last sign-in."""
        return self._token("IdToken")

    @property
    def refresh_token(self) -> str:
        """The refresh token of the last sign-in."""
        return self._token("RefreshToken")

    @property
    def headers(self) -> dict[str, str]:
        """The header ``Authorization`` with the access token, for requests to an API."""
        return {"Authorization": f"Bearer {self.access_token}"}

    def _token(self, name: str) -> str:
        if name not in self.tokens:
            raise LocalAwsError(
                f"The user {self.username} ({self.state}) has no {name}: only a confirmed user who has signed"
                " in has tokens. Create the user without sign_in=False and in the state confirmed."
            )
        return str(self.tokens[name])


class UserFactory:
    """Creates users.

    Args:
        cognito: The boto3 client.
        user_pools: Finds pool and client.
        has_constant_codes: Whether each confirmation code is that of the embedded local AWS.
    """

    def __init__(self, cognito: Any, user_pools: UserPools, *, has_constant_codes: bool) -> None:
        self._cognito = cognito
        self._user_pools = user_pools
        self._has_constant_codes = has_constant_codes

    def create(
        self,
        username: str | None = None,
        *,
        attributes: Mapping[str, str | None] | None = None,
        password: str | None = None,
        state: UserState | str = UserState.CONFIRMED,
        groups: Sequence[str] = (),
        sign_in: bool = True,
        user_pool_id: str | None = None,
        client_id: str | None = None,
        client_metadata: Mapping[str, str] | None = None,
    ) -> User:
        """Create a user, and sign the user in if the state is ``confirmed``.

        Args:
            username: The name to sign up with. Default: a new address or name, as the pool requires.
            attributes: Attributes that replace or extend the default ones; None omits an attribute.
            password: The password. Default: one that fulfils every password policy.
            state: The state of the user.
            groups: Existing groups to add the user to, before the sign-in.
            sign_in: Whether a confirmed user signs in by SRP.
            user_pool_id: The pool. Default: the only pool of the deployed stacks.
            client_id: The app client. Default: the only client of the pool that allows SRP.
            client_metadata: The metadata for the triggers of sign-up and confirmation.

        Raises:
            LocalAwsError: The pool or the client is not unique, the sign-in needs a further challenge, or
                users of the pool can't be in this state.
            ValueError: The state is unknown.
        """
        user_state = _parse_state(state)
        settings = self._user_pools.read_settings(user_pool_id, client_id)
        if user_state is UserState.UNCONFIRMED and settings.only_administrators_create_users:
            raise LocalAwsError(
                f"Only administrators create users in the pool {settings.pool_id}, so no user can be"
                " unconfirmed. Choose another state; seed has the argument states."
            )
        all_attributes = _build_attributes(settings, username, attributes or {})
        user = User(
            username=username or _choose_name(settings, all_attributes),
            password=password or _choose_password(settings),
            sub="",
            attributes=all_attributes,
            state=user_state,
            groups=tuple(groups),
            user_pool_id=settings.pool_id,
            client_id=settings.client_id,
        )
        metadata = {"ClientMetadata": dict(client_metadata)} if client_metadata else {}
        if user_state is UserState.FORCE_CHANGE_PASSWORD or settings.only_administrators_create_users:
            self._create_by_administrator(user, metadata)
        else:
            self._sign_up(user, settings, metadata)
        self._set_state(user)
        for group in groups:
            self._cognito.admin_add_user_to_group(**_address(user), GroupName=group)
        if sign_in and user_state is UserState.CONFIRMED:
            self.sign_in(user)
        return user

    def sign_in(self, user: User) -> User:
        """Sign a user in by SRP, and store the tokens in the user.

        Raises:
            LocalAwsError: The sign-in needs a further challenge, such as a second factor.
        """
        settings = self._user_pools.read_settings(user.user_pool_id, user.client_id)
        response = sign_in_by_srp(
            self._cognito,
            pool_id=user.user_pool_id,
            client_id=user.client_id,
            username=user.username,
            password=user.password,
            client_secret=settings.client_secret,
        )
        if "AuthenticationResult" not in response:
            raise LocalAwsError(
                f"The sign-in of {user.username} needs the challenge {response.get('ChallengeName')}."
                " Create the user with sign_in=False, and answer the challenge in your test."
            )
        user.tokens = dict(response["AuthenticationResult"])
        return user

    def _sign_up(self, user: User, settings: PoolSettings, metadata: dict[str, Any]) -> None:
        secret_hash = {}
        if settings.client_secret:
            value = compute_secret_hash(user.username, user.client_id, settings.client_secret)
            secret_hash = {"SecretHash": value}
        response = self._cognito.sign_up(
            ClientId=user.client_id,
            Username=user.username,
            Password=user.password,
            UserAttributes=_as_list(user.attributes),
            **secret_hash,
            **metadata,
        )
        user.sub = response["UserSub"]
        if response["UserConfirmed"] or user.state is UserState.UNCONFIRMED:
            return
        if self._has_constant_codes and settings.verified_attributes:
            self._cognito.confirm_sign_up(
                ClientId=user.client_id,
                Username=user.username,
                ConfirmationCode=_LOCAL_SIGN_UP_CODE,
                **secret_hash,
                **metadata,
            )
            return
        self._cognito.admin_confirm_sign_up(**_address(user), **metadata)
        verified = {
            f"{name}_verified": "true" for name in settings.verified_attributes if name in user.attributes
        }
        if verified:
            self._cognito.admin_update_user_attributes(**_address(user), UserAttributes=_as_list(verified))

    def _create_by_administrator(self, user: User, metadata: dict[str, Any]) -> None:
        response = self._cognito.admin_create_user(
            **_address(user),
            TemporaryPassword=user.password,
            MessageAction="SUPPRESS",
            UserAttributes=_as_list(user.attributes | _verify_all(user.attributes)),
            **metadata,
        )
        attributes = {entry["Name"]: entry["Value"] for entry in response["User"]["Attributes"]}
        user.sub = attributes["sub"]
        if user.state is not UserState.FORCE_CHANGE_PASSWORD:
            self._cognito.admin_set_user_password(**_address(user), Password=user.password, Permanent=True)

    def _set_state(self, user: User) -> None:
        if user.state is UserState.DISABLED:
            self._cognito.admin_disable_user(**_address(user))
        elif user.state is UserState.RESET_REQUIRED:
            # Without a verified address for the code, Cognito rejects the reset.
            self._cognito.admin_update_user_attributes(
                **_address(user), UserAttributes=_as_list(_verify_all(user.attributes))
            )
            self._cognito.admin_reset_user_password(**_address(user))


def create_phone_number() -> str:
    """Return a random number of the USA in E.164 format."""
    return f"+1206{220 + secrets.randbelow(680)}{secrets.randbelow(10_000):04}"


def _parse_state(state: UserState | str) -> UserState:
    try:
        return UserState(state)
    except ValueError:
        raise ValueError(f"state {state!r} is unknown; allowed: {', '.join(UserState)}.") from None


def _build_attributes(
    settings: PoolSettings, username: str | None, changes: Mapping[str, str | None]
) -> dict[str, str]:
    attributes: dict[str, str | None] = {"email": f"{uuid.uuid4().hex}@example.com"}
    if "phone_number" in (*settings.required_attributes, *settings.name_attributes[:1]):
        attributes["phone_number"] = create_phone_number()
    for name in settings.required_attributes:
        attributes.setdefault(name, _EXAMPLES.get(name, "Test"))
    if username is not None and settings.name_attributes:
        attributes["phone_number" if username.startswith("+") else "email"] = username
    return {name: value for name, value in {**attributes, **changes}.items() if value is not None}


def _choose_name(settings: PoolSettings, attributes: Mapping[str, str]) -> str:
    for name in settings.name_attributes:
        if name in attributes:
            return attributes[name]
    return f"user-{uuid.uuid4().hex[:12]}"


def _choose_password(settings: PoolSettings) -> str:
    return _PASSWORD_START.ljust(settings.password_length, "x")


def _verify_all(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that mark the addresses as verified."""
    return {f"{name}_verified": "true" for name in ("email", "phone_number") if name in attributes}


def _address(user: User) -> dict[str, str]:
    return {"UserPoolId": user.user_pool_id, "Username": user.username}


def _as_list(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]
