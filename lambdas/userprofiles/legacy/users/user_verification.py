"""Compares imported users with the source, field by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.addresses import Addresses
from userprofiles.legacy.users.admission import Admission
from userprofiles.legacy.users.claims import Claim
from userprofiles.legacy.users.pool_calls import PoolCalls, PoolRefusedError
from userprofiles.legacy.users.user_comparison import differing_fields, is_created_by, is_imported_value
from userprofiles.legacy.users.user_import import ERASED, ImportParts, mirror_of, not_admitted, user_key
from userprofiles.legacy.users.user_table import item_key
from userprofiles.social.legacy_records import CONFLICT
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template_check import ITEM_KINDS, ItemKind

MISSING_CLAIM = "the user is not imported"
NOT_BOUND = "the import of the user is not complete"
MISSING_USER = "the user does not exist in Cognito"
NOT_CONFIRMED = "the user is not confirmed in Cognito"
STILL_ENABLED = "the user is disabled in the source and enabled in Cognito"
DISABLED_HERE = "the user was disabled here after the import"
NOT_VERIFIED = "the address is not verified in Cognito"
DEFAULT_VALUES = "the user signed in before the import of this user was complete, and lacks the old values"
CHANGED_ADDRESS = "the address was changed in Cognito after the import"
REFUSED = "Cognito refuses to read the user"
MISSING_ITEM = "an item of the user is missing"
OTHER_ADDRESS = "the address differs from that of the import"
CHANGED_FIELDS = "the user has changed fields here"
DIFFERENT = "fields differ from the source: {}"

TEMPORARY_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105  (a status of Cognito)

Stored = dict[tuple[str, str], Item]


class UserVerification:
    """Verifies users. Its methods may be called by any thread.

    Args:
        parts: What the parts of the stage share.
        calls: Calls on the pool.
    """

    def __init__(self, parts: ImportParts, calls: PoolCalls) -> None:
        self._parts = parts
        self._calls = calls

    def verify(self, users: Sequence[LegacyUser]) -> list[RecordResult]:
        """Verify users. Return one result for each, in the same order."""
        admissions = [self._parts.rule.admit(user) for user in users]
        ids = [
            user.old_id
            for user, admission in zip(users, admissions, strict=True)
            if admission.outcome is not Outcome.FAILED
        ]
        claims = self._parts.claims.read(ids)
        stored = self._read_items(list(claims.values()))
        return [
            self._verify(user, admission, claims.get(user.old_id), stored)
            for user, admission in zip(users, admissions, strict=True)
        ]

    def _read_items(self, claims: Sequence[Claim]) -> Stored:
        keys = []
        for claim in claims:
            if claim.is_bound:
                keys += [record.key(claim.sub, kind) for kind in ITEM_KINDS]
                keys.append(mirror_of(self._parts, claim))
        return self._parts.table.read(keys)

    def _verify(
        self, user: LegacyUser, admission: Admission, claim: Claim | None, stored: Stored
    ) -> RecordResult:
        if admission.outcome is not None and (claim is None or not claim.is_bound):
            return not_admitted(user, admission)
        if claim is None:
            return _result(user, Outcome.FAILED, MISSING_CLAIM)
        if claim.is_erased:
            return _result(user, Outcome.SKIPPED, ERASED)
        if not claim.is_bound:
            return self._incomplete(user, admission, claim)
        keys = (user_key(user.old_id, claim.sub),) if claim.run_id == self._parts.run_id else ()
        try:
            in_pool = self._check_pool(user, admission.addresses, claim)
        except PoolRefusedError as error:
            in_pool = Outcome.FAILED, f"{REFUSED}: {error.code}"
        outcome, reason = in_pool or self._compare(user, admission, claim, stored)
        return RecordResult(record_id=user.old_id, outcome=outcome, reason=reason, keys=keys)

    def _incomplete(self, user: LegacyUser, admission: Admission, claim: Claim) -> RecordResult:
        """Return the result for a claim without a user, with the key of a user that a killed run created."""
        if claim.run_id != self._parts.run_id:
            return _result(user, Outcome.FAILED, NOT_BOUND)
        sub = self._parts.accounts.find_own(user, admission.addresses, claim)
        key = user_key(user.old_id, sub or "")
        is_conflict = claim.item["state"] == CONFLICT
        outcome = Outcome.CONFLICT if is_conflict else Outcome.FAILED
        return RecordResult(record_id=user.old_id, outcome=outcome, reason=NOT_BOUND, keys=(key,))

    def _check_pool(self, user: LegacyUser, addresses: Addresses, claim: Claim) -> tuple[Outcome, str] | None:
        """Return what is wrong with the user in Cognito; None for nothing."""
        existing = self._calls.find(claim.sub)
        if existing is None:
            return Outcome.FAILED, MISSING_USER
        status = existing.get("UserStatus")
        if not claim.created_user:
            return (Outcome.FAILED, NOT_CONFIRMED) if status == TEMPORARY_PASSWORD else None
        if status != "CONFIRMED":
            return Outcome.FAILED, NOT_CONFIRMED
        is_enabled = existing.get("Enabled") is not False
        if is_enabled and user.is_disabled:
            return Outcome.FAILED, STILL_ENABLED
        if not is_enabled and not user.is_disabled:
            return Outcome.CHANGED, DISABLED_HERE
        # Another address in the source than at the import is a difference of its own.
        is_same = claim.has_address(self._parts.source, addresses.main)
        return _check_address(existing, addresses) if is_same else None

    def _compare(
        self, user: LegacyUser, admission: Admission, claim: Claim, stored: Stored
    ) -> tuple[Outcome, str]:
        items: dict[ItemKind, Item | None] = {
            kind: stored.get(item_key(record.key(claim.sub, kind))) for kind in ITEM_KINDS
        }
        mirror = stored.get(item_key(mirror_of(self._parts, claim)))
        account, profile = items["account"], items["profile"]
        if account is None or profile is None or mirror is None:
            return Outcome.FAILED, MISSING_ITEM
        if not is_created_by(account, claim.run_id):
            if claim.created_user:
                return Outcome.FAILED, DEFAULT_VALUES
            return Outcome.EXISTED, ""  # the account was here before, and the import leaves it as it is
        if not claim.has_address(self._parts.source, admission.addresses.main):
            return Outcome.FAILED, OTHER_ADDRESS
        expected = self._parts.builder.build(user, admission.addresses, claim.sub, created_at="")
        both: dict[ItemKind, Item] = {"account": account, "profile": profile}
        different = differing_fields(self._parts.builder.template, both, expected)
        # Without an audit row, nobody has changed the user here.
        is_audited = "auditHead" in account
        faults = [
            f"{kind}.{name}"
            for kind, name in different
            if not is_audited or is_imported_value(mirror, kind, name, both[kind])
        ]
        if faults:
            return Outcome.FAILED, DIFFERENT.format(", ".join(faults))
        return (Outcome.CHANGED, CHANGED_FIELDS) if different else (Outcome.EXISTED, "")


def _check_address(existing: Mapping[str, Any], addresses: Addresses) -> tuple[Outcome, str] | None:
    """Return what is wrong with the address by which the user signs in; None for nothing."""
    attributes = {entry["Name"]: entry.get("Value", "") for entry in existing.get("UserAttributes", ())}
    name = "phone_number" if addresses.phone else "email"
    if attributes.get(name, "").lower() != addresses.main.lower():
        return Outcome.CHANGED, CHANGED_ADDRESS
    if attributes.get(f"{name}_verified") != "true":
        return Outcome.FAILED, NOT_VERIFIED
    return None


def _result(user: LegacyUser, outcome: Outcome, reason: str) -> RecordResult:
    return RecordResult(record_id=user.old_id, outcome=outcome, reason=reason)
