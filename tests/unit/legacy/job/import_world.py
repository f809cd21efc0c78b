"""An import in memory: a source, a target that can kill the process at any call, and stages between them."""

import os
from collections import Counter
from dataclasses import dataclass

import pytest
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.documents.document_source import DamagedDocument, DocumentPage
from userprofiles.legacy.errors import SourceDamagedError
from userprofiles.legacy.job import import_work
from userprofiles.legacy.job.import_job import ImportJob, ImportOperation, ImportSlice
from userprofiles.legacy.job.import_rollback import RollbackWork, begin_rollback, has_unfinished_pages
from userprofiles.legacy.job.import_run import ImportRun
from userprofiles.legacy.job.import_verification import ImportVerification
from userprofiles.legacy.job.import_work import ImportWork
from userprofiles.legacy.job.listed_results import DIFFERENCES, LISTED, ListedResults
from userprofiles.legacy.job.record_reader import RecordReader
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordKind, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyContent, LegacyLink, LegacyUser

USERS, CONTENT = "users", "posts"
LIMITS = Limits(threads=2, checkpoint_every_s=0.0, heartbeat_s=60.0)
ONE_THREAD = Limits(threads=1, checkpoint_every_s=0.0, heartbeat_s=60.0)
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/users"


class Killed(BaseException):
    """The process was killed."""


class Source:
    """Collections in memory. A document that is a text is damaged; the end of a collection can be."""

    def __init__(self, collections):
        self.documents = {name: list(documents) for name, documents in collections.items()}
        self.damaged_from = {}
        self.pages_read = 0
        self.is_closed = False

    def identity(self):
        return {"kind": "memory", "collections": {name: len(rows) for name, rows in self.documents.items()}}

    def collections(self):
        return sorted(self.documents)

    def read_pages(self, collection, position=None, page_size=500):
        rows = self.documents[collection]
        start = position["index"] if position else 0
        while start < len(rows):
            if start >= self.damaged_from.get(collection, len(rows)):
                raise SourceDamagedError(f"{collection}.bson", f"byte {start}", "the document is cut off")
            page = rows[start : start + page_size]
            self.pages_read += 1
            yield DocumentPage(
                [row for row in page if isinstance(row, dict)],
                {"index": start + len(page)},
                [
                    DamagedDocument(f"line {number}", row)
                    for number, row in enumerate(page, start + 1)
                    if isinstance(row, str)
                ],
            )
            start += len(page)

    def close(self):
        self.is_closed = True


class Mapping:
    """Maps documents of `user` and `content`."""

    source_name = "test"
    users_collection = USERS
    content_collections = (CONTENT,)
    link_collections = ()

    def read_user(self, document):
        return LegacyUser(**document)

    def read_content(self, collection, document):
        return LegacyContent(collection=collection, **document)

    def read_link(self, collection, document):
        return LegacyLink(**document)


def user(old_id, **fields):
    """Return the document of a user."""
    defaults = dict.fromkeys(
        ("phone_number", "country_code", "email", "username", "first_name", "picture", "updated_at"), ""
    )
    flags = dict.fromkeys(
        ("email_notifications", "push_notifications", "is_phone_verified", "is_disabled"), False
    )
    lists = dict.fromkeys(("friends", "subscribers", "blocks", "problems"), ())
    other = {"visibility": "public", "premium": None, "digest": f"digest of {old_id}"}
    return {"old_id": old_id, **defaults, **flags, **lists, **other, **fields}


def content(old_id, owner_id, **fields):
    """Return the document of a content record."""
    texts = dict.fromkeys(("title", "text", "record_time", "updated_at"), "")
    lists = {"media": (), "problems": ()}
    return {
        "old_id": old_id,
        "owner_id": owner_id,
        **texts,
        **lists,
        "digest": f"digest of {old_id}",
        **fields,
    }


@dataclass
class Item:
    """What an import created: the run that did, the imported digest, and whether its user changed it."""

    run_id: str
    digest: str
    is_changed: bool = False


class Target:
    """What exists in AWS. Each write counts as a call, and one of them can kill the process."""

    def __init__(self):
        self.items = {}
        self.calls = 0
        self.kill_at = None
        self.fail_at = None
        self.on_call = lambda _number: None

    def call(self):
        self.calls += 1
        self.on_call(self.calls)
        if self.calls == self.kill_at:
            raise Killed
        if self.fail_at and self.calls == self.fail_at[0]:
            raise self.fail_at[1]

    def create(self, key, run_id, digest):
        """Create an item unless it exists. The process can be killed before and after the write."""
        self.call()
        self.items.setdefault(key, Item(run_id, digest))
        self.call()

    def contents(self):
        return {key: item.digest for key, item in self.items.items()}


class Stage:
    """Creates one item for each record: `item/<stage>/<old ID>`. A record with problems fails."""

    def __init__(self, name, reads, target, run_id):
        self.name = name
        self.reads = reads
        self.target = target
        self.run_id = run_id
        self.largest_page = 0
        self.seen = Counter()

    def _key(self, record):
        return f"item/{self.name}/{record.old_id}"

    def preview(self, records):
        return [self._preview(record) for record in records]

    def _preview(self, record):
        self.seen[getattr(record, "phone_number", "")] += 1
        if record.problems:
            return RecordResult(record_id=record.old_id, outcome=Outcome.FAILED, reason=record.problems[0])
        if self._key(record) in self.target.items:
            return RecordResult(record_id=record.old_id, outcome=Outcome.EXISTED)
        return RecordResult(record_id=record.old_id, outcome=Outcome.CREATED, counts={"edges": 2})

    def conflicts(self):
        if self.name != "users":
            return ()
        return [
            Conflict(kind="phone", record_ids=("a", "b"), proposal={"a": "import", "b": "skip"})
            for phone, count in self.seen.items()
            if phone and count > 1
        ]

    def estimate(self, records):
        return StageEstimate(
            calls={"UserCreation": len(records)},
            rollback_calls={"UserUpdate": len(records)},
            write_units=3.0 * len(records),
            rollback_write_units=1.0 * len(records),
        )

    def process(self, records):
        self.largest_page = max(self.largest_page, len(records))
        return [self._process(record) for record in records]

    def _process(self, record):
        if record.problems:
            return RecordResult(record_id=record.old_id, outcome=Outcome.FAILED, reason=record.problems[0])
        key = self._key(record)
        self.target.create(key, self.run_id, record.digest)
        if self.target.items[key].run_id != self.run_id:
            return RecordResult(record_id=record.old_id, outcome=Outcome.EXISTED)
        return RecordResult(
            record_id=record.old_id,
            outcome=Outcome.CREATED,
            keys=(key,),
            counts={"edges": 2},
            findings=("friend 99 is not in the source",) if record.old_id == "5" else (),
            write_units=1.5,
        )

    def update(self, records):
        return [self._update(record) for record in records]

    def _update(self, record):
        item = self.target.items.get(self._key(record))
        if item is None:
            return self._process(record)
        if item.digest == record.digest or item.is_changed:
            return RecordResult(record_id=record.old_id, outcome=Outcome.EXISTED)
        item.digest = record.digest
        return RecordResult(record_id=record.old_id, outcome=Outcome.UPDATED)

    def verify(self, records):
        return [self._verify(record) for record in records]

    def _verify(self, record):
        item = self.target.items.get(self._key(record))
        keys = (self._key(record),) if item and item.run_id == self.run_id else ()
        if item is None:
            outcome = Outcome.SKIPPED if record.problems else Outcome.FAILED
            return RecordResult(record_id=record.old_id, outcome=outcome, reason="not imported")
        if item.is_changed:
            return RecordResult(record_id=record.old_id, outcome=Outcome.CHANGED, reason="digest", keys=keys)
        outcome = Outcome.EXISTED if item.digest == record.digest else Outcome.FAILED
        return RecordResult(record_id=record.old_id, outcome=outcome, keys=keys)

    def undo(self, keys):
        return [self._undo(key) for key in keys]

    def _undo(self, key):
        item = self.target.items.get(key)
        if item and (item.is_changed or item.run_id != self.run_id):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason="changed since the run")
        self.target.call()
        self.target.items.pop(key, None)
        self.target.call()
        return RecordResult(record_id=key, outcome=Outcome.REMOVED)


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
