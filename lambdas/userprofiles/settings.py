"""What a function reads from its environment, checked once when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from userprofiles import template as templates
from userprofiles.template import Template


class SettingsError(ValueError):
    """An environment variable that is missing or wrong. The message names it and what is allowed."""


@dataclass(frozen=True)
class Roles:
    """Which roles a user may ask for at sign-up.

    Attributes:
        allowed: The allow-list.
        default: The role of who asks for none, or for one outside the list.
        attribute: The Cognito attribute that carries the wish; None where all users have one role.
    """

    allowed: tuple[str, ...]
    default: str
    attribute: str | None

    def asked(self, attributes: Mapping[str, str]) -> str | None:
        """Return the role that a user asks for, None if they ask for none."""
        if self.attribute is None:
            return None
        return attributes.get(self.attribute) or None

    def decide(self, attributes: Mapping[str, str]) -> str:
        """Return the role that a user gets: the one asked for if it is allowed, else the default."""
        asked = self.asked(attributes)
        return asked if asked is not None and asked in self.allowed else self.default


def required(environment: Mapping[str, str], name: str) -> str:
    """Return a variable's value.

    Raises:
        SettingsError: It isn't set.
    """
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"The environment variable {name} is not set; the function can't do without it.")
    return value


def split_list(text: str) -> tuple[str, ...]:
    """Split a text at its commas, without spaces and empty parts."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the members of a comma list; none if the variable isn't set."""
    return split_list(environment.get(name, ""))


def template_name(environment: Mapping[str, str]) -> str:
    """Return the template's name, TEMPLATE; `marketplace` if it isn't set."""
    return environment.get("TEMPLATE", "").strip() or "marketplace"


def template(environment: Mapping[str, str]) -> Template:
    """Load the template.

    Raises:
        userprofiles.template.TemplateError: It can't be used.
    """
    return templates.load(template_name(environment))


def roles(environment: Mapping[str, str], chosen: Template) -> Roles:
    """Read SIGN_UP_ROLES (default: all roles of the template) and DEFAULT_ROLE (default: the template's).

    Raises:
        SettingsError: A role isn't in the template.
    """
    allowed = names(environment, "SIGN_UP_ROLES") or chosen.roles
    default = environment.get("DEFAULT_ROLE", "").strip() or chosen.default_role
    for variable, role in [*(("SIGN_UP_ROLES", role) for role in allowed), ("DEFAULT_ROLE", default)]:
        if role not in chosen.roles:
            raise SettingsError(
                f"{variable} names the role {role!r}, which template {chosen.name!r} doesn't have; "
                f"it has {', '.join(chosen.roles)}.",
            )
    return Roles(allowed, default, chosen.role_attribute)
