"""A retry of quarantined rows: new profiles, corrected counts, and a repetition after a kill."""

from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, Recorder, client_error, plain_user, plain_users, profile, run_backfill
from userprofiles.backfill.errors import BackfillFailedError, StoppedError
from userprofiles.backfill.failures.quarantine_retry import QuarantineRetry
from userprofiles.backfill.failures.quarantine_sink import QuarantineSink, quarantine_part
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.table_source import TableSource
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.jobs.file_quarantine import FileQuarantine

BROKEN = {"firstName": {"N": "7"}}


class SinkRecorder(Recorder):
    """An observer that records failures in the quarantine."""

    def __init__(self, sink):
        super().__init__()
        self._sink = sink

    def record_results(self, state, results):
        self._sink.record(state, results)
        super().record_results(state, results)


class World:
    """A run with failed rows, and its stored state."""

    def __init__(self, table, folder):
        self.table = table
        self.folder = folder
        self.job = Job("run-1", table.name, segments=1)
        self.limits = replace(LIMITS, chunk_rows=4)
        self.stop = Stop()
        self.saves = 0
        self.fail_at = None
        recorder = SinkRecorder(QuarantineSink(FileQuarantine(folder), "run-1"))
        run_backfill(table, recorder=recorder, limits=self.limits)
        self.stored = recorder.saved_states[0]

    def save(self, state, results):
        if self.saves == self.fail_at:
            raise KeyboardInterrupt  # a kill before the write
        self.saves += 1
        self.stored = state.to_json()

    def retry(self, **options):
        """Retry as a new process does, from the stored state."""
        state = SegmentState.from_json(self.stored)
        retry = QuarantineRetry(
            self.job,
            TableSource(self.job, self.limits),
            FileQuarantine(self.folder),
            Calls(self.table.client, self.table.location, self.stop, self.limits),
            save=self.save,
            warn=lambda _: None,
            stop=self.stop,
            limits=self.limits,
            **{"force": False} | options,
        )
        retry.retry_segment(state)
        return retry

    def counts(self):
        names = ("processed", "existed", "created", "failed", "skipped")
        return {name: self.stored[name] for name in names}

    def rows(self):
        part = quarantine_part(SegmentState.from_json(self.stored))
        return {row.row_id: row for row in FileQuarantine(self.folder).read(part)}

    def fix(self, *numbers):
        self.table.put(*(plain_user(f"bad{n}") for n in numbers))


@pytest.fixture
def world(create_table, tmp_path):
    """Run over 3 good and 6 bad rows."""
    bad_rows = [plain_user(f"bad{n}", **BROKEN) for n in range(6)]
    return World(create_table(*plain_users(3), *bad_rows), tmp_path / "quarantine")


def test_rows_are_quarantined_with_reason_and_digest_and_without_values(world):
    """F34: poison rows end in the quarantine, and the other users get profiles."""
    assert world.counts() == {"processed": 9, "existed": 0, "created": 3, "failed": 6, "skipped": {}}
    row = world.rows()["bad0"]
    assert row.key == {"PK": "bad0", "SK": "METADATA"}
    assert (row.reason, row.tries, len(row.sha256)) == ("firstName is a number, not a string", 1, 64)
    text = b"".join(path.read_bytes() for path in world.folder.iterdir()).decode()
    assert "example.com" not in text
    assert "Last" not in text


def test_message_of_aws_stays_out_of_the_quarantine(create_table, tmp_path):
    table = create_table(*plain_users(1))
    table.client.batch_errors = {"USER#user00": ["ValidationError"]}

    world = World(table, tmp_path)

    assert world.rows()["user00"].reason == "AWS rejected the item: ValidationError"


def test_fixed_rows_become_profiles_and_counts_balance(world):
    world.fix(0, 1, 2, 3, 4)
    world.table.moto.delete_item(
        TableName=world.table.name, Key={"PK": {"S": "bad4"}, "SK": {"S": "METADATA"}}
    )

    retry = world.retry()

    assert world.counts() == {
        "processed": 9,
        "existed": 0,
        "created": 7,
        "failed": 1,
        "skipped": {"rowMissing": 1},
    }
    assert retry.results == {"created": 4, "skipped": 1, "failed": 1}
    assert {name: row.tries for name, row in world.rows().items()} == {"bad5": 2}
    assert len(world.table.profiles()) == 7
    assert [path.name for path in world.folder.iterdir()] == ["000000-retry1.jsonl"]


def test_row_that_failed_three_times_stays_until_it_is_forced(world):
    world.retry()
    world.retry()
    assert {row.tries for row in world.rows().values()} == {3}
    world.fix(0, 1, 2, 3, 4, 5)

    assert world.retry().kept == 6
    assert world.counts()["failed"] == 6
    world.retry(force=True)

    assert (world.counts()["created"], world.counts()["failed"], world.rows()) == (9, 0, {})


@pytest.mark.long
def test_kill_at_every_write_of_the_state_loses_and_repeats_no_count(create_table, tmp_path):
    """F34: a retry that was killed is repeated, and the counts are those of an uninterrupted retry."""
    for kill_at in range(8):
        bad_rows = [plain_user(f"bad{n}", **BROKEN) for n in range(6)]
        table = create_table(*plain_users(3), *bad_rows, name=f"table_{kill_at}")
        world = World(table, tmp_path / str(kill_at))
        world.fix(0, 1, 2, 4, 5)
        world.fail_at = kill_at
        is_killed = False
        try:
            world.retry()
        except KeyboardInterrupt:
            is_killed = True
        world.fail_at = None
        if is_killed:
            world.retry()

        assert world.counts() == {"processed": 9, "existed": 0, "created": 8, "failed": 1, "skipped": {}}
        assert list(world.rows()) == ["bad3"]
    assert not is_killed


def test_insert_of_a_killed_retry_is_remembered_until_it_is_counted(world):
    """The planned inserts are stored before the inserts, so that the next retry knows its own profiles."""
    world.fix(0, 1, 2, 3, 4, 5)
    pending = []
    save = world.save

    def save_and_remember(state, results):
        save(state, results)
        pending.append(bool(world.stored["pendingInserts"]))

    world.save = save_and_remember
    world.retry()

    assert pending == [True, False, True, False, False]  # planned and counted twice, then the new file
    assert world.counts()["created"] == 9


def test_pending_inserts_of_the_run_survive_a_retry(world):
    """A killed run stored inserts that it may have executed. Rows of other users don't settle them."""
    state = SegmentState.from_json(world.stored)
    state.pending_inserts.add("2026-01-01T00:00:00Z", ["USER#other", "USER#bad0"])
    world.stored = state.to_json()
    world.fix(0)
    world.retry()

    pending = SegmentState.from_json(world.stored).pending_inserts
    assert pending.contains("USER#other", "2026-01-01T00:00:00Z")
    assert not pending.contains("USER#bad0")


def test_profile_of_a_killed_run_counts_as_created_by_the_retry(world):
    """The run planned the insert, and was killed after it."""
    state = SegmentState.from_json(world.stored)
    state.pending_inserts.add("2026-01-01T00:00:00Z", ["USER#bad0"])
    world.stored = state.to_json()
    world.fix(0, 1)
    world.table.put(profile("bad0", createdAt={"S": "2026-01-01T00:00:00Z"}), profile("bad1"))
    retry = world.retry()

    assert retry.results == {"created": 1, "existed": 1, "failed": 4}


def test_second_row_of_a_user_is_counted_as_existing(create_table, tmp_path):
    """F28: one profile, and each of the two rows is counted."""
    rows = [
        plain_user("bad0", **BROKEN),
        plain_user("bad0", **BROKEN) | {"PK": {"S": "bad0-second"}},
    ]
    world = World(create_table(*rows), tmp_path)
    assert world.counts()["failed"] == 2
    world.table.put(plain_user("bad0"), plain_user("bad0") | {"PK": {"S": "bad0-second"}})
    world.retry()

    assert world.counts() == {"processed": 2, "existed": 1, "created": 1, "failed": 0, "skipped": {}}
    assert len(world.table.profiles()) == 1


def test_row_that_is_twice_in_the_quarantine_is_counted_twice(create_table, tmp_path):
    """The first one is created; the second one exists then."""
    world = World(create_table(plain_user("bad0", **BROKEN)), tmp_path)
    state = SegmentState.from_json(world.stored)
    [row] = world.rows().values()
    FileQuarantine(world.folder).append(quarantine_part(state), [row])
    state.tally.failed += 1
    world.stored = state.to_json()
    world.fix(0)
    world.retry()

    assert world.counts() == {"processed": 2, "existed": 1, "created": 1, "failed": 0, "skipped": {}}


def test_error_keeps_the_counts_of_the_batch(world):
    """F26: an error ends a batch whose first rows were written."""
    world.fix(0, 1, 2, 3, 4, 5)
    calls = world.table.client.calls

    def fail_second_insert(operation, _):
        if operation == "BatchExecuteStatement" and sum(name == operation for name, _ in calls) == 3:
            raise client_error(operation, "ResourceNotFoundException")

    world.table.client.hooks = [fail_second_insert]
    with pytest.raises(BackfillFailedError, match="Table not found"):
        world.retry()
    world.table.client.hooks = []

    world.retry()

    assert world.counts() == {"processed": 9, "existed": 0, "created": 9, "failed": 0, "skipped": {}}


def test_stop_ends_the_retry_between_two_batches(world):
    world.fix(0, 1, 2, 3, 4, 5)
    save = world.save

    def save_and_stop(state, results):
        save(state, results)
        if results:
            world.stop.request()

    world.save = save_and_stop
    with pytest.raises(StoppedError):
        world.retry()

    assert (world.counts()["created"], world.counts()["failed"]) == (7, 2)
    world.stop, world.save = Stop(), save
    world.retry()
    assert (world.counts()["created"], world.counts()["failed"]) == (9, 0)
