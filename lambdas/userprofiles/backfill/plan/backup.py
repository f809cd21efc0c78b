"""The backup of a table before a run: point-in-time recovery, a named backup, or a new one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError, StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_description import TableDescription, call_table

POLL_S = 2.0
"""Seconds between two looks at a new backup."""

POINT_IN_TIME_RECOVERY = "point-in-time recovery"
NO_BACKUP = "none (--no-backup)"

_AVAILABLE = "AVAILABLE"
_CREATING = "CREATING"
_DYNAMODB_BACKUP = ":table/"


class BackupChoice(StrEnum):
    """What the operator wants."""

    REQUIRED = "required"
    CREATE = "create"
    NAMED = "named"
    NONE = "none"


@dataclass(frozen=True)
class BackupRequest:
    """The choice, and the ARN of a named backup.

    Attributes:
        choice: What the operator wants.
        arn: The ARN for NAMED.
    """

    choice: BackupChoice = BackupChoice.REQUIRED
    arn: str = ""


class Backups:
    """Backs up one table.

    Args:
        client: A botocore DynamoDB client.
        location: The table.
        table: Its description.
        stop: Ends the wait for a backup.
        poll_s: Seconds between two looks at a new backup.
    """

    def __init__(
        self,
        client: Any,
        location: TableLocation,
        table: TableDescription,
        stop: Stop,
        poll_s: float = POLL_S,
    ) -> None:
        self._client = client
        self._location = location
        self._table = table
        self._stop = stop
        self._poll_s = poll_s

    def ensure(self, request: BackupRequest, run_id: str, *, dry_run: bool = False) -> str:
        """Return how the table can be restored, after a check or the creation of the backup.

        Args:
            request: What the operator wants.
            run_id: The ID of the run, for the name of a new backup.
            dry_run: Whether no backup is created.

        Returns:
            The ARN of a backup, `POINT_IN_TIME_RECOVERY` or `NO_BACKUP`.

        Raises:
            RefusedError: The table has no backup, or the named one does not fit.
            BackfillFailedError: A call failed. Without a permission, the message names the action.
            StoppedError: A stop was requested during the wait for the backup.
        """
        match request.choice:
            case BackupChoice.NONE:
                return NO_BACKUP
            case BackupChoice.NAMED:
                return self._check(request.arn)
            case BackupChoice.CREATE:
                return "a new backup (--backup)" if dry_run else self._create(run_id)
        if self._table.pitr is None:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                "Access Denied (dynamodb:DescribeContinuousBackups on table "
                f"{self._location.table!r}): it is not known whether point-in-time recovery is on.\n"
                "Allow this action, or use --backup, --backup-arn ARN or --no-backup.",
            )
        if not self._table.pitr:
            raise RefusedError(
                f"Table {self._location.table!r} has no backup: point-in-time recovery is off.\n"
                "Turn it on, or use one of:\n  --backup          create a backup first\n"
                "  --backup-arn ARN  name a backup of this table\n  --no-backup       go without one"
            )
        return POINT_IN_TIME_RECOVERY

    def _create(self, run_id: str) -> str:
        response = call_table(
            self._client,
            "CreateBackup",
            self._location,
            TableName=self._location.table,
            BackupName=f"userprofiles-{run_id}",
        )
        arn: str = response["BackupDetails"]["BackupArn"]
        while self._status(arn) == _CREATING:
            if self._stop.wait(self._poll_s):
                raise StoppedError(
                    f"Stopped during the wait for the backup {arn}. No user was processed.\n"
                    f"To go on when it is available, apply the plan with --backup-arn {arn}"
                )
        return arn

    def _check(self, arn: str) -> str:
        """Check a named backup. The recovery points of AWS Backup have ARNs that DynamoDB can't describe."""
        if not arn.startswith("arn:") or (_DYNAMODB_BACKUP in arn and "/backup/" not in arn):
            raise RefusedError(
                f"--backup-arn {arn!r}: must be the ARN of a backup, such as {self._table.arn}/backup/0123…\n"
                "`aws dynamodb list-backups` lists the backups."
            )
        if "/backup/" not in arn:
            return arn
        if not arn.startswith(f"{self._table.arn}/backup/"):
            raise RefusedError(
                f"--backup-arn {arn!r} is a backup of another table.\nThis table is {self._table.arn}."
            )
        status = self._status(arn)
        if status != _AVAILABLE:
            raise RefusedError(
                f"--backup-arn {arn!r}: the backup is {status or 'missing'}, must be {_AVAILABLE}.\nWait "
                "until it is available, or name another backup."
            )
        return arn

    def _status(self, arn: str) -> str:
        try:
            response = call_table(self._client, "DescribeBackup", self._location, BackupArn=arn)
        except BackfillFailedError as error:
            if "BackupNotFoundException" in str(error):
                return ""
            raise
        return str(response["BackupDescription"]["BackupDetails"]["BackupStatus"])
