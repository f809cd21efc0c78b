"""The backup before a run."""

import pytest
from backfill_fixtures import client_error
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, RefusedError, StoppedError
from userprofiles.backfill.plan.backup import BackupChoice, BackupRequest, Backups
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_description import TableDescription

TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/users"
BACKUP_ARN = f"{TABLE_ARN}/backup/01"


class Client:
    """Creates one backup, which has one status after the other."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)

    def create_backup(self, **_):
        return {"BackupDetails": {"BackupArn": BACKUP_ARN}}

    def describe_backup(self, **_):
        status = self.statuses.pop(0)
        if isinstance(status, Exception):
            raise status
        return {"BackupDescription": {"BackupDetails": {"BackupStatus": status}}}


def backups(client, stop=None, *, pitr=False):
    table = TableDescription(TABLE_ARN, "", (), False, None, 0, 0, False, (), (), "", pitr)
    return Backups(client, TableLocation("users", "eu-west-1", "AWS"), table, stop or Stop(), poll_s=0)


CREATE = BackupRequest(BackupChoice.CREATE)
NAMED = BackupRequest(BackupChoice.NAMED, BACKUP_ARN)


def test_waits_until_the_backup_is_available():
    client = Client("CREATING", "CREATING", "AVAILABLE")

    assert backups(client).ensure(CREATE, "run-1") == BACKUP_ARN
    assert client.statuses == []


def test_stop_during_the_wait_names_the_backup():
    stop = Stop()
    stop.request()

    with pytest.raises(StoppedError, match=f"--backup-arn {BACKUP_ARN}"):
        backups(Client("CREATING", "CREATING"), stop).ensure(CREATE, "run-1")


def test_missing_right_names_the_action():
    denied = client_error("DescribeBackup", "AccessDeniedException", "no")

    with pytest.raises(BackfillFailedError, match="dynamodb:DescribeBackup"):
        backups(Client(denied)).ensure(CREATE, "run-1")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("DELETED", "is DELETED, must be AVAILABLE"),
        (client_error("DescribeBackup", "BackupNotFoundException", "no"), "is missing, must be AVAILABLE"),
    ],
)
def test_named_backup_must_be_available(status, message):
    with pytest.raises(RefusedError, match=message):
        backups(Client(status)).ensure(NAMED, "run-1")


def test_recovery_point_of_aws_backup_is_accepted():
    """DynamoDB can't describe it."""
    arn = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1a2b"

    assert backups(Client()).ensure(BackupRequest(BackupChoice.NAMED, arn), "run-1") == arn


@pytest.mark.parametrize("arn", ["mine", TABLE_ARN])
def test_arn_that_is_not_one_of_a_backup(arn):
    with pytest.raises(RefusedError, match="must be the ARN of a backup"):
        backups(Client()).ensure(BackupRequest(BackupChoice.NAMED, arn), "run-1")


def test_dry_run_creates_no_backup():
    assert backups(None).ensure(CREATE, "run-1", dry_run=True) == "a new backup (--backup)"


def test_unknown_point_in_time_recovery_needs_a_choice():
    with pytest.raises(BackfillFailedError, match="dynamodb:DescribeContinuousBackups"):
        backups(None, pitr=None).ensure(BackupRequest(), "run-1")
