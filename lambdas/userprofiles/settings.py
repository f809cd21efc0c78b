"""Settings of a function: read from its environment and checked once, when the function starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from userprofiles import template as templates
from userprofiles.template import Template

DEFAULT_GRACE_DAYS = 30
DEFAULT_STORAGE_GB = 50
MAX_STORAGE_GB = 10_000
MAX_GRACE_DAYS = 365
MAX_PERCENTAGE = 100
_COUNTRY = re.compile(r"[A-Z]{2}")


class SettingsError(ValueError):
    """An environment variable is missing or wrong. The message names it and the allowed values."""


@dataclass(frozen=True)
class Roles:
    """The roles that a user can request at sign-up.

    Attributes:
        allowed: The allow-list.
        default: The role of users who request none, or one outside the list.
        attribute: The Cognito attribute with the requested role; None if all users have the same role.
    """

    allowed: tuple[str, ...]
    default: str
    attribute: str | None

    def find_requested_role(self, attributes: Mapping[str, str]) -> str | None:
        """Return the role that a user requests, None if they request none."""
        if self.attribute is None:
            return None
        return attributes.get(self.attribute) or None

    def decide_role(self, attributes: Mapping[str, str]) -> str:
        """Return the role that a user gets: the requested role if it is allowed, else the default."""
        requested_role = self.find_requested_role(attributes)
        if requested_role is not None and requested_role in self.allowed:
            return requested_role
        return self.default


def required(environment: Mapping[str, str], name: str) -> str:
    """Return the value of a required variable.

    Raises:
        SettingsError: The variable isn't set.
    """
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"The environment variable {name} is not set. The function requires it.")
    return value


def split_list(text: str) -> tuple[str, ...]:
    """Split a text at its commas, without spaces and empty parts."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list; empty if the variable isn't set."""
    return split_list(environment.get(name, ""))


def grace_period(environment: Mapping[str, str]) -> timedelta:
    """Return DELETION_GRACE_DAYS, the days between a deletion request and the erasure; default: 30.

    Raises:
        SettingsError: It isn't a whole number from 0 to 365.
    """
    text = environment.get("DELETION_GRACE_DAYS", "").strip() or str(DEFAULT_GRACE_DAYS)
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_GRACE_DAYS):
        raise SettingsError(
            f"DELETION_GRACE_DAYS must be a whole number from 0 to {MAX_GRACE_DAYS}, got {text!r}."
        )
    return timedelta(days=int(text))


def whole_number(environment: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number; the default if the variable isn't set.

    Raises:
        SettingsError: It isn't a whole number from `least` to `most`.
    """
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingsError(f"{name} must be a whole number from {least:,} to {most:,}, got {text!r}.")
    return int(text)


def countries(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the ISO 3166-1 codes in a comma-separated list; empty if the variable isn't set.

    Raises:
        SettingsError: One of them isn't a code of two capital letters.
    """
    codes = names(environment, name)
    for code in codes:
        if not _COUNTRY.fullmatch(code):
            raise SettingsError(
                f"{name} must be ISO codes of two capital letters, such as US,GB, got {code!r}."
            )
    return codes


def switch(environment: Mapping[str, str], name: str) -> bool:
    """Return whether a required variable is `true`.

    Raises:
        SettingsError: It is neither `true` nor `false`.
    """
    text = required(environment, name)
    if text not in {"true", "false"}:
        raise SettingsError(f"{name} must be true or false, got {text!r}.")
    return text == "true"


def percentage(environment: Mapping[str, str], name: str) -> int:
    """Return a percentage; 0 if the variable isn't set.

    Raises:
        SettingsError: It isn't a whole number from 0 to 100.
    """
    text = environment.get(name, "").strip() or "0"
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PERCENTAGE):
        raise SettingsError(f"{name} must be a whole number from 0 to {MAX_PERCENTAGE}, got {text!r}.")
    return int(text)


def template_name(environment: Mapping[str, str]) -> str:
    """Return the template's name, TEMPLATE; `marketplace` if it isn't set."""
    return environment.get("TEMPLATE", "").strip() or "marketplace"


def template(environment: Mapping[str, str]) -> Template:
    """Load the template that TEMPLATE names. New users of the roles in APPROVAL_ROLES are pending.

    Raises:
        SettingsError: A role in APPROVAL_ROLES doesn't exist or has no approval.
        userprofiles.template.TemplateError: The template doesn't exist or is invalid.
    """
    loaded_template = templates.load(template_name(environment))
    approval_roles = names(environment, "APPROVAL_ROLES")
    allowed = roles_with_approval(loaded_template)
    for role in approval_roles:
        if role not in allowed:
            raise SettingsError(
                f"APPROVAL_ROLES contains {role!r}, which is not a role with approval in the template "
                f"{loaded_template.name!r}. Allowed: {', '.join(allowed) or 'none'}.",
            )
    return loaded_template.requiring_approval(approval_roles)


def roles_with_approval(role_template: Template) -> tuple[str, ...]:
    """Return the roles whose users an administrator can approve."""
    return tuple(role for role in role_template.roles if role_template.approval_field(role))


def roles(environment: Mapping[str, str], role_template: Template) -> Roles:
    """Read SIGN_UP_ROLES (default: all roles of the template) and DEFAULT_ROLE (default: the template's).

    Raises:
        SettingsError: The template doesn't have one of the roles.
    """
    allowed = names(environment, "SIGN_UP_ROLES") or role_template.roles
    default = environment.get("DEFAULT_ROLE", "").strip() or role_template.default_role
    for variable, role in [*(("SIGN_UP_ROLES", role) for role in allowed), ("DEFAULT_ROLE", default)]:
        if role not in role_template.roles:
            raise SettingsError(
                f"{variable} contains the role {role!r}, which the template {role_template.name!r} doesn't "
                f"have. Allowed: {', '.join(role_template.roles)}.",
            )
    return Roles(allowed, default, role_template.role_attribute)
