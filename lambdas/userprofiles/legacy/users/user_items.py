"""The items of an imported user, built by the same code as those of a sign-up. Pure functions."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles import completion
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.addresses import Addresses
from userprofiles.registration.first_values import first_values, with_completion
from userprofiles.social import legacy_records
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

CREATED_BY = "import"
DISABLED = "disabled"
FIELD_HASHES = "fieldHashes"
POOL_MODIFIED_AT = "poolModifiedAt"
UNVERIFIED_EMAIL = "unverifiedEmail"
OLD_PICTURE = "oldPicture"

_HASH_CHARACTERS = 16


def keep_url(url: str) -> str:
    """Return the URL of a picture as it is."""
    return url


@dataclass(frozen=True)
class LegacyUserItems:
    """The items of an imported user.

    Attributes:
        account: The account.
        profile: The profile.
        mirror: The mirror of the claim, with values that fit no field.
        unfit_fields: The fields whose old value does not match the template, so it is not used.
    """

    account: Item
    profile: Item
    mirror: Item
    unfit_fields: tuple[str, ...]

    def item(self, kind: ItemKind) -> Item:
        """Return the account or the profile."""
        return self.account if kind == "account" else self.profile


class LegacyUserBuilder:
    """Builds the items of imported users.

    Args:
        template: Defines the fields of account and profile.
        source: The name of the old application.
        run_id: The run.
        rewrite_url: Returns the new URL of a picture.
    """

    def __init__(
        self,
        template: Template,
        source: str,
        run_id: str,
        rewrite_url: Callable[[str], str] = keep_url,
    ) -> None:
        self.template = template
        self._source = source
        self._run_id = run_id
        self._rewrite_url = rewrite_url

    def build(
        self, user: LegacyUser, addresses: Addresses, sub: str, created_at: str, modified_at: str = ""
    ) -> LegacyUserItems:
        """Return the items.

        Args:
            user: The old user.
            addresses: The addresses of the user.
            sub: The user here.
            created_at: The time of the import, as `record.timestamp` formats it.
            modified_at: When Cognito changed the user last.
        """
        role = self.template.default_role
        picture = self._rewrite_url(user.picture)
        values = first_values(self.template, sub, _attributes(user, addresses, picture), role, created_at)
        fields: dict[ItemKind, Item] = {"account": values.account, "profile": values.profile}
        unfit_fields = list(values.unfit_fields)
        for kind in ITEM_KINDS:
            unfit_fields += self._add_old_values(kind, role, fields[kind], _old_values(user)[kind])
        account = record.account_item(
            sub, role, created_at, fields["account"], audit_head=None, created_by=CREATED_BY
        )
        profile = record.profile_item(sub, fields["profile"])
        account[record.RUN_ID] = profile[record.RUN_ID] = self._run_id
        profile = with_completion(self.template, role, account, profile)
        mirror = legacy_records.legacy_mirror_item(sub, self._source, user.old_id, run_id=self._run_id)
        mirror |= {FIELD_HASHES: field_hashes(self.template, account, profile)}
        extras = {
            POOL_MODIFIED_AT: modified_at,
            UNVERIFIED_EMAIL: addresses.unverified_email,
            OLD_PICTURE: user.picture if any(name.endswith("picture") for name in unfit_fields) else "",
        }
        mirror |= {name: value for name, value in extras.items() if value}
        return LegacyUserItems(account, profile, mirror, tuple(unfit_fields))

    def _add_old_values(
        self, kind: ItemKind, role: str, fields: Item, old_values: Mapping[str, Any]
    ) -> list[str]:
        """Set the fields that only an old user has. Return those whose value does not match the template."""
        schema_fields = self.template.schema(kind, role)["properties"]
        values = {name: value for name, value in old_values.items() if name in schema_fields}
        violations = self.template.validate(kind, role, values)
        unfit_names = {violation.path[0] for violation in violations if violation.path}
        accepted = {name: value for name, value in values.items() if name not in unfit_names}
        defaults = self.template.defaults(kind, role)
        written = [name for name, value in accepted.items() if value != defaults.get(name)]
        fields |= accepted
        fields[completion.SET_FIELDS] = completion.changed_set_fields(
            self.template, role, kind, fields, written=written
        )
        return [f"{kind}.{name}" for name in sorted(unfit_names)]


def field_hashes(template: Template, account: Mapping[str, Any], profile: Mapping[str, Any]) -> Item:
    """Return a hash of each imported value, by the name of the field with its kind.

    A later delta pass changes a field only if it still has the imported value. The partition's own key salts
    the hashes, so the same value of two users has different ones.
    """
    items: dict[ItemKind, Mapping[str, Any]] = {"account": account, "profile": profile}
    return {
        f"{kind}.{name}": value_hash(items[kind]["PK"], items[kind][name])
        for kind in ITEM_KINDS
        for name in template.schema(kind, template.default_role)["properties"]
        if name in items[kind]
    }


def value_hash(salt: str, value: Any) -> str:
    """Return the hash of a field's value."""
    return hashlib.sha256(f"{salt}|{value!r}".encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARACTERS]


def _attributes(user: LegacyUser, addresses: Addresses, picture: str) -> dict[str, str]:
    """Return the old values as attributes of Cognito, from which a template takes the first values."""
    attributes = {
        "phone_number": addresses.phone,
        "phone_number_verified": "true" if addresses.phone else "",
        "email": addresses.email,
        "email_verified": "true" if addresses.email else "",
        "given_name": user.first_name,
        "preferred_username": user.username,
        "picture": picture,
    }
    return {name: value for name, value in attributes.items() if value}


def _old_values(user: LegacyUser) -> dict[ItemKind, Item]:
    """Return the fields of an old user that Cognito has no attribute for."""
    return {
        "account": {
            "old_user_id": user.old_id,
            "migrated_from_old_system": True,
            **({"status": DISABLED} if user.is_disabled else {}),
        },
        "profile": {
            "profile_visibility": user.visibility,
            "email_notifications": user.email_notifications,
            "push_notifications": user.push_notifications,
        },
    }
