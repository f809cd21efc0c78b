"""A source, a mapping, a target and a stage in memory. The target can kill the process at any call."""

from collections import Counter
from dataclasses import dataclass

from userprofiles.legacy.documents.document_source import DamagedDocument, DocumentPage
from userprofiles.legacy.errors import SourceDamagedError
from userprofiles.legacy.job.stage import Conflict, Outcome, RecordResult, StageEstimate
from userprofiles.legacy.mapping.records import LegacyContent, LegacyLink, LegacyUser

USERS, CONTENT = "users", "posts"


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
    users_list_links = True

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
