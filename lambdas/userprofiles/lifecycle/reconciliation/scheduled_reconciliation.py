"""The scheduled reconciliation: one pass over pool and table in many short invocations.

The first phase lists the pool: it creates missing items, reports other differences, removes users who never
confirmed, and stores hashes of the subs. The second phase scans the accounts: an account whose hash is
missing is confirmed with Cognito, and reported as an orphan. A pass never marks an orphan for deletion.

The progress is stored after each page of users and each account that is not in the pool. An invocation that
is stopped at any call repeats at most one page, and each step does nothing the second time. The counts of a
repeated page are those of its last attempt.
"""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.sources.pool_reader import RefusedTokenError
from userprofiles.jobs.key_hashes import hash_keys
from userprofiles.lifecycle.reconciliation.reconciler_state import (
    ACCOUNTS_PHASE,
    POOL_PHASE,
    Pass,
    State,
    StateTable,
)
from userprofiles.lifecycle.reconciliation.scheduled_steps import ScheduledSteps
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table import deletion, record

# Tokens of ListUsers do not stay valid for ever, and hashes expire after 14 days.
_LONGEST_PASS = timedelta(days=7)


@dataclass(frozen=True)
class ScheduledReconciliation:
    """One invocation of the scheduled reconciliation.

    Attributes:
        state: The state table, with the ID of this invocation.
        steps: What is done for single users.
        table: Reads the users table.
        interval: The time between the beginnings of two passes.
        clock: Returns the current time.
    """

    state: StateTable
    steps: ScheduledSteps
    table: TableReader
    interval: timedelta
    clock: Callable[[], datetime]

    def run(self, seconds: float) -> dict[str, Any]:
        """Continue the running pass, or begin one if it is due.

        Args:
            seconds: The time until the time-out of the function, for which it gets the lease.

        Returns:
            `status`: `busy` (another invocation runs), `idle` (no pass is due), `stopped` (the next
            invocation continues) or `done`.

        Raises:
            userprofiles.table.store_errors.StoreError, userprofiles.backfill.errors.BackfillError: A call to
            AWS failed. The next invocation continues.
            LeaseLostError: Another invocation has the lease.
        """
        moment = self.clock()
        state = self.state.acquire(moment, moment + timedelta(seconds=seconds))
        if state is None:
            return {"status": "busy"}
        try:
            self.steps.complete_open_removals()
            running_pass = self._current_pass(state)
            if running_pass is None:
                return {"status": "idle"}
            summary = self._continue(running_pass)
        except StoppedError:
            return {"status": "stopped"}
        finally:
            self.state.release()
        return {"status": "done", **summary}

    def _current_pass(self, state: State) -> Pass | None:
        """Return the running pass, or a new one if it is due; None if it is not due."""
        running_pass = state.running_pass
        if running_pass is not None and not self._has_passed(_LONGEST_PASS, running_pass.started_at):
            return running_pass
        is_due = state.last is None or self._has_passed(self.interval, state.last["startedAt"])
        return self._begin() if running_pass is not None or is_due else None

    def _has_passed(self, duration: timedelta, since: str) -> bool:
        return since <= record.timestamp(self.clock() - duration)

    def _begin(self, restarts: int = 0) -> Pass:
        running_pass = Pass(uuid.uuid4().hex, record.timestamp(self.clock()), counts={"restarts": restarts})
        self.state.save(running_pass)
        return running_pass

    def _continue(self, running_pass: Pass) -> dict[str, Any]:
        """Continue a pass to its end, and return its summary."""
        while running_pass.phase == POOL_PHASE:
            try:
                self._compare_page(running_pass)
            except RefusedTokenError:
                running_pass = self._begin(running_pass.counts["restarts"] + 1)
                self.steps.report_restart()
        self._compare_accounts(running_pass)
        summary = {
            "startedAt": running_pass.started_at,
            "endedAt": record.timestamp(self.clock()),
            "counts": running_pass.counts,
        }
        self.state.finish(summary)
        return summary

    def _compare_page(self, running_pass: Pass) -> None:
        page = self.steps.pool.page(running_pass.token)
        users = [user for user in page.users if user.has_profile]
        with ThreadPoolExecutor(self.table.limits.threads) as threads:
            items_of_users = list(threads.map(self.steps.read, users))
        for user, items in zip(users, items_of_users, strict=True):
            self.steps.compare(user, items, running_pass)
        for user in page.users:
            self.steps.remove_if_unconfirmed(user, running_pass)
        self.state.add_subs(running_pass, hash_keys(user.user.sub for user in page.users), self.clock())
        running_pass.count("poolUsers", len(page.users))
        running_pass.count("usersWithoutProfile", len(page.users) - len(users))
        running_pass.page += 1
        running_pass.token = page.token
        if page.token is None:
            running_pass.phase = ACCOUNTS_PHASE
        self.state.save(running_pass)

    def _compare_accounts(self, running_pass: Pass) -> None:
        subs = self.state.read_subs(running_pass)
        names = ("entityType", deletion.ATTRIBUTE)
        for page in self.table.account_pages(names, running_pass.last_account):
            for item in page["Items"]:
                if item.get("entityType", {}).get("S") == record.TOMBSTONE:
                    continue
                sub = item["PK"]["S"].removeprefix(record.USER_PREFIX)
                if deletion.ATTRIBUTE in item:
                    running_pass.count("pendingDeletion")
                    continue
                running_pass.count("accounts")
                if sub not in subs:
                    self.steps.report_orphan(sub, running_pass)
                    running_pass.last_account = {"PK": item["PK"], "SK": item["SK"]}
                    self.state.save(running_pass)
            if page.get("LastEvaluatedKey"):
                running_pass.last_account = page["LastEvaluatedKey"]
                self.state.save(running_pass)
