"""The stage of an import that brings the users."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.stage import (
    Conflict,
    Outcome,
    RecordKind,
    RecordResult,
    StageEstimate,
)
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.legacy.users.address_index import AddressIndex
from userprofiles.legacy.users.admission import AdmissionRule, ConflictSearch
from userprofiles.legacy.users.claims import Claim, Claims
from userprofiles.legacy.users.decisions import Decisions
from userprofiles.legacy.users.pool_accounts import PoolAccounts
from userprofiles.legacy.users.pool_calls import PoolCalls
from userprofiles.legacy.users.pool_features import PoolFeatures
from userprofiles.legacy.users.quotas import QuotaClass
from userprofiles.legacy.users.user_binding import UserBinding
from userprofiles.legacy.users.user_import import ImportParts, UserImport, earlier_result, not_admitted
from userprofiles.legacy.users.user_items import LegacyUserBuilder, keep_url
from userprofiles.legacy.users.user_removal import UserRemoval
from userprofiles.legacy.users.user_table import UserTable
from userprofiles.legacy.users.user_update import UserUpdate
from userprofiles.legacy.users.user_verification import UserVerification
from userprofiles.phone_sign_in.phone_input import DEFAULT_COUNTRY_CODE
from userprofiles.table import record
from userprofiles.table.attribute_value import item_size, serialize_item
from userprofiles.template import Template

THROTTLED = "calls that Cognito throttled"

_SAMPLE_SUB = "00000000-0000-0000-0000-000000000000"
_WRITE_UNIT_BYTES = 1024
# Claim, its binding in a transaction with the owner (twice the units of two writes).
_CLAIM_UNITS = 5.0
_REMOVED_CLAIM_UNITS = 2.0  # claim and owner


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class UsersSettings:
    """Settings of the users stage.

    Attributes:
        source: The name of the old application.
        run_id: The run.
        pool_id: The user pool.
        table: The name of the users table.
        template: Defines the fields of account and profile.
        rates: The calls to Cognito per second by category.
        decisions: The decisions of the operator.
        default_country_code: The calling code of phone numbers without one.
        rewrite_url: Returns the new URL of a picture.
        index_folder: Where the private folder of the index is created; None for that of temporary files.
        clock: Returns the current time.
    """

    source: str
    run_id: str
    pool_id: str
    table: str
    template: Template
    rates: Mapping[QuotaClass, float]
    decisions: Decisions = field(default_factory=Decisions)
    default_country_code: str = DEFAULT_COUNTRY_CODE
    rewrite_url: Callable[[str], str] = keep_url
    index_folder: Path | None = None
    clock: Callable[[], datetime] = _now


class UsersStage:
    """Brings the users.

    Args:
        settings: The settings of the stage.
        dynamodb: A botocore client of DynamoDB.
        cognito: A botocore client of Cognito, whose calls have one attempt each.
        inserts: Inserts items into the users table.
        features: What the pool offers.
        stop: The request to stop the run.
        limits: Sizes and pauses.

    Attributes:
        calls: The calls on the pool, with their numbers for the report.
    """

    name = "users"
    reads = RecordKind.USERS

    def __init__(
        self,
        settings: UsersSettings,
        dynamodb: Any,
        cognito: Any,
        inserts: TableInserts,
        features: PoolFeatures,
        *,
        stop: Stop | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._features = features
        self.calls = PoolCalls(cognito, settings.pool_id, settings.rates, stop=stop, limits=limits)
        table = UserTable(dynamodb, settings.table, inserts, stop=stop, limits=limits)
        claims = Claims(table, settings.source, settings.run_id, settings.clock)
        self._parts = ImportParts(
            source=settings.source,
            run_id=settings.run_id,
            table=table,
            claims=claims,
            accounts=PoolAccounts(self.calls, features, UserBinding(table, claims).bind),
            builder=LegacyUserBuilder(
                settings.template, settings.source, settings.run_id, settings.rewrite_url
            ),
            rule=AdmissionRule(settings.source, settings.decisions, settings.default_country_code),
            clock=settings.clock,
        )
        self._import = UserImport(self._parts)
        self._update = UserUpdate(self._parts, self._import)
        self._verification = UserVerification(self._parts, self.calls)
        self._removal = UserRemoval(self._parts, self.calls)
        self._index: AddressIndex | None = None

    def close(self) -> None:
        """Delete the index of the preview."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def preview(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Return what `process` will do, and write nothing.

        Conflicts among the users are found by a first pass, and counted by a second one whose decisions have
        them. Users who are in the pool already are found by `process` only: a look-up of each takes hours.
        """
        admissions = [(user, self._parts.rule.admit(user)) for user in records]
        if not self._settings.decisions.shared_ids:
            for user, admission in admissions:
                self._search().add(user, admission)
        open_ids = [user.old_id for user, admission in admissions if admission.outcome is None]
        claims = self._parts.claims.read(open_ids)
        results = []
        for user, admission in admissions:
            if admission.outcome is not None:
                results.append(not_admitted(user, admission))
            else:
                results.append(_preview(user, claims.get(user.old_id)))
        return results

    def conflicts(self) -> Sequence[Conflict]:
        """Return the conflicts among all users that `preview` has read."""
        return self._search().conflicts()

    def estimate(self, records: Sequence[LegacyUser]) -> StageEstimate:
        """Return what users need in AWS."""
        calls: Counter[str] = Counter()
        rollback_calls: Counter[str] = Counter()
        write_units = rollback_units = 0.0
        for user in records:
            admission = self._parts.rule.admit(user)
            if admission.outcome is not None:
                continue
            calls.update(self._features.calls_per_user(is_disabled=user.is_disabled))
            rollback_calls.update([QuotaClass.USER_READ.value, QuotaClass.USER_UPDATE.value])
            created_at = record.timestamp(self._settings.clock())
            items = self._parts.builder.build(user, admission.addresses, _SAMPLE_SUB, created_at)
            units = sum(map(_write_units, (items.account, items.profile, items.mirror)))
            write_units += units + _CLAIM_UNITS
            rollback_units += units + _REMOVED_CLAIM_UNITS
        return StageEstimate(
            calls=dict(calls),
            rollback_calls=dict(rollback_calls),
            write_units=write_units,
            rollback_write_units=rollback_units,
        )

    def process(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import users."""
        return self._with_throttled(self._import.process(records))

    def update(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import new users, and change those whose values have changed in the source."""
        return self._with_throttled(self._update.update(records))

    def verify(self, records: Sequence[LegacyUser]) -> list[RecordResult]:
        """Compare users with what the import created, field by field."""
        return self._with_throttled(self._verification.verify(records))

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove users that this run created and nobody has changed since."""
        return self._with_throttled(self._removal.undo(keys))

    def _with_throttled(self, results: list[RecordResult]) -> list[RecordResult]:
        """Add the number of throttled calls to the first result, for the sums of the report."""
        number = self.calls.take_throttled() if results else 0
        if not number:
            return results
        first = replace(results[0], counts={**results[0].counts, THROTTLED: number})
        return [first, *results[1:]]

    def _search(self) -> ConflictSearch:
        if self._index is None:
            self._index = AddressIndex(self._settings.index_folder)
        return ConflictSearch(self._index)


def _preview(user: LegacyUser, claim: Claim | None) -> RecordResult:
    if claim is not None and (claim.is_erased or claim.is_bound):
        return earlier_result(user, claim)
    return RecordResult(record_id=user.old_id, outcome=Outcome.CREATED)


def _write_units(item: record.Item) -> float:
    lists = sum(1 for name in ("listPK", "statusListPK") if name in item)
    return float(-(-item_size(serialize_item(item)) // _WRITE_UNIT_BYTES) + lists)
