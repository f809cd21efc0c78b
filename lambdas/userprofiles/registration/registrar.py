"""Registration: the one way in which a user gets an account and a profile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from userprofiles import settings
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.settings import Roles
from userprofiles.table import audit, record
from userprofiles.table.audit import Action
from userprofiles.table.record import Item
from userprofiles.table.store import Store, StoreBusyError
from userprofiles.template import Template

_ATTEMPTS = 3


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
        unfit: Fields whose value in Cognito didn't fit the template; they have their default instead.
    """

    outcome: Outcome
    unfit: tuple[str, ...]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Registrar:
    """Registers users: the trigger, the outbox worker and the API have one each.

    Attributes:
        store: The tables.
        template: What account and profile look like.
        roles: The allow-list. A role outside it becomes the default: not every sign-up passes PreSignUp.
        source: The trigger source, `api` or `outbox`, as audit rows name it.
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

    def register(self, user: CognitoUser) -> Registration:
        """Ensure that a user has exactly one account and one profile.

        It may run any number of times, also at the same time. Existing items are never changed, and an
        erased user stays erased.

        Args:
            user: The user as Cognito returned it. Clients choose the client metadata, so it is not used.

        Raises:
            userprofiles.table.store.StoreError: The table refused, or stayed busy.
            userprofiles.table.attribute_value.AttributeValueError: A template's value can't be stored.
        """
        role = self.roles.decide(user.attributes)
        moment = self.clock()
        now = record.timestamp(moment)
        system = {"sub": user.sub, "role": role, "now": now}
        account_fields, unfit_account = self.template.fill("account", role, user.attributes, system)
        profile_fields, unfit_profile = self.template.fill("profile", role, user.attributes, system)
        unfit = (
            *(f"account.{name}" for name in unfit_account),
            *(f"profile.{name}" for name in unfit_profile),
        )
        profile = record.profile_item(user.sub, profile_fields)

        def row(action: Action, account: Item | None) -> audit.Row:
            return audit.row(user.sub, action, source=self.source, account=account, moment=moment)

        def new_account(head: audit.Row) -> Item:
            return record.account_item(user.sub, role, now, account_fields, head["hash"])

        for _ in range(_ATTEMPTS):
            first = row(Action.REGISTERED, None)
            existing = self.store.create(new_account(first), profile, first)
            if existing.erased:
                return Registration(Outcome.ERASED, unfit)
            if existing.whole:
                return Registration(Outcome.EXISTED, unfit)
            if existing.account is None and existing.profile is None:
                return Registration(Outcome.CREATED, unfit)
            repair = row(Action.REPAIRED, existing.account)
            if existing.account is not None:
                repaired = self.store.add_profile(existing.account, profile, repair)
            else:
                repaired = self.store.add_account(new_account(repair), repair)
            if repaired:
                return Registration(Outcome.REPAIRED, unfit)
            # Another writer repaired, changed or erased the user in between: look again.
        raise StoreBusyError("RepairConflict")
