"""The storage that a user's uploads occupy. Pure functions.

    PK `USER#<sub>`, SK `STORAGE#MAIN`

Attributes: `entityType` (`STORAGE`) and `uploadedBytes`: the bytes of all uploads that were signed for the
user, also of those that never arrived. Imported media do not count.
"""

from userprofiles.table import record

SORT_KEY = "STORAGE#MAIN"
ENTITY_TYPE = "STORAGE"


def storage_key(sub: str) -> dict[str, str]:
    """Return the primary key of a user's storage."""
    return {"PK": record.partition_key(sub), "SK": SORT_KEY}
