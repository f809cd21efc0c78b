"""Conditions of writes, named by their meaning."""

# The item doesn't exist: neither an item of a user nor the tombstone of an erased user.
ITEM_DOES_NOT_EXIST = "attribute_not_exists(PK)"
# The item exists and is not a tombstone.
LIVE_ITEM_EXISTS = "attribute_exists(PK) AND entityType <> :tombstone"
# No other write has happened since the item was read. A backfilled account has no audit head yet.
AUDIT_HEAD_IS_UNCHANGED = f"{LIVE_ITEM_EXISTS} AND auditHead = :auditHead"
AUDIT_HEAD_IS_STILL_MISSING = f"{LIVE_ITEM_EXISTS} AND attribute_not_exists(auditHead)"
# No other erasure has written the tombstone since it was read.
TOMBSTONE_IS_UNCHANGED = "entityType = :tombstone AND auditHead = :auditHead"
TOMBSTONE_HAS_NO_HEAD = "entityType = :tombstone AND attribute_not_exists(auditHead)"
