"""Imports users: claims, accounts in Cognito, and items of the users table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.admission import Admission, AdmissionRule
from userprofiles.legacy.users.claims import Claim, Claims
from userprofiles.legacy.users.first_account import replace_first_account
from userprofiles.legacy.users.pool_accounts import AccountConflictError, PoolAccount, PoolAccounts
from userprofiles.legacy.users.pool_calls import PoolRefusedError
from userprofiles.legacy.users.user_binding import CHANGED_MEANWHILE
from userprofiles.legacy.users.user_items import LegacyUserBuilder, LegacyUserItems
from userprofiles.legacy.users.user_table import UserTable, item_key
from userprofiles.social.legacy_records import CLAIMED, legacy_mirror_key
from userprofiles.table import record
from userprofiles.table.record import Item

CLAIM_FAILED = "the claim could not be written"
REFUSED = "Cognito refuses the user"
ERASED = "the user was erased here"
GONE = "the imported user does not exist any more"
CHANGED_EARLY = "the user signed in and changed the account before the import of this user was complete"
BOUND_USERS = "users who were here before"
UNFIT_FIELDS = "values that do not match the template"
UNVERIFIED_EMAILS = "unverified e-mail addresses that are kept beside the account"


@dataclass(frozen=True)
class ImportParts:
    """What the parts of the users stage share.

    Attributes:
        source: The name of the old application.
        run_id: The run.
        table: The users table.
        claims: The claims of the source.
        accounts: The accounts in Cognito.
        builder: Builds the items.
        rule: Which users may be imported.
        clock: Returns the current time.
    """

    source: str
    run_id: str
    table: UserTable
    claims: Claims
    accounts: PoolAccounts
    builder: LegacyUserBuilder
    rule: AdmissionRule
    clock: Callable[[], datetime]


def user_key(old_id: str, sub: str) -> str:
    """Return the key of an imported user in the ledger; without a sub, that of the claim alone."""
    return f"user/{old_id}/{sub}"


class UserImport:
    """Imports users. Its methods may be called by any thread.

    Args:
        parts: What the parts of the stage share.
    """

    def __init__(self, parts: ImportParts) -> None:
        self._parts = parts

    def process(self, users: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import users. Return one result for each, in the same order."""
        admissions = [self._parts.rule.admit(user) for user in users]
        admitted = {
            user.old_id: (user, admission)
            for user, admission in zip(users, admissions, strict=True)
            if admission.outcome is None
        }
        claims = self._claims(admitted)
        results: dict[str, RecordResult] = {}
        accounts: dict[str, PoolAccount] = {}
        for old_id, (user, admission) in admitted.items():
            claim = claims.get(old_id)
            result = self._account(user, admission, claim)
            if isinstance(result, PoolAccount):
                accounts[old_id] = result
            else:
                results[old_id] = result
        results |= self._insert_items({old_id: admitted[old_id] for old_id in accounts}, accounts)
        return [
            results[user.old_id] if admission.outcome is None else not_admitted(user, admission)
            for user, admission in zip(users, admissions, strict=True)
        ]

    def _claims(self, admitted: dict[str, tuple[LegacyUser, Admission]]) -> dict[str, Claim]:
        """Return the claims of users. Users without a claim get one."""
        claims = self._parts.claims.read(admitted)
        new_users = {
            old_id: (user, admission.addresses.main)
            for old_id, (user, admission) in admitted.items()
            if old_id not in claims
        }
        return {**claims, **(self._parts.claims.begin(new_users) if new_users else {})}

    def _account(
        self, user: LegacyUser, admission: Admission, claim: Claim | None
    ) -> PoolAccount | RecordResult:
        """Return the account of a user, or the result of a user who gets no items."""
        if claim is None:
            return _result(user, Outcome.FAILED, CLAIM_FAILED)
        if claim.is_erased or (claim.is_bound and claim.run_id != self._parts.run_id):
            return earlier_result(user, claim)
        try:
            if claim.is_bound:
                return self._parts.accounts.resume(user, claim) or _result(user, Outcome.SKIPPED, GONE)
            return self._new_account(user, admission, claim)
        except AccountConflictError as error:
            return _with_claim(_result(user, Outcome.CONFLICT, str(error)))
        except PoolRefusedError as error:
            return _with_claim(_result(user, Outcome.FAILED, f"{REFUSED}: {error.code}"))

    def _new_account(
        self, user: LegacyUser, admission: Admission, claim: Claim
    ) -> PoolAccount | RecordResult:
        addresses = admission.addresses
        is_current = claim.run_id == self._parts.run_id and claim.has_address(
            self._parts.source, addresses.main
        )
        if not is_current or claim.item["state"] != CLAIMED:
            renewed = self._parts.claims.renew(claim, user, addresses.main)
            if renewed is None:
                return _result(user, Outcome.CONFLICT, CHANGED_MEANWHILE)
            claim = renewed
        try:
            return self._parts.accounts.ensure(user, addresses, claim)
        except AccountConflictError:
            self._parts.claims.mark_conflict(claim)
            raise

    def _insert_items(
        self, admitted: dict[str, tuple[LegacyUser, Admission]], accounts: dict[str, PoolAccount]
    ) -> dict[str, RecordResult]:
        """Insert the missing items of users. Existing items are never changed."""
        now = record.timestamp(self._parts.clock())
        built = {
            old_id: self._parts.builder.build(
                user, admission.addresses, accounts[old_id].sub, now, accounts[old_id].modified_at
            )
            for old_id, (user, admission) in admitted.items()
        }
        items = [
            item
            for user_items in built.values()
            for item in (user_items.mirror, user_items.account, user_items.profile)
        ]
        inserted = dict(
            zip(map(item_key, items), self._parts.table.insert(items) if items else [], strict=True)
        )
        results = {}
        for old_id, user_items in built.items():
            user, admission = admitted[old_id]
            outcomes = [inserted[item_key(item)] for item in _all_items(user_items)]
            units = sum(outcome.write_units for outcome in outcomes)
            failures = [outcome.reason for outcome in outcomes if outcome.outcome == "failed"]
            is_late = accounts[old_id].created and inserted[item_key(user_items.account)].outcome == "existed"
            if is_late and not replace_first_account(self._parts.table, user_items):
                failures.append(CHANGED_EARLY)
            result = self._imported(user, admission, accounts[old_id], user_items, failures)
            results[old_id] = replace(result, write_units=units)
        return results

    def _imported(
        self,
        user: LegacyUser,
        admission: Admission,
        account: PoolAccount,
        items: LegacyUserItems,
        failures: Sequence[str],
    ) -> RecordResult:
        counts = {
            BOUND_USERS: int(not account.created),
            UNFIT_FIELDS: len(items.unfit_fields),
            UNVERIFIED_EMAILS: int(bool(admission.addresses.unverified_email)),
        }
        imported = Outcome.CREATED if account.created else Outcome.EXISTED
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.FAILED if failures else imported,
            reason=failures[0] if failures else "",
            keys=(user_key(user.old_id, account.sub),),
            counts={name: number for name, number in counts.items() if number},
            findings=tuple(
                f"user {user.old_id}: the old value does not match {name}" for name in items.unfit_fields
            ),
        )


def earlier_result(user: LegacyUser, claim: Claim) -> RecordResult:
    """Return the result for a user whom an earlier import has brought."""
    return _result(user, Outcome.SKIPPED, ERASED) if claim.is_erased else _result(user, Outcome.EXISTED)


def not_admitted(user: LegacyUser, admission: Admission) -> RecordResult:
    """Return the result for a user who may not be imported."""
    return _result(user, admission.outcome or Outcome.FAILED, admission.reason)


def mirror_of(parts: ImportParts, claim: Claim) -> dict[str, str]:
    """Return the key of the mirror of a bound claim."""
    return legacy_mirror_key(claim.sub, parts.source, claim.old_id)


def _all_items(items: LegacyUserItems) -> tuple[Item, Item, Item]:
    return items.mirror, items.account, items.profile


def _with_claim(result: RecordResult) -> RecordResult:
    """Return the result with the key of a claim that has no user, so that a rollback removes the claim."""
    return replace(result, keys=(user_key(result.record_id, ""),))


def _result(user: LegacyUser, outcome: Outcome, reason: str = "") -> RecordResult:
    return RecordResult(record_id=user.old_id, outcome=outcome, reason=reason)
