"""A process that is killed at any call, of the users table or the ledger: the resumed run counts exactly."""

import os
import threading
import time
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, Recorder, moto_client, plain_users
from kill_switch import KilledError
from userprofiles.backfill.failures.failure_sink import FailureSink
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_run import LedgerRun
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import Chunk, PlannedInserts, SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.jobs import ledger_progress
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.jobs.table_ledger import TableLedger

RUN = "run-1"
USERS = 7
SMALL = replace(LIMITS, page_rows=4, chunk_rows=4, checkpoint_every_s=0.0, heartbeat_s=60.0)
WRITES = ("create", "acquire", "save_units", "release")


class NoFailures(FailureSink):
    def record(self, state, results):
        pass

    def flush(self):
        pass


class Process:
    """A process that can be killed before or after one of its calls."""

    def __init__(self, table, ledger, kill_at=0, *, after=False):
        self.table = table
        self.calls = 0
        self._ledger = ledger
        self._kill_at = kill_at
        self._after = after
        self._is_dead = False
        if isinstance(ledger, TableLedger):  # a save has several calls
            ledger._table.call = self._wrap(ledger._table.call)
        for name in WRITES if isinstance(ledger, FileLedger) else ():
            setattr(self._ledger, name, self._wrap(getattr(self._ledger, name)))
        self.meta = table.client.meta
        self.scan = self._wrap(table.client.scan)
        self.batch_get_item = self._wrap(table.client.batch_get_item)
        self.batch_execute_statement = self._wrap(table.client.batch_execute_statement)

    def _wrap(self, call):
        def wrapped(*arguments, **parameters):
            if self._is_dead:
                raise KilledError
            self.calls += 1
            if self.calls != self._kill_at:
                return call(*arguments, **parameters)
            self._is_dead = True
            if self._after:
                call(*arguments, **parameters)
            raise KilledError

        return wrapped

    def run(self):
        job = Job(run_id=RUN, table=self.table.name, segments=1)
        try:
            result = LedgerRun(
                self._ledger,
                self,
                self.table.location,
                observer=Recorder(),
                failures=NoFailures(),
                stop=Stop(),
                limits=SMALL,
            ).start_or_resume(RunRecord(RUN, "backfill", "local", job.to_json()))
            assert result.error is None
        finally:  # the end of a process releases its locks
            for descriptor in getattr(self._ledger, "_held", {}).values():
                os.close(descriptor)


def file_ledgers(create_table, tmp_path, monkeypatch):
    return lambda name, session: FileLedger(tmp_path / name)


def table_ledgers(create_table, tmp_path, monkeypatch):
    """Each session begins after the end of the former lease. Each progress has an item of its own."""
    monkeypatch.setattr(ledger_progress, "_INLINE_BYTES", 0)

    def open_ledger(name, session):
        table = f"ledger-{name}"
        if not session:
            create_table(name=table)
        return TableLedger(moto_client(), table, lambda: time.time() + session * 1_000)

    return open_ledger


@pytest.mark.parametrize("ledgers", [file_ledgers, table_ledgers], ids=["folder", "table"])
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.sample(4)
def test_kill_at_every_call_loses_no_count(create_table, tmp_path, monkeypatch, after, ledgers):
    """F21, F36: also between the write of an item and that of the ledger."""
    open_ledger = ledgers(create_table, tmp_path, monkeypatch)
    uninterrupted = Process(create_table(*plain_users(USERS), name="uninterrupted"), open_ledger("all", 0))
    uninterrupted.run()
    assert uninterrupted.calls > 10

    for kill_at in range(1, uninterrupted.calls + 1):
        table = create_table(*plain_users(USERS), name=f"table-{kill_at}")
        with pytest.raises(KilledError):
            Process(table, open_ledger(str(kill_at), 0), kill_at, after=after).run()
        ledger = open_ledger(str(kill_at), 1)
        is_done = any(run.state is RunState.DONE for run in ledger.list_runs())
        if not is_done:  # else it was killed after its last write
            Process(table, open_ledger(str(kill_at), 1)).run()

        stored = ledger.read(RUN)
        counts = {name: stored.counts[name] for name in ("processed", "created", "existed", "failed")}
        assert counts == {"processed": USERS, "created": USERS, "existed": 0, "failed": 0}, kill_at
        assert set(ledger.read_keys(RUN)) == set(table.profiles())
        assert len(table.profiles()) == USERS


class SameUser:
    """Two segments with a row of the same user: both plan the insert, the first creates the profile."""

    def __init__(self):
        self.planned = threading.Barrier(2)
        self.created = threading.Event()

    def process(self, state):
        key = "USER#shared"
        yield Chunk([], rows=1, cursor={"PK": {"S": "a"}})  # the next save is in 1,000 s
        yield Chunk([], planned_inserts=PlannedInserts("2026-02-04T16:00:00Z", [key]))
        self.planned.wait(timeout=30)
        if state.segment == 0:
            results = [UserResult("shared", Outcome.CREATED)]
            keys = frozenset({key})
            yield Chunk(results, cursor={"PK": {"S": "b"}}, counted_keys=keys, created_keys=keys)
            self.created.set()
        self.created.wait(timeout=30)
        raise KilledError


def test_user_with_rows_in_two_segments_is_counted_once_after_a_kill(create_table, tmp_path):
    """F21: killed before the next save of the segment that counts the user."""
    table = create_table()
    ledger = FileLedger(tmp_path)
    job = Job(run_id=RUN, table=table.name, segments=2)
    runner = LedgerRun(
        ledger,
        table.client,
        table.location,
        observer=Recorder(),
        failures=NoFailures(),
        stop=Stop(),
        limits=replace(SMALL, threads=2, checkpoint_every_s=1_000.0),
        create_processor=lambda _: processor,
    )
    processor = SameUser()
    save_units = ledger.save_units

    def save(*arguments):
        if processor.created.is_set():
            raise KilledError
        save_units(*arguments)

    ledger.save_units = save
    with pytest.raises(KilledError):
        runner.start_or_resume(RunRecord(RUN, "backfill", "local", job.to_json()))

    states = [SegmentState.from_json(progress) for _, progress in ledger.read_units(RUN)]
    assert [state.tally.created for state in states] == [0, 0]
    assert [state.pending_inserts.contains("USER#shared") for state in states] == [True, False]
