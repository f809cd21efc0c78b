"""A source in memory, and stages that return fixed results."""

from userprofiles.legacy.documents.document_source import DocumentPage
from userprofiles.legacy.job.stage import Outcome, RecordKind, RecordResult, StageEstimate


class MemorySource:
    """The collections of a population, or of other documents."""

    def __init__(self, collections):
        self._collections = collections
        self.is_closed = False

    def identity(self):
        return {}

    def collections(self):
        return sorted(self._collections)

    def read_pages(self, collection, position=None, page_size=500):
        documents = list(self._collections[collection])
        for start in range(0, len(documents), page_size):
            yield DocumentPage(documents[start : start + page_size], {"index": start})

    def close(self):
        self.is_closed = True


class FakeStage:
    """A stage with one outcome for all records, except those of the old IDs in `failed_ids`."""

    def __init__(self, name, outcome=Outcome.CREATED, failed_ids=()):
        self.name = name
        self.reads = RecordKind.CONTENT if name == "content" else RecordKind.USERS
        self.outcome = outcome
        self.failed_ids = set(failed_ids)
        self.estimated = 0
        self.pages = []

    def preview(self, records):
        return self.verify(records)

    def estimate(self, records):
        self.estimated += len(records)
        return StageEstimate()

    def verify(self, records):
        self.pages.append(len(records))
        return [
            RecordResult(record_id=record.old_id, outcome=Outcome.FAILED, reason="it is missing")
            if record.old_id in self.failed_ids
            else RecordResult(record_id=record.old_id, outcome=self.outcome)
            for record in records
        ]
