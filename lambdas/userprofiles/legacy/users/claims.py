"""The claims of an import: the only link between an old user and a user here.

A claim is written before the user is created in Cognito, and bound to the user after that. So a run that was
killed continues with its own user, never creates a second one, and a rollback knows what it created.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.legacy.users.addresses import address_hash, create_salt
from userprofiles.legacy.users.user_table import ItemUpdate, UserTable, item_key
from userprofiles.social import legacy_records
from userprofiles.table import record
from userprofiles.table.record import Item

OWNER_TYPE = "LEGACY_OWNER"


def owner_key(sub: str, source: str) -> dict[str, str]:
    """Return the key of the item that gives a user to one old user, `USER#<sub>`, `LEGACY#<source>`."""
    return {"PK": record.partition_key(sub), "SK": f"{legacy_records.PREFIX}{source}"}


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        item: The item.
    """

    item: Item

    @property
    def old_id(self) -> str:
        """The ID in the old application."""
        return str(self.item["PK"].split("#", 2)[2])

    @property
    def sub(self) -> str:
        """The user; empty if the claim is not bound."""
        return str(self.item.get("sub", ""))

    @property
    def run_id(self) -> str:
        """The run that wrote the claim last."""
        return str(self.item.get(record.RUN_ID, ""))

    @property
    def is_bound(self) -> bool:
        """Whether the claim is bound to a user."""
        return bool(self.item.get("state") == legacy_records.BOUND)

    @property
    def is_erased(self) -> bool:
        """Whether the user was imported and erased since. Nothing may bring the user back."""
        return bool(self.item.get("entityType") == legacy_records.ERASED_TYPE)

    @property
    def created_user(self) -> bool:
        """Whether an import created the user in Cognito."""
        return bool(self.item["createdUser"])

    @property
    def digest(self) -> str:
        """The digest of the imported values."""
        return str(self.item["digest"])

    @property
    def claimed_at(self) -> str:
        """When the first import claimed the old user, as `record.timestamp` formats it."""
        return str(self.item.get("claimedAt", self.item["updatedAt"]))

    def has_address(self, source: str, address: str) -> bool:
        """Return whether the claim is for this address."""
        actual = address_hash(source, self.item["addressSalt"], address)
        return bool(actual == self.item["addressHash"])


class Claims:
    """The claims of one source.

    Args:
        table: The users table.
        source: The name of the old application.
        run_id: The run.
        clock: Returns the current time.
    """

    def __init__(self, table: UserTable, source: str, run_id: str, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._source = source
        self._run_id = run_id
        self._clock = clock

    def read(self, old_ids: Iterable[str]) -> dict[str, Claim]:
        """Return the existing claims by old ID."""
        keys = [legacy_records.claim_key(self._source, old_id) for old_id in old_ids]
        claims = [Claim(item) for item in self._table.read(keys).values()]
        return {claim.old_id: claim for claim in claims}

    def begin(self, addresses: Mapping[str, tuple[LegacyUser, str]]) -> dict[str, Claim]:
        """Write new claims. Return the claims that exist then.

        Args:
            addresses: User and main address by old ID.
        """
        items = [self._new_item(user, address) for user, address in addresses.values()]
        results = self._table.insert(items)
        # A claim of this run may have been written by a call whose response was lost.
        is_new = all(result.outcome == "created" for result in results)
        if not is_new:
            return self.read(addresses)
        return {claim.old_id: claim for claim in map(Claim, items)}

    def renew(self, claim: Claim, user: LegacyUser, address: str) -> Claim | None:
        """Continue a claim that is not bound.

        Returns:
            The claim; None if another process has changed it since the read.
        """
        changes = {
            name: value
            for name, value in self._new_item(user, address).items()
            if name not in {"PK", "SK", "entityType", "claimedAt"}
        }
        return Claim({**claim.item, **changes}) if self._update(claim, changes) else None

    def bind(self, claim: Claim, sub: str, *, created_user: bool) -> Claim | None:
        """Bind a claim to a user, and give the user to this old user.

        Returns:
            The bound claim; None if the user belongs to another old user, or the claim was changed.
        """
        owner = {
            **owner_key(sub, self._source),
            "entityType": OWNER_TYPE,
            "oldId": claim.old_id,
            record.RUN_ID: self._run_id,
        }
        changes = {
            "state": legacy_records.BOUND,
            "sub": sub,
            "createdUser": created_user,
            "updatedAt": self._now(),
            record.RUN_ID: self._run_id,
        }
        update = ItemUpdate(claim.item, changes, self._version(claim))
        is_bound = self._table.write_all([update], [owner])
        if is_bound:
            return Claim({**claim.item, **changes})
        # A resumed run finds the result of a killed one.
        current = self.read([claim.old_id]).get(claim.old_id)
        return current if current is not None and current.is_bound and current.sub == sub else None

    def mark_conflict(self, claim: Claim) -> None:
        """Store that a claim can't be bound without a decision."""
        self._update(claim, {"state": legacy_records.CONFLICT, "updatedAt": self._now()})

    def set_digest(self, claim: Claim, digest: str) -> None:
        """Store the digest of the values that were imported last."""
        self._update(claim, {"digest": digest, "updatedAt": self._now()})

    def owner(self, sub: str) -> str | None:
        """Return the old ID of a user; None if the user has none."""
        key = owner_key(sub, self._source)
        item = self._table.read([key]).get(item_key(key))
        return None if item is None else str(item["oldId"])

    def _new_item(self, user: LegacyUser, address: str) -> Item:
        salt, now = create_salt(), self._now()
        item = legacy_records.claim_item(
            self._source,
            user.old_id,
            address_hash=address_hash(self._source, salt, address),
            address_salt=salt,
            digest=user.digest,
            updated_at=now,
            run_id=self._run_id,
        )
        return {**item, "claimedAt": now}

    def _update(self, claim: Claim, changes: Mapping[str, Any]) -> bool:
        return self._table.update(claim.item, changes, unchanged=self._version(claim))

    @staticmethod
    def _version(claim: Claim) -> dict[str, Any]:
        """Return the attributes that every write of a claim changes."""
        return {name: claim.item[name] for name in ("state", "updatedAt", "addressSalt", record.RUN_ID)}

    def _now(self) -> str:
        return record.timestamp(self._clock())
