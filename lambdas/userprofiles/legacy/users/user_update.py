"""The delta pass: imports new users, and changes fields that have changed in the source since the import.

A field that the user has changed here is never changed. An address that has changed in the source needs a
decision, because it is the name of the user in Cognito.
"""

from collections.abc import Sequence
from typing import Any

from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.admission import Admission
from userprofiles.legacy.users.claims import Claim
from userprofiles.legacy.users.user_comparison import differing_fields, is_created_by, is_imported_value
from userprofiles.legacy.users.user_import import ImportParts, UserImport, mirror_of, not_admitted, user_key
from userprofiles.legacy.users.user_items import FIELD_HASHES, POOL_MODIFIED_AT, LegacyUserItems
from userprofiles.legacy.users.user_table import item_key
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template_check import ITEM_KINDS, ItemKind

ADDRESS_CHANGED = "the address has changed in the source since the import"
MISSING_ITEM = "an item of the user is missing"
CHANGED_MEANWHILE = "the user changed the same field during the delta pass"
KEPT_FIELDS = "fields that the user has changed here"


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
                results[user.old_id] = self._update(user, admissions[user.old_id], bound[user.old_id])
        return [results[user.old_id] for user in users]

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
        mirror_key = mirror_of(self._parts, claim)
        keys = [mirror_key, *(record.key(claim.sub, kind) for kind in ITEM_KINDS)]
        items = [self._parts.table.read(keys).get(item_key(key)) for key in keys]
        mirror, account, profile = items
        if mirror is None or account is None or profile is None:
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=MISSING_ITEM)
        if not is_created_by(account, claim.run_id):
            return RecordResult(record_id=user.old_id, outcome=Outcome.EXISTED)  # the user was here before
        stored: dict[ItemKind, Item] = {"account": account, "profile": profile}
        expected = self._parts.builder.build(user, admission.addresses, claim.sub, created_at="")
        different = differing_fields(self._parts.builder.template, stored, expected)
        changes: dict[ItemKind, dict[str, Any]] = {kind: {} for kind in ITEM_KINDS}
        for kind, name in different:
            if name in expected.item(kind) and is_imported_value(mirror, kind, name, stored[kind]):
                changes[kind][name] = expected.item(kind)[name]
        number = sum(map(len, changes.values()))
        kept = len(different) - number
        if not self._write(stored, changes):
            return RecordResult(record_id=user.old_id, outcome=Outcome.FAILED, reason=CHANGED_MEANWHILE)
        self._write_mirror(mirror, expected, changes, self._disable(user, claim, mirror))
        return RecordResult(
            record_id=user.old_id,
            outcome=Outcome.UPDATED if number else Outcome.EXISTED,
            keys=(user_key(user.old_id, claim.sub),) if claim.run_id == self._parts.run_id else (),
            counts={KEPT_FIELDS: kept} if kept else {},
        )

    def _write(self, stored: dict[ItemKind, Item], changes: dict[ItemKind, dict[str, Any]]) -> bool:
        """Change the fields of both items; return False if one of them was changed since the read."""
        for kind, fields in changes.items():
            if not fields:
                continue
            item = stored[kind]
            unchanged = {
                name: item.get(name) for name in (*fields, "auditHead") if item.get(name) is not None
            }
            missing = {name: None for name in fields if name not in item}
            if not self._parts.table.update(item, fields, unchanged={**unchanged, **missing}):
                return False
        return True

    def _disable(self, user: LegacyUser, claim: Claim, mirror: Item) -> dict[str, str]:
        """Disable a user who is disabled in the source now. Return the attributes of the mirror to change."""
        if not user.is_disabled or not claim.created_user:
            return {}
        times = self._parts.accounts.disable(claim.sub)
        # A user who has changed in Cognito before keeps the old time, so that a rollback sees it.
        is_known = times is not None and times[0] == mirror.get(POOL_MODIFIED_AT)
        return {POOL_MODIFIED_AT: times[1]} if times is not None and is_known else {}

    def _write_mirror(
        self,
        mirror: Item,
        expected: LegacyUserItems,
        changes: dict[ItemKind, dict[str, Any]],
        attributes: dict[str, str],
    ) -> None:
        """Store the hashes of the values that were written, and further attributes."""
        names = [f"{kind}.{name}" for kind, fields in changes.items() for name in fields]
        written_hashes = {name: expected.mirror[FIELD_HASHES][name] for name in names}
        hashes = {**(mirror.get(FIELD_HASHES) or {}), **written_hashes}
        if names or attributes:
            run = {record.RUN_ID: mirror[record.RUN_ID]}
            self._parts.table.update(mirror, {FIELD_HASHES: hashes, **attributes}, unchanged=run)
