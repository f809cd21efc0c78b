"""Registration: creates a user's account and profile. No other code creates accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from userprofiles import settings
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.first_values import first_values, with_completion
from userprofiles.settings import Roles
from userprofiles.table import audit, record
from userprofiles.table.audit import Action, AuditRow
from userprofiles.table.record import Item
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreBusyError
from userprofiles.template import Template

_ATTEMPTS = 3

# Source of audit rows to `createdBy`. Triggers and outbox are sign-ups.
_CREATED_BY = {
    "api": "first_access",
    "reconciler": "reconciler",
    "admin": "admin",
    "operator": "admin",
    "library": "admin",
}


class Outcome(StrEnum):
    """What a registration did."""

    CREATED = "created"
    EXISTED = "existed"
    REPAIRED = "repaired"
    ERASED = "erased"


@dataclass(frozen=True)
class Registration:
    """The result of a registration.

    Attributes:
        outcome: What it did.
        unfit_fields: Fields whose value in Cognito doesn't match the template's schema, so it was not used.
    """

    outcome: Outcome
    unfit_fields: tuple[str, ...]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Registrar:
    """Registers users. The trigger, the outbox worker and the API each have a registrar.

    Attributes:
        store: The tables.
        template: Defines the fields of account and profile.
        roles: The allow-list. A user who requests another role gets the default role, because PreSignUp does
            not run for every user.
        source: Value of `source` in audit rows: the trigger source, `api` or `outbox`.
        clock: Returns the current time.
    """

    store: Store
    template: Template
    roles: Roles
    source: str
    clock: Callable[[], datetime] = _now

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], source: str, dynamodb: Any) -> Self:
        """Create a function's registrar.

        Args:
            environment: USERS_TABLE, AUDIT_TABLE, TEMPLATE, SIGN_UP_ROLES and DEFAULT_ROLE.
            source: The trigger source, `api` or `outbox`.
            dynamodb: A botocore client of DynamoDB, with the time limits of the function.

        Raises:
            userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is
            wrong.
        """
        template = settings.template(environment)
        users_table = settings.required(environment, "USERS_TABLE")
        audit_table = settings.required(environment, "AUDIT_TABLE")
        return cls(
            store=Store(dynamodb, users_table, audit_table),
            template=template,
            roles=settings.roles(environment, template),
            source=source,
        )

    @property
    def created_by(self) -> str:
        """How the users of this registrar come into the table, one of `record.CREATED_BY`."""
        return _CREATED_BY.get(self.source.partition(":")[0], "sign_up")

    def register(self, user: CognitoUser) -> Registration:
        """Ensure that a user has exactly one account and one profile.

        It can run any number of times, also concurrently. Existing items are never changed, and an erased
        user stays erased.

        Args:
            user: The user as Cognito returned it. Clients choose the client metadata, so it is not used.

        Raises:
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error, or all attempts failed.
            userprofiles.table.attribute_value.AttributeValueError: A value of the template can't be stored.
        """
        role = self.roles.decide_role(user.attributes)
        moment = self.clock()
        now = record.timestamp(moment)
        values = first_values(self.template, user.sub, user.attributes, role, now)

        def create_audit_row(action: Action, account: Item | None) -> AuditRow:
            return audit.create_row(user.sub, action, source=self.source, account=account, moment=moment)

        def create_account(audit_row: AuditRow) -> Item:
            return record.account_item(
                user.sub, role, now, values.account, audit_head=audit_row["hash"], created_by=self.created_by
            )

        def create_profile(account: Item) -> Item:
            profile = record.profile_item(user.sub, values.profile)
            return with_completion(self.template, role, account, profile)

        for _ in range(_ATTEMPTS):
            audit_row = create_audit_row(Action.REGISTERED, None)
            account = create_account(audit_row)
            existing = self.store.create(account, create_profile(account), audit_row)
            if existing.is_erased:
                return Registration(Outcome.ERASED, values.unfit_fields)
            if existing.is_complete:
                return Registration(Outcome.EXISTED, values.unfit_fields)
            if existing.account is None and existing.profile is None:
                return Registration(Outcome.CREATED, values.unfit_fields)
            audit_row = create_audit_row(Action.REPAIRED, existing.account)
            if existing.account is not None:
                profile = create_profile(existing.account)
                is_repaired = self.store.add_profile(existing.account, profile, audit_row)
            else:
                is_repaired = self.store.add_account(create_account(audit_row), audit_row)
            if is_repaired:
                return Registration(Outcome.REPAIRED, values.unfit_fields)
            # Another writer has repaired, changed or erased the user in the meantime: start again.
        raise StoreBusyError("RepairConflict")
