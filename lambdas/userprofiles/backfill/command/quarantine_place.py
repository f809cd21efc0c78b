"""Finds the failed rows of a run: in the bucket of its report, or else in a folder of this machine."""

import argparse
from pathlib import Path
from typing import Any

from userprofiles import aws
from userprofiles.backfill.command.checkpoint_folder import state_directory
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.jobs.bucket_quarantine import BucketQuarantine
from userprofiles.jobs.counted import counted
from userprofiles.jobs.errors import RunNotFoundError
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.quarantine import Quarantine
from userprofiles.jobs.run_record import RunRecord

_S3 = "s3://"


def quarantine_folder(run_id: str) -> Path:
    """Return the folder of a run's failed rows on this machine."""
    return state_directory() / "userprofiles" / "quarantine" / run_id


def create_s3(region: str | None, endpoint_url: str | None, *, read_s: float = 30) -> Any:
    """Create an S3 client. `read_s` are the seconds to wait for the next byte of a response."""
    style = "path" if endpoint_url else None  # the host of a local AWS has no names of buckets
    return aws.client("s3", read_s=read_s, region=region, endpoint_url=endpoint_url, addressing_style=style)


def bucket_of(record: RunRecord) -> str | None:
    """Return the bucket of a run's report, or None."""
    return record.report.removeprefix(_S3).split("/")[0] if record.report.startswith(_S3) else None


def open_quarantine(
    run_id: str, bucket: str | None, *, region: str | None, endpoint_url: str | None
) -> Quarantine:
    """Return the quarantine of a run: in the bucket, or without one in a folder of this machine."""
    if bucket:
        return BucketQuarantine(create_s3(region, endpoint_url), bucket, run_id)
    return FileQuarantine(quarantine_folder(run_id))


def open_own_quarantine(ledger: Ledger, run_id: str, values: argparse.Namespace) -> Quarantine:
    """Return the quarantine of a run that this process starts or resumes.

    A run that is resumed keeps the place in which it began.

    Raises:
        BackfillError: The ledger can't be read.
    """
    with ledger_errors():
        try:
            bucket = bucket_of(ledger.read(run_id))
        except RunNotFoundError:
            bucket = values.bucket
    return open_quarantine(run_id, bucket, region=values.region, endpoint_url=values.endpoint_url)


def failed_users_message(ledger: Ledger, run_id: str, failed: int, bucket: str | None) -> str:
    """Return the message for the failed users of a run, with the commands for them."""
    options = ["--bucket", bucket] if bucket else []
    commands = (
        command_line(ledger, "backfill", "quarantine", word, run_id, *options) for word in ("list", "retry")
    )
    users = counted(failed, "user")
    text = f"Failed: {users}. To list them with their reasons, and to retry them after a fix:"
    return "\n  ".join([text, *commands])


def find_quarantine(record: RunRecord, values: argparse.Namespace) -> Quarantine:
    """Return the quarantine of a stored run.

    Raises:
        RefusedError: The run has failed rows, and they are on another machine or in a bucket that is unknown.
    """
    quarantine = open_quarantine(
        record.run_id,
        bucket_of(record) or values.bucket,
        region=values.region,
        endpoint_url=values.endpoint_url,
    )
    if isinstance(quarantine, FileQuarantine) and record.counts.get("failed") and not quarantine.exists:
        raise RefusedError(
            f"The failed rows of run {record.run_id} are not in {quarantine.name}.\n"
            "Use the machine that executed the run, or name the bucket of the run with --bucket."
        )
    return quarantine
