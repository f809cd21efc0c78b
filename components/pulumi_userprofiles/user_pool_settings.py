"""Checked settings of a user pool. This module creates no resources."""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.identifiers import REGION, check_arns, check_sender
from pulumi_userprofiles.message_texts import message_texts
from pulumi_userprofiles.other_triggers import other_triggers
from pulumi_userprofiles.user_pool_arguments import CustomAttribute, EmailFrom, UserPoolTier
from pulumi_userprofiles.user_pool_factors import CHOICE_FLOW, first_auth_factors
from pulumi_userprofiles.user_pool_mfa import MfaSettings
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    boolean,
    check_known_arguments,
    check_required,
    enum_member,
    integer,
    known_values,
    plain_value,
    string_list,
)

ROLE_ATTRIBUTE = "role"
"""Custom attribute in which users request a role at sign-up; outside this module it is `custom:role`."""

OLD_USER_ID_ATTRIBUTE = "old_user_id"
"""Custom attribute with the ID of an imported user in the old application; outside: `custom:old_user_id`."""

USERNAME_ATTRIBUTES = ("email", "phone_number")
AUTH_FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH")
SNS_REGIONS = {"ap-northeast-2": "ap-northeast-1"}
"""Regions whose pools must send text messages from another region."""
VERIFICATION_ATTRIBUTES = ("email_verified", "phone_number_verified")
WRITABLE_ATTRIBUTES = (
    *("email", "family_name", "given_name", "locale"),
    *("name", "phone_number", "preferred_username", "zoneinfo"),
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
    *("nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website"),
    "zoneinfo",
)


class UserPoolSettings:
    """The arguments of `UserPool` that decide which resources are created, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        self._where = where
        self.protect = boolean(where, args, "protect", True)
        self.tier = enum_member(where, args, "tier", UserPoolTier.ESSENTIALS)
        self.self_sign_up = boolean(where, args, "self_sign_up", True)
        self.username_attributes = known_values(
            where, args, "username_attributes", USERNAME_ATTRIBUTES, USERNAME_ATTRIBUTES
        )
        self.case_sensitive_usernames = boolean(where, args, "case_sensitive_usernames", False)
        self.mfa = MfaSettings(where, args, sends_text_messages=self.sends_text_messages)
        self.sns_region = self._read_sns_region(args)
        self.verify_changes = boolean(where, args, "verify_changes", True)
        self.groups = string_list(where, args, "groups", ())
        self._check_names("groups", self.groups)
        self.further_clients = string_list(where, args, "further_clients", ())
        self._check_names("further_clients", self.further_clients)
        if args.get("email_from") is not None:
            email_from = plain_value(where, "email_from", args["email_from"])
            check_known_arguments(f"{where}, email_from", email_from, EmailFrom.__annotations__)
            check_required(f"{where}, email_from", email_from, *EmailFrom.__annotations__)
            check_sender(where, email_from)
        check_arns(where, args)
        self.texts = message_texts(where, "texts", args.get("texts"))
        self.other_triggers = other_triggers(where, args)
        self._read_password(args)
        self.first_auth_factors = first_auth_factors(
            where,
            args,
            tier=self.tier,
            mfa=self.mfa.mode,
            username_attributes=self.username_attributes,
        )
        self._read_client(args)
        self._read_attributes(args)

    @property
    def sends_text_messages(self) -> bool:
        """Whether the pool needs a role that sends text messages."""
        return "phone_number" in self.username_attributes

    def _read_sns_region(self, args: Mapping[str, Any]) -> str | None:
        region: str | None = plain_value(self._where, "sns_region", args.get("sns_region"))
        if region is not None and not (isinstance(region, str) and REGION.fullmatch(region)):
            raise InvalidArgumentError(
                self._where,
                "'sns_region' is not an AWS region",
                got=region,
                allowed="an AWS region, such as eu-central-1",
                fix="Set the name of a region, or leave it out for the pool's region.",
                argument="sns_region",
            )
        return region

    def _check_names(self, argument: str, names: list[str]) -> None:
        for name in names:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
                raise InvalidArgumentError(
                    self._where,
                    f"'{argument}' contains an invalid name",
                    got=name,
                    allowed="up to 64 letters, digits, hyphens and underscores, the first a letter",
                    fix="Change the name.",
                    argument=argument,
                )

    def _read_password(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.password_length = integer(where, args, "password_minimum_length", 14, at_least=8, at_most=99)
        self.password_all_classes = boolean(where, args, "password_all_classes", True)
        self.temporary_password_days = integer(
            where, args, "temporary_password_days", 1, at_least=1, at_most=365
        )

    def _read_client(self, args: Mapping[str, Any]) -> None:
        where = self._where
        self.access_token_minutes = integer(where, args, "access_token_minutes", 15, at_least=5, at_most=1440)
        self.id_token_minutes = integer(where, args, "id_token_minutes", 15, at_least=5, at_most=1440)
        self.refresh_token_days = integer(where, args, "refresh_token_days", 30, at_least=1, at_most=3650)
        self.rotation = boolean(where, args, "refresh_token_rotation", False)
        self.rotation_grace_seconds = integer(
            where, args, "rotation_grace_seconds", 10, at_least=0, at_most=60
        )
        self._check_rotation()
        self.token_revocation = boolean(where, args, "token_revocation", True)
        self.hide_user_existence = boolean(where, args, "hide_user_existence", True)
        # Cognito rejects a client that has both rotation and the old refresh flow.
        refresh_flows = [] if self.rotation else ["ALLOW_REFRESH_TOKEN_AUTH"]
        flows = known_values(where, args, "auth_flows", AUTH_FLOWS[:1], AUTH_FLOWS)
        choice_flows = [CHOICE_FLOW] if self.first_auth_factors and CHOICE_FLOW not in flows else []
        self.auth_flows = [*flows, *choice_flows, *refresh_flows]

    def _check_rotation(self) -> None:
        """Reject rotation in a plan that lacks it (Cognito Developer Guide, "User pool feature plans")."""
        if self.rotation and self.tier is UserPoolTier.LITE:
            raise InvalidArgumentError(
                self._where,
                "'refresh_token_rotation' is not available in the feature plan LITE",
                got="refresh_token_rotation true, tier LITE",
                allowed="ESSENTIALS or PLUS with rotation",
                fix="Choose another tier, or set refresh_token_rotation to false.",
                argument="refresh_token_rotation",
            )

    def _read_attributes(self, args: Mapping[str, Any]) -> None:
        where = self._where
        readable = (*STANDARD_ATTRIBUTES, *VERIFICATION_ATTRIBUTES)
        default_read = (*WRITABLE_ATTRIBUTES, *VERIFICATION_ATTRIBUTES)
        read = known_values(where, args, "read_attributes", default_read, readable)
        write = known_values(where, args, "write_attributes", WRITABLE_ATTRIBUTES, STANDARD_ATTRIBUTES)
        self.custom_attributes = [
            self._read_custom_attribute(item)
            for item in plain_value(self._where, "custom_attributes", args.get("custom_attributes")) or []
        ]
        if boolean(self._where, args, "role_attribute", True):
            self.custom_attributes.append(
                _CustomAttribute(ROLE_ATTRIBUTE, 1, 32, mutable=False, readable=False, writable=True)
            )
        if boolean(self._where, args, "old_user_id_attribute", False):
            # Users who could write it would look like users whom an import has created.
            self.custom_attributes.append(
                _CustomAttribute(OLD_USER_ID_ATTRIBUTE, 1, 512, mutable=False, readable=False, writable=False)
            )
        self._check_custom_names()
        self.read_attributes = sorted(
            [*read, *(f"custom:{item.name}" for item in self.custom_attributes if item.readable)]
        )
        self.write_attributes = sorted(
            [*write, *(f"custom:{item.name}" for item in self.custom_attributes if item.writable)]
        )

    def _check_custom_names(self) -> None:
        names = [item.name for item in self.custom_attributes]
        if len(set(names)) < len(names):
            raise InvalidArgumentError(
                self._where,
                "'custom_attributes' contains the same name twice",
                got=", ".join(names),
                allowed="each name once; 'role_attribute' adds 'role', 'old_user_id_attribute' adds "
                "'old_user_id'",
                fix="Rename one attribute, or set role_attribute or old_user_id_attribute to false.",
            )

    def _read_custom_attribute(self, arguments: Mapping[str, Any]) -> "_CustomAttribute":
        where = f"{self._where}, custom attribute"
        check_known_arguments(where, arguments, CustomAttribute.__annotations__)
        check_required(where, arguments, "name")
        name = plain_value(where, "name", arguments["name"])
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,19}", name):
            raise InvalidArgumentError(
                where,
                "'name' is not valid",
                got=name,
                allowed="up to 20 letters, digits, hyphens and underscores, the first a letter",
                fix="Rename the attribute. Leave out 'custom:', which Cognito adds.",
            )
        return _CustomAttribute(
            name,
            integer(where, arguments, "min_length", 0, at_least=0, at_most=2048),
            integer(where, arguments, "max_length", 256, at_least=1, at_most=2048),
            mutable=boolean(where, arguments, "mutable", True),
            readable=boolean(where, arguments, "client_readable", True),
            writable=boolean(where, arguments, "client_writable", False),
        )


class _CustomAttribute:
    """A custom attribute, checked."""

    def __init__(
        self, name: str, min_length: int, max_length: int, *, mutable: bool, readable: bool, writable: bool
    ) -> None:
        self.name = name
        self.readable = readable
        self.writable = writable
        # Without explicit lengths, pulumi-aws would show a difference at every `pulumi up`.
        self.schema = {
            "name": name,
            "attribute_data_type": "String",
            "mutable": mutable,
            "developer_only_attribute": False,
            "required": False,
            "string_attribute_constraints": {"min_length": str(min_length), "max_length": str(max_length)},
        }
