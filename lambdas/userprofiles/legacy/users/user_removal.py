"""Removes imported users whom nobody has used or changed since the import."""

from collections.abc import Container, Sequence

from userprofiles.legacy import imported_items
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.users.claims import Claim, owner_key
from userprofiles.legacy.users.pool_accounts import modified_at
from userprofiles.legacy.users.pool_calls import NOT_FOUND, PoolCalls, PoolRefusedError
from userprofiles.legacy.users.pool_features import OLD_ID_ATTRIBUTE
from userprofiles.legacy.users.user_comparison import is_unchanged
from userprofiles.legacy.users.user_import import ImportParts, mirror_of
from userprofiles.legacy.users.user_items import POOL_MODIFIED_AT
from userprofiles.legacy.users.user_table import MISSING, item_key
from userprofiles.table import record
from userprofiles.table.record import Item
from userprofiles.template_check import ITEM_KINDS

OTHER_RUN = "the user is of another run"
CHANGED_USER = "the user has changed in Cognito since the import"
CHANGED_ITEMS = "the user has changed fields since the import"
HERE_BEFORE = "the user was here before the run and stays, without the imported data"
NEW_ITEMS = "the user has data that the run did not create"
CHANGED_DATA = "content or the paid plan of the user has changed since the import"
REFUSED = "Cognito refuses to delete the user"

_KEY_PREFIX = "user/"


class UserRemoval:
    """Removes users. Its methods may be called by any thread.

    A removed user goes first in Cognito, then the items, and the claim last. So a removal that was killed
    finds the rest. A user who stays keeps claim, mirror and owner: the stages that follow read the owner
    (`userprofiles.legacy.kept_users`).

    Args:
        parts: What the parts of the stage share.
        calls: Calls on the pool.
    """

    def __init__(self, parts: ImportParts, calls: PoolCalls) -> None:
        self._parts = parts
        self._calls = calls

    def undo(self, keys: Sequence[str]) -> list[RecordResult]:
        """Remove the users of some keys. Return one result for each key."""
        pairs = {key: _split_key(key) for key in dict.fromkeys(keys)}
        claims = self._parts.claims.read([old_id for old_id, _ in pairs.values()])
        results = {}
        for key, (old_id, sub) in pairs.items():
            try:
                results[key] = self._undo(key, sub, claims.get(old_id))
            except PoolRefusedError as error:
                results[key] = _result(key, Outcome.KEPT, f"{REFUSED}: {error.code}")
        return [results[key] for key in keys]

    def _undo(self, key: str, sub: str, claim: Claim | None) -> RecordResult:
        if claim is None or claim.is_erased:  # the claim is removed last
            return _result(key, Outcome.REMOVED)
        sub = sub or claim.sub  # the claim got its user after a conflict
        if claim.run_id != self._parts.run_id or (claim.is_bound and claim.sub != sub):
            return _result(key, Outcome.KEPT, OTHER_RUN)
        if not claim.is_bound:
            return self._undo_unbound(key, sub, claim)
        items = self._read_items(claim)
        account = items.get(item_key(record.key(sub, "account")))
        if claim.created_user:
            reason = self._reason_to_keep(claim, account, items.get(item_key(mirror_of(self._parts, claim))))
            if reason:
                return _result(key, Outcome.KEPT, reason)
            self._delete_user(claim.sub)
        self._remove_items(claim, account)
        return _result(key, Outcome.REMOVED, "" if claim.created_user else HERE_BEFORE)

    def _read_items(self, claim: Claim) -> dict[tuple[str, str], Item]:
        return self._parts.table.read([record.key(claim.sub, "account"), mirror_of(self._parts, claim)])

    def _reason_to_keep(self, claim: Claim, account: Item | None, mirror: Item | None) -> str:
        """Return why a user whom the run created must stay; empty for no reason.

        Cognito does not document whether a sign-in changes `UserLastModifiedDate`. A sign-in alone may
        leave no trace: then the user is removed, and can be imported again.
        """
        if account is not None and not is_unchanged(account, self._parts.run_id):
            return CHANGED_ITEMS
        own_keys = {mirror_of(self._parts, claim)["SK"], owner_key(claim.sub, self._parts.source)["SK"]}
        used_data = self._find_used_data(claim.sub, own_keys)
        if used_data:
            return used_data
        existing = self._calls.find(claim.sub)
        if existing is None:
            return ""  # removed before, or the process was killed after that
        imported_at = (mirror or {}).get(POOL_MODIFIED_AT)
        is_changed = imported_at is not None and imported_at != modified_at(existing)
        return CHANGED_USER if is_changed else ""

    def _find_used_data(self, sub: str, own_keys: Container[str] = ()) -> str:
        """Return the reason to keep a user that an item in the user's partition shows; empty for no reason.

        Args:
            sub: The user.
            own_keys: Sort keys of items that are of the import, whatever run wrote them last.
        """
        names = ("SK", record.RUN_ID, *imported_items.ATTRIBUTES)
        items = [item for item in self._parts.table.read_user(sub, names) if item["SK"] not in own_keys]
        if any(item.get(record.RUN_ID) != self._parts.run_id for item in items):
            return NEW_ITEMS
        return "" if all(map(imported_items.is_as_imported, items)) else CHANGED_DATA

    def _delete_user(self, sub: str) -> None:
        """Delete a user in Cognito. A user who does not exist is ignored.

        Raises:
            PoolRefusedError: Cognito refuses to delete the user.
        """
        try:
            self._calls.call("admin_delete_user", Username=sub)
        except PoolRefusedError as error:
            if error.code != NOT_FOUND:
                raise

    def _undo_unbound(self, key: str, sub: str, claim: Claim) -> RecordResult:
        """Remove a claim without a user, and the user that a killed run created for it."""
        existing = self._calls.find(sub) if sub else None
        if existing is not None:
            attributes = {entry["Name"]: entry.get("Value") for entry in existing.get("UserAttributes", ())}
            is_named = attributes.get(OLD_ID_ATTRIBUTE) in {None, claim.old_id}
            reason = self._find_used_data(sub) or ("" if is_named else OTHER_RUN)
            if reason:
                return _result(key, Outcome.KEPT, reason)
            self._delete_user(sub)
        self._remove_claim(claim)
        return _result(key, Outcome.REMOVED)

    def _remove_items(self, claim: Claim, account: Item | None) -> None:
        """Remove the items of the run. Account and profile stay if the account is older or has changed."""
        run = {record.RUN_ID: self._parts.run_id}
        if account is None or is_unchanged(account, self._parts.run_id):
            for kind in ITEM_KINDS:
                self._parts.table.delete(record.key(claim.sub, kind), unchanged={**run, "auditHead": MISSING})
        self._parts.table.delete(mirror_of(self._parts, claim), unchanged=run)
        self._parts.table.delete(owner_key(claim.sub, self._parts.source), unchanged=run)
        self._remove_claim(claim)

    def _remove_claim(self, claim: Claim) -> None:
        self._parts.table.delete(claim.item, unchanged={record.RUN_ID: self._parts.run_id})


def _split_key(key: str) -> tuple[str, str]:
    """Return old ID and sub of a key. An old ID can contain a slash, a sub can't."""
    old_id, _, sub = key.removeprefix(_KEY_PREFIX).rpartition("/")
    return old_id, sub


def _result(key: str, outcome: Outcome, reason: str = "") -> RecordResult:
    return RecordResult(record_id=key, outcome=outcome, reason=reason)
