"""What the scheduled reconciliation does for single users. Its log lines contain subs and names of fields."""

from collections.abc import Callable
from dataclasses import dataclass, field

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.sources.pool_reader import PoolReader, PoolUser, UnconfirmedRule
from userprofiles.lifecycle.comparison import compare
from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind, Result
from userprofiles.lifecycle.reconciliation.reconciler_state import Pass
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.registration.registrar import Registrar
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import Report, error_code

_MAX_FAILURES_IN_A_ROW = 20
_METRICS = {kind: f"Reconcile{kind.capitalize()}" for kind in DifferenceKind}


@dataclass
class ScheduledSteps:
    """The steps of a pass. A failing user does not stop the others; many failures in a row do.

    Attributes:
        pool: The user pool.
        registrar: Creates missing items.
        unconfirmed: Which unconfirmed users are removed.
        unconfirmed_users: Removes them.
        report: Log lines and metrics.
    """

    pool: PoolReader
    registrar: Registrar
    unconfirmed: UnconfirmedRule
    unconfirmed_users: UnconfirmedUsers
    report: Report
    _failures_in_a_row: int = field(default=0, init=False)

    def read(self, pool_user: PoolUser) -> UserItems:
        """Read the items of a user."""
        return self.registrar.store.read(pool_user.user.sub)

    def complete_open_removals(self) -> None:
        """Complete the removals of runs that were stopped, if this stack removes unconfirmed users."""
        if self.unconfirmed.days == 0:
            return
        for sub, result in self.unconfirmed_users.complete_open_removals().items():
            self.report.warning("interrupted removal completed", sub=sub, result=str(result))

    def report_restart(self) -> None:
        """Report that Cognito refused the page token, so that the pass starts again."""
        self.report.warning("page token refused; the pass starts again")

    def compare(self, pool_user: PoolUser, items: UserItems, running_pass: Pass) -> None:
        """Create the missing items of a user, and report another difference."""
        user = pool_user.user
        now = record.timestamp(self.registrar.clock())
        difference = compare(self.registrar.template, user, items, now)
        if difference is None:
            return
        self._report(difference.kind, user.sub, running_pass, detail=difference.detail)
        if difference.kind is DifferenceKind.MISSING:
            self.fix(lambda: self._create(pool_user), user.sub, running_pass)

    def remove_if_unconfirmed(self, pool_user: PoolUser, running_pass: Pass) -> None:
        """Remove a user who has not confirmed the sign-up for too long."""
        if not self.unconfirmed.matches(pool_user):
            return
        user = pool_user.user
        self._report(DifferenceKind.UNCONFIRMED, user.sub, running_pass)
        self.fix(lambda: self.unconfirmed_users.remove(user.sub, user.name), user.sub, running_pass)

    def report_orphan(self, sub: str, running_pass: Pass) -> None:
        """Report an account if Cognito confirms that the pool does not have the user."""
        if not self.pool.has_sub(sub):
            self._report(DifferenceKind.ORPHAN, sub, running_pass)

    def _create(self, pool_user: PoolUser) -> Result:
        """Register a user, unless the user was deleted or disabled since the list was read."""
        user = self.pool.get(pool_user.user.name)
        if user is None or user.sub != pool_user.user.sub:
            return Result.UNNECESSARY
        self.registrar.register(user)
        return Result.CREATED

    def fix(self, fix: Callable[[], Result], sub: str, running_pass: Pass) -> None:
        """Fix a difference, and count and log the result."""
        try:
            result = fix()
        except (StoreError, AttributeValueError) as error:
            self._failures_in_a_row += 1
            running_pass.count(Result.FAILED)
            self.report.error("fix failed", metric="ReconcileFailed", sub=sub, error=error_code(error))
            if self._failures_in_a_row == _MAX_FAILURES_IN_A_ROW:
                raise BackfillFailedError(
                    ErrorKind.SERVICE,
                    f"{_MAX_FAILURES_IN_A_ROW} users in a row could not be fixed: {error_code(error)}.",
                ) from error
            return
        self._failures_in_a_row = 0
        running_pass.count(result)
        self.report.info("fixed", sub=sub, result=str(result))

    def _report(self, kind: DifferenceKind, sub: str, running_pass: Pass, detail: str = "") -> None:
        running_pass.count(kind)
        self.report.warning("difference", metric=_METRICS[kind], difference=str(kind), sub=sub, detail=detail)
