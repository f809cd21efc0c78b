"""What a user pool's arguments come to, checked. No resource is made here."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.identifiers import check_arns, check_sender
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    choice,
    known_keys,
    plain,
    required,
    switch,
    texts,
    whole_number,
)

ROLE_ATTRIBUTE = "role"
"""Custom attribute in which somebody says at sign-up which role they ask for; `custom:role` everywhere but
here."""

USER_NAMES = ("email", "phone_number")
AUTH_FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH")
RECOVERY = ("verified_email", "verified_phone_number")
VERIFIED_FLAGS = ("email_verified", "phone_number_verified")
WRITABLE = (
    "email",
    "family_name",
    "given_name",
    "locale",
    "name",
    "phone_number",
    "preferred_username",
    "zoneinfo",
)
STANDARD_ATTRIBUTES = (
    *(
        "address",
        "birthdate",
        "email",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
        "name",
    ),
    *(
        "nickname",
        "phone_number",
        "picture",
        "preferred_username",
        "profile",
        "updated_at",
        "website",
        "zoneinfo",
    ),
)


class UserPoolTier(StrEnum):
    """A user pool's feature plan."""

    LITE = "LITE"
    """The old features at the lowest price."""

    ESSENTIALS = "ESSENTIALS"
    """Adds token customisation, passwordless sign-in, password history."""

    PLUS = "PLUS"
    """Adds threat protection, which is then enforced."""


class MfaMode(StrEnum):
    """Whether users sign in with a second factor."""

    OFF = "OFF"
    """Nobody can."""

    OPTIONAL = "OPTIONAL"
    """Whoever has set one up."""

    ON = "ON"
    """Everybody has to."""


class CustomAttribute(TypedDict):
    """A custom attribute of the pool. Cognito can add one later, but never change or remove it."""

    name: str
    """Name without `custom:`, 1 to 20 characters."""

    min_length: NotRequired[int]
    """Shortest value, in characters. Default: 0."""

    max_length: NotRequired[int]
    """Longest value, in characters, up to 2,048. Default: 256."""

    mutable: NotRequired[bool]
    """Whether it can change after sign-up. Default: true."""

    client_readable: NotRequired[bool]
    """Whether users can read it. Default: true."""

    client_writable: NotRequired[bool]
    """Whether users can write it. Default: false."""


class EmailFrom(TypedDict):
    """An identity in Amazon SES that the pool's mails come from."""

    identity_arn: pulumi.Input[str]
    """ARN of the verified identity, in a region that Cognito sends from."""

    address: pulumi.Input[str]
    """Sender, such as `Example <no-reply@example.com>`."""


class Settings:
    """The arguments of a user pool that decide what is made, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check them.

        Raises:
            InvalidArgumentError: One can't be used.
        """
        self._where = where
        self.protect = switch(where, args, "protect", True)
        self.tier = choice(where, args, "tier", UserPoolTier.ESSENTIALS)
        self.mfa = choice(where, args, "mfa", MfaMode.OPTIONAL)
        self.self_sign_up = switch(where, args, "self_sign_up", True)
        self.username_attributes = self._among(args, "username_attributes", USER_NAMES, USER_NAMES)
        self.case_sensitive = switch(where, args, "case_sensitive_usernames", False)
        self.recovery = self._among(args, "account_recovery", RECOVERY, RECOVERY)
        self.verify_changes = switch(where, args, "verify_changes", True)
        self.groups = texts(where, args, "groups", ())
        self._check_groups()
        if args.get("email_from") is not None:
            email_from = plain(where, "email_from", args["email_from"])
            known_keys(f"{where}, email_from", email_from, EmailFrom.__annotations__)
            required(f"{where}, email_from", email_from, *EmailFrom.__annotations__)
            check_sender(where, email_from)
        check_arns(where, args)
        self._read_password(args)
        self._read_client(args)
        self._read_attributes(args)

    @property
    def sends_text_messages(self) -> bool:
        """Whether the pool needs a role to send SMS with."""
        return "phone_number" in self.username_attributes

    def _among(
        self, args: Mapping[str, Any], key: str, default: tuple[str, ...], allowed: tuple[str, ...]
    ) -> list[str]:
        chosen = texts(self._where, args, key, default)
        unknown = [item for item in chosen if item not in allowed]
        if unknown or not chosen:
            raise InvalidArgumentError(
                self._where,
                f"'{key}' has something unknown, or nothing",
                got=unknown[0] if unknown else chosen,
                allowed=", ".join(allowed),
                fix=f"Choose from them, or leave it out for {', '.join(default)}.",
                argument=key,
            )
        return chosen

    def _check_groups(self) -> None:
        for group in self.groups:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", group):
                raise InvalidArgumentError(
                    self._where,
                    "a group's name can't be used",
                    got=group,
                    allowed="up to 64 letters, digits, hyphens and underscores, a letter first",
                    fix="Rename the group.",
                    argument="groups",
                )

    def _read_password(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.password_length = whole_number(
            where, args, "password_minimum_length", 14, at_least=8, at_most=99
        )
        self.password_classes = switch(where, args, "password_all_classes", True)
        self.temporary_password_days = whole_number(
            where, args, "temporary_password_days", 1, at_least=1, at_most=365
        )

    def _read_client(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.access_minutes = whole_number(where, args, "access_token_minutes", 15, at_least=5, at_most=1440)
        self.id_minutes = whole_number(where, args, "id_token_minutes", 15, at_least=5, at_most=1440)
        self.refresh_days = whole_number(where, args, "refresh_token_days", 30, at_least=1, at_most=3650)
        self.rotation = switch(where, args, "refresh_token_rotation", False)
        self.rotation_grace = whole_number(where, args, "rotation_grace_seconds", 10, at_least=0, at_most=60)
        self.revocation = switch(where, args, "token_revocation", True)
        self.existence_hidden = switch(where, args, "hide_user_existence", True)
        # With rotation each refresh token counts once; Cognito refuses the old flow beside it.
        refresh = [] if self.rotation else ["ALLOW_REFRESH_TOKEN_AUTH"]
        self.auth_flows = [*self._among(args, "auth_flows", AUTH_FLOWS[:1], AUTH_FLOWS), *refresh]

    def _read_attributes(self, args: Mapping[str, Any]) -> None:
        standard = (*STANDARD_ATTRIBUTES, *VERIFIED_FLAGS)
        read = self._among(args, "read_attributes", (*WRITABLE, *VERIFIED_FLAGS), standard)
        write = self._among(args, "write_attributes", WRITABLE, STANDARD_ATTRIBUTES)
        self.custom = [
            self._custom(item)
            for item in plain(self._where, "custom_attributes", args.get("custom_attributes")) or []
        ]
        if switch(self._where, args, "role_attribute", True):
            self.custom.append(_Custom(ROLE_ATTRIBUTE, 1, 32, mutable=False, readable=False, writable=True))
        names = [item.name for item in self.custom]
        if len(set(names)) < len(names):
            raise InvalidArgumentError(
                self._where,
                "two custom attributes have one name",
                got=", ".join(names),
                allowed="each once ('role' is made by 'role_attribute')",
                fix="Rename one, or set role_attribute to false.",
            )
        self.read_attributes = sorted(
            [*read, *(f"custom:{item.name}" for item in self.custom if item.readable)]
        )
        self.write_attributes = sorted(
            [*write, *(f"custom:{item.name}" for item in self.custom if item.writable)]
        )

    def _custom(self, given: Mapping[str, Any]) -> "_Custom":
        where = f"{self._where}, custom attribute"
        known_keys(where, given, CustomAttribute.__annotations__)
        required(where, given, "name")
        name = plain(where, "name", given["name"])
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,19}", name):
            raise InvalidArgumentError(
                where,
                "its name can't be used",
                got=name,
                allowed="up to 20 letters, digits, hyphens and underscores, a letter first",
                fix="Rename it; leave out 'custom:', which Cognito adds.",
            )
        return _Custom(
            name,
            whole_number(where, given, "min_length", 0, at_least=0, at_most=2048),
            whole_number(where, given, "max_length", 256, at_least=1, at_most=2048),
            mutable=switch(where, given, "mutable", True),
            readable=switch(where, given, "client_readable", True),
            writable=switch(where, given, "client_writable", False),
        )


class _Custom:
    """One custom attribute, checked."""

    def __init__(
        self, name: str, shortest: int, longest: int, *, mutable: bool, readable: bool, writable: bool
    ) -> None:
        self.name = name
        self.readable = readable
        self.writable = writable
        # Without explicit lengths each `pulumi up` would show a difference that isn't there (pulumi-aws).
        self.schema = {
            "name": name,
            "attribute_data_type": "String",
            "mutable": mutable,
            "developer_only_attribute": False,
            "required": False,
            "string_attribute_constraints": {"min_length": str(shortest), "max_length": str(longest)},
        }
