"""The settings of the scheduled reconciliation, from the environment of its function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles import settings
from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.pool_reader import PoolReader, UnconfirmedRule
from userprofiles.backfill.stop import Stop
from userprofiles.lifecycle.reconciliation.reconciler_state import StateTable
from userprofiles.lifecycle.reconciliation.repair import SOURCE
from userprofiles.lifecycle.reconciliation.scheduled_reconciliation import ScheduledReconciliation
from userprofiles.lifecycle.reconciliation.scheduled_steps import ScheduledSteps
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.registration.registrar import Registrar
from userprofiles.settings import SettingsError
from userprofiles.table.removal_journal import RemovalJournal
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import Report

OWN_ERRORS = (BackfillError, StoreError)
LIMITS = Limits(patience_s=60)


@dataclass(frozen=True)
class ReconcilerSettings:
    """The parts of the reconciliation that all invocations share.

    Attributes:
        dynamodb: A botocore client of DynamoDB.
        cognito: A botocore client of Cognito.
        registrar: Creates missing items.
        users_table: Name of the users table.
        state_table: Name of the state table.
        pool_id: The user pool.
        interval_hours: The time between the beginnings of two passes.
        unconfirmed_days: Days after the sign-up at which an unconfirmed user is removed; 0 for never.
        requests_per_second: The largest number of requests to Cognito in a second.
    """

    dynamodb: Any
    cognito: Any
    registrar: Registrar
    users_table: str
    state_table: str
    pool_id: str
    interval_hours: int
    unconfirmed_days: int
    requests_per_second: int

    def create_reconciliation(
        self, report: Report, *, owner: str, deadline: float
    ) -> ScheduledReconciliation:
        """Create the reconciliation of one invocation.

        Args:
            report: Log lines and metrics.
            owner: ID of the invocation.
            deadline: The time of `time.monotonic` at which it stops.
        """
        stop = Stop(deadline)
        pool = PoolReader(
            self.cognito,
            self.pool_id,
            requests_per_second=self.requests_per_second,
            stop=stop,
            limits=LIMITS,
        )
        steps = ScheduledSteps(
            pool=pool,
            registrar=self.registrar,
            unconfirmed=UnconfirmedRule(self.unconfirmed_days, _now),
            unconfirmed_users=UnconfirmedUsers(pool, RemovalJournal(self.dynamodb, self.users_table)),
            report=report,
        )
        return ScheduledReconciliation(
            state=StateTable(self.dynamodb, self.state_table, owner),
            steps=steps,
            table=TableReader(self.dynamodb, self.users_table, stop, LIMITS),
            interval=timedelta(hours=self.interval_hours),
            clock=_now,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def from_environment(environment: Mapping[str, str], *, dynamodb: Any, cognito: Any) -> ReconcilerSettings:
    """Read the settings.

    Raises:
        userprofiles.settings.SettingsError, userprofiles.template.TemplateError: The environment is wrong.
    """
    return ReconcilerSettings(
        dynamodb=dynamodb,
        cognito=cognito,
        registrar=Registrar.from_environment(environment, SOURCE, dynamodb),
        users_table=settings.required(environment, "USERS_TABLE"),
        state_table=settings.required(environment, "STATE_TABLE"),
        pool_id=settings.required(environment, "USER_POOL_ID"),
        interval_hours=_number(environment, "INTERVAL_HOURS", at_least=1),
        unconfirmed_days=_number(environment, "UNCONFIRMED_DAYS", at_least=0),
        requests_per_second=_number(environment, "REQUESTS_PER_SECOND", at_least=1),
    )


def _number(environment: Mapping[str, str], name: str, *, at_least: int) -> int:
    text = settings.required(environment, name)
    if not text.isdecimal() or int(text) < at_least:
        raise SettingsError(f"{name} must be a whole number of at least {at_least}, got {text!r}.")
    return int(text)
