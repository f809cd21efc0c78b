"""What the actions of the worker share: its settings, its ledger and its clients."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import WORKER, Limits
from userprofiles.backfill.state_machine.run_folder import RunFolder
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.jobs.bucket_quarantine import BucketQuarantine
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.pacing import Pacer
from userprofiles.jobs.shared_pacer import SharedPacer

RUN_LEASE_S = 300.0
"""Seconds that the lease of a run lasts after a worker last renewed it. It survives the waits of calls that
DynamoDB throttles, which end after `Limits.patience_s`."""


def seconds_since(started_at: str) -> float:
    """Return the seconds since the start of a run."""
    return max(0.0, time.time() - datetime.fromisoformat(started_at).timestamp())


@dataclass(frozen=True)
class Services:
    """What the actions of the worker share.

    Attributes:
        settings: The settings of the function.
        ledger: The ledger of the runs.
        dynamodb: A botocore DynamoDB client.
        s3: A botocore S3 client.
        warn: Logs a warning. The text never has data of a user.
        limits: Sizes and times of the run.
    """

    settings: WorkerSettings
    ledger: Ledger
    dynamodb: Any
    s3: Any
    warn: Callable[[str], None]
    limits: Limits = WORKER

    def location(self, table: str) -> TableLocation:
        """Return the table that the calls of a job go to."""
        return TableLocation(table, self.dynamodb.meta.region_name, self.dynamodb.meta.endpoint_url)

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder with the report of a run."""
        return RunFolder(self.s3, self.settings.bucket, run_id)

    def quarantine(self, run_id: str) -> BucketQuarantine:
        """Return the failed rows of a run."""
        return BucketQuarantine(self.s3, self.settings.bucket, run_id)

    def pacer(self, job: Job) -> Pacer | None:
        """Return the pacer with the rate that all workers of a run share; None without a rate."""
        if job.rate is None:
            return None
        return SharedPacer(self.dynamodb, self.settings.ledger_table, job.run_id, job.rate)
