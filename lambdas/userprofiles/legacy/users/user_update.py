"""The delta pass: imports new users, and changes fields that have changed in the source since the import.

A field that the user has changed here is never changed. An address that has changed in the source needs a
decision, because it is the name of the user in Cognito.
"""

from collections.abc import Sequence

from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.admission import Admission
from userprofiles.legacy.users.claims import Claim
from userprofiles.legacy.users.pool_calls import PoolRefusedError
from userprofiles.legacy.users.user_change import StoredUser, change_updates, find_change
from userprofiles.legacy.users.user_comparison import is_created_by
from userprofiles.legacy.users.user_import import (
    REFUSED,
    ImportParts,
    UserImport,
    mirror_of,
    not_admitted,
    user_key,
)
from userprofiles.legacy.users.user_items import FIELD_HASHES, POOL_MODIFIED_AT
from userprofiles.legacy.users.user_table import item_key
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template_check import ITEM_KINDS

ADDRESS_CHANGED = "the address has changed in the source since the import"
MISSING_ITEM = "an item of the user is missing"
CHANGED_MEANWHILE = "the user changed the same field during the delta pass"
KEPT_FIELDS = "fields that the user has changed here"

_EMAIL = "account.email"


class UserUpdate:
    """Brings users up to date. Its methods may be called by any thread.

    Args:
        parts: What the parts of the stage share.
        user_import: Imports users who are new in the source.
    """

    def __init__(self, parts: ImportParts, user_import: UserImport) -> None:
        self._parts = parts
        self._import = user_import

    def update(self, users: Sequence[LegacyUser]) -> list[RecordResult]:
        """Import new users and change others. Return one result for each, in the same order."""
        admissions = {user.old_id: self._parts.rule.admit(user) for user in users}
        readable_ids = [
            old_id for old_id, admission in admissions.items() if admission.outcome is not Outcome.FAILED
        ]
        claims = self._parts.claims.read(readable_ids)
        bound = {old_id: claim for old_id, claim in claims.items() if claim.is_bound}
        new_users = [user for user in users if user.old_id not in bound]
        results = {result.record_id: result for result in self._import.process(new_users)}
        for user in users:
            if user.old_id in bound:
                results[user.old_id] = self._try_update(user, admissions[user.old_id], bound[user.old_id])
        return [results[user.old_id] for user in users]

    def _try_update(self, user: LegacyUser, admission: Admission, claim: Claim) -> RecordResult:
        try:
            return self._update(user, admission, claim)
        except PoolRefusedError as error:
            reason = f"{REFUSED}: {error.code}"
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=reason)

    def _update(self, user: LegacyUser, admission: Admission, claim: Claim) -> RecordResult:
        if claim.digest == user.digest:
            return RecordResult(record_id=user.old_id, outcome=Outcome.EXISTED)
        if admission.outcome is not None:
            return not_admitted(user, admission)
        if not claim.has_address(self._parts.source, admission.addresses.main):
            return RecordResult(record_id=user.old_id, outcome=Outcome.CONFLICT, reason=ADDRESS_CHANGED)
        result = self._update_items(user, admission, claim)
        if result.outcome in {Outcome.UPDATED, Outcome.EXISTED}:
            self._parts.claims.set_digest(claim, user.digest)
        return result

    def _update_items(self, user: LegacyUser, admission: Admission, claim: Claim) -> RecordResult:
        stored = self._read(claim)
        if stored is None:
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=MISSING_ITEM)
        if not is_created_by(stored.account, claim.run_id):
            return RecordResult(record_id=user.old_id, outcome=Outcome.EXISTED)  # the user was here before
        expected = self._parts.builder.build(
            user, admission.addresses, claim.sub, record.timestamp(self._parts.clock())
        )
        if not _has_imported_email(stored.mirror, expected.mirror):
            return RecordResult(record_id=user.old_id, outcome=Outcome.CONFLICT, reason=ADDRESS_CHANGED)
        change = find_change(self._parts.builder.template, stored, expected)
        pool_times = self._disable(user, claim, stored.mirror)
        updates = change_updates(self._parts.builder.template, stored, expected, change, pool_times)
        if updates and not self._parts.table.write_all(updates):
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=CHANGED_MEANWHILE)
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.UPDATED if updates else Outcome.EXISTED,
            keys=(user_key(user.old_id, claim.sub),) if claim.run_id == self._parts.run_id else (),
            counts={KEPT_FIELDS: change.kept_fields} if change.kept_fields else {},
        )

    def _read(self, claim: Claim) -> StoredUser | None:
        """Return the items of a user; None if one is missing."""
        keys = [*(record.key(claim.sub, kind) for kind in ITEM_KINDS), mirror_of(self._parts, claim)]
        items = self._parts.table.read(keys)
        if len(items) < len(keys):
            return None
        return StoredUser(*(items[item_key(key)] for key in keys))

    def _disable(self, user: LegacyUser, claim: Claim, mirror: Item) -> dict[str, str]:
        """Disable a user who is disabled in the source now. Return the attributes of the mirror to change."""
        if not user.is_disabled or not claim.created_user:
            return {}
        times = self._parts.accounts.disable(claim.sub)
        # A user who has changed in Cognito before keeps the old time, so that a rollback sees it.
        is_known = times is not None and times[0] == mirror.get(POOL_MODIFIED_AT)
        return {POOL_MODIFIED_AT: times[1]} if times is not None and is_known else {}


def _has_imported_email(stored: Item, expected: Item) -> bool:
    """Return whether the mirrors of a user have the same e-mail address, verified by the old application.

    An account must not get an address that Cognito does not have: the user could not sign in with it.
    """
    imported, current = (mirror.get(FIELD_HASHES) or {} for mirror in (stored, expected))
    return bool(imported.get(_EMAIL) == current.get(_EMAIL))
