"""Checks that nothing can be lost: backups of the old database, the tables, and the files.

* "Point-in-time backups for DynamoDB" (Amazon DynamoDB Developer Guide): a table with point-in-time recovery
  can be restored to any second of the last days.
* "Retaining multiple versions of objects with S3 Versioning" (Amazon S3 User Guide): a version survives when
  the object is overwritten or deleted.
"""

from datetime import UTC, date, datetime

from userprofiles.stack_setup.check_result import CheckFailedError, Status, call
from userprofiles.stack_setup.stack import Stack

MAX_BACKUP_DAYS = 7
"""The age of a backup of the old database, at most. A delta pass needs no newer one: it only reads."""


def check_source_backup(day: str, now: datetime) -> str:
    """Check the operator's confirmation that the old database has a backup.

    Args:
        day: The day of the backup as the operator gave it, such as `2026-01-31`; empty without one.
        now: The current time.
    """
    if not day:
        raise CheckFailedError(
            "nobody has confirmed a backup of the old database",
            "Create a backup (mongodump, or a snapshot in MongoDB Atlas), restore it once into an empty "
            "database, then pass its day: --source-backup YYYY-MM-DD.",
            Status.NOT_CHECKED,
        )
    try:
        backup_day = date.fromisoformat(day)
    except ValueError:
        raise CheckFailedError(
            f"{day!r} is not a day", "Pass the day of the backup as --source-backup YYYY-MM-DD."
        ) from None
    age = (now.astimezone(UTC).date() - backup_day).days
    if age < -1:  # a day can begin earlier where the operator is
        raise CheckFailedError(f"{day} is in the future", "Pass the day of the last backup.")
    if age > MAX_BACKUP_DAYS:
        raise CheckFailedError(
            f"the backup of {day} is {age} days old; allowed are {MAX_BACKUP_DAYS}",
            "Create a new backup of the old database, and pass its day.",
        )
    return f"confirmed by the operator, {day}"


def check_recovery(stack: Stack, table: str) -> str:
    """Check that a table has point-in-time recovery."""
    missing = CheckFailedError(f"table {table!r} doesn't exist", "Check the name and the region.")
    response = call(stack, "dynamodb", "describe_continuous_backups", missing=missing, TableName=table)
    recovery = response["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise CheckFailedError(
            f"table {table!r} has no point-in-time recovery",
            f"aws dynamodb update-continuous-backups --table-name {table} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        )
    return table


def check_versioning(stack: Stack, bucket: str, hint: str) -> str:
    """Check that a bucket keeps old versions of its objects.

    Args:
        stack: The stack.
        bucket: Name of the bucket; empty if the operator named none.
        hint: How to name it.
    """
    if not bucket:
        raise CheckFailedError("no bucket is named", hint, Status.NOT_CHECKED)
    missing = CheckFailedError(f"bucket {bucket!r} doesn't exist", "Check the name and the region.")
    response = call(stack, "s3", "get_bucket_versioning", missing=missing, Bucket=bucket)
    if response.get("Status") != "Enabled":
        raise CheckFailedError(
            f"bucket {bucket!r} has no versioning",
            f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
        )
    return bucket
