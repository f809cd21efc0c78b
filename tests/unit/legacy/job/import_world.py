"""An import in memory: processes that share a ledger, between the source and the target of `import_fakes`."""

import os

import pytest
from import_fakes import CONTENT, USERS, Mapping, Source, Stage, Target, user
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job import import_work
from userprofiles.legacy.job.import_job import ImportJob, ImportOperation, ImportSlice
from userprofiles.legacy.job.import_rollback import RollbackWork, begin_rollback, has_unfinished_pages
from userprofiles.legacy.job.import_run import ImportRun
from userprofiles.legacy.job.import_verification import ImportVerification
from userprofiles.legacy.job.import_work import ImportWork
from userprofiles.legacy.job.listed_results import DIFFERENCES, LISTED, ListedResults
from userprofiles.legacy.job.record_reader import RecordReader
from userprofiles.legacy.job.stage import RecordKind

LIMITS = Limits(threads=2, checkpoint_every_s=0.0, heartbeat_s=60.0)
ONE_THREAD = Limits(threads=1, checkpoint_every_s=0.0, heartbeat_s=60.0)
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/users"


class Observer:
    """Records what is shown."""

    def __init__(self):
        self.results = []
        self.warnings = []
        self.on_results = lambda: None

    def record_results(self, unit, results):
        self.results += results
        self.on_results()

    def show_progress(self, states, *, is_last):
        """Show nothing."""

    def warn(self, message):
        self.warnings.append(message)


class World:
    """A source, a target, and processes that share a ledger."""

    def __init__(self, folder):
        self.folder = folder
        self.source = Source({USERS: [user(str(number)) for number in range(60)], CONTENT: []})
        self.target = Target()
        self.mapping = Mapping()
        self.stop = Stop()
        self.observer = Observer()
        self.part = ImportSlice()
        self.limits = LIMITS
        self.ledgers = []

    def open_ledger(self):
        ledger = FileLedger(self.folder / "ledger")
        self.ledgers.append(ledger)
        return ledger

    def stages(self, run_id):
        return [
            Stage("users", RecordKind.USERS, self.target, run_id),
            Stage("content", RecordKind.CONTENT, self.target, run_id),
            Stage("links", RecordKind.USERS, self.target, run_id),
        ]

    def listed(self, run_id):
        outcomes = DIFFERENCES if run_id == "verification" else LISTED
        return ListedResults(self.folder / "quarantine" / run_id, run_id, outcomes)

    def work(self, run_id, act=import_work.process, **options):
        return ImportWork(
            self.stages(run_id), RecordReader(self.source, self.mapping, self.part), act, **options
        )

    def record(self, run_id="run1", operation=ImportOperation.IMPORT, **fields):
        job = ImportJob(run_id=run_id, operation=operation, stack={"users_table": "users"}, **fields)
        return RunRecord(run_id=run_id, kind=operation, engine="local", job=job.to_json(), table=TABLE_ARN)

    def execute(self, record, work):
        run = ImportRun(
            self.open_ledger(),
            work,
            observer=self.observer,
            listed=self.listed(record.run_id),
            stop=self.stop,
            limits=self.limits,
        )
        return run.start_or_resume(record)

    def run(self, run_id="run1", act=import_work.process, operation=ImportOperation.IMPORT, **options):
        """Start or resume a run in a process of its own."""
        return self.execute(self.record(run_id, operation), self.work(run_id, act, **options))

    def roll_back(self, run_id="run1", rollback_id="rollback1"):
        """Start or resume the rollback of a run in a process of its own."""
        ledger = self.open_ledger()
        run = ledger.read(run_id)
        if run.state is not RunState.ROLLED_BACK:
            work = self.work(run_id, import_work.verify) if has_unfinished_pages(run) else None
            begin_rollback(ledger, run, rollback_id, work, limits=self.limits, stop=self.stop)
        record = self.record(rollback_id, ImportOperation.ROLLBACK, of_run=run_id)
        return self.execute(record, RollbackWork(ledger, run_id, self.stages(run_id)))

    def verify(self, run_id="run1"):
        return ImportVerification(
            self.open_ledger(),
            run_id,
            self.work(run_id, import_work.verify),
            observer=self.observer,
            listed=self.listed("verification"),
            stop=self.stop,
            limits=self.limits,
        ).execute()

    def bury(self):
        """Release the locks that a killed process would have lost."""
        bury(self.ledgers)


def bury(ledgers):
    """Release the locks that killed processes would have lost."""
    for ledger in ledgers:
        for descriptor in ledger._held.values():
            os.close(descriptor)
        ledger._held.clear()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def small_pages(monkeypatch):
    """Pages of three records, so that few records have several pages."""
    monkeypatch.setattr(import_work, "PAGE_RECORDS", {})
    monkeypatch.setattr(import_work, "OTHER_PAGE_RECORDS", 3)
