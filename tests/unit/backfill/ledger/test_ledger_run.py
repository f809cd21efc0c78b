"""Runs in a ledger: their records, their resume, and who may write when two of them meet."""

import json
import threading
import time
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, Recorder, account, client_error, plain_user, plain_users
from userprofiles.backfill.errors import BackfillError, ErrorKind, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_run import LedgerRun
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.ledger import CLOCK_SKEW_S, LEASE_S
from userprofiles.jobs.run_record import Request, RunRecord, RunState
from userprofiles.jobs.table_ledger import TableLedger

RUN = "run-1"
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/v_users_dev"
SMALL = replace(LIMITS, page_rows=5, chunk_rows=5, checkpoint_every_s=0.0, heartbeat_s=0.01)


class Failures:
    """A sink that keeps the failed users."""

    def __init__(self):
        self.user_ids = []

    def record(self, state, results):
        self.user_ids += [result.user_id for result in results if result.outcome == "failed"]


class Clock:
    """A clock that jumps."""

    def __init__(self):
        self.offset = 0.0

    def __call__(self):
        return time.time() + self.offset


class World:
    """A table, and processes that share a ledger in a folder."""

    def __init__(self, table, folder):
        self.table = table
        self.folder = folder
        self.clock = Clock()
        self.ledger = self.open()
        self.stop = Stop()
        self.recorder = Recorder()

    def open(self):
        return FileLedger(self.folder, self.clock)

    def record(self, run_id=RUN, **changes):
        settings = {"segments": 1, **changes.pop("job", {})}
        job = Job(run_id=run_id, table=self.table.name, **settings)
        return RunRecord(run_id, "backfill", "local", job.to_json(), table=ARN, **changes)

    def process(self, ledger=None, limits=SMALL):
        """Return the runner of one process."""
        self.stop = Stop()
        return LedgerRun(
            ledger or self.ledger,
            self.table.client,
            self.table.location,
            observer=self.recorder,
            failures=Failures(),
            stop=self.stop,
            limits=limits,
        )

    def run(self, ledger=None, **changes):
        return self.process(ledger).start_or_resume(self.record(**changes))

    def request_stop(self):
        """Stop the current process, as a signal does."""
        self.stop.request()

    def stored(self, run_id=RUN):
        return self.open().read(run_id)


@pytest.fixture
def create_world(create_table, tmp_path):
    return lambda *items: World(create_table(*items), tmp_path / "ledger")


@pytest.fixture
def world(create_world):
    return create_world(*plain_users(20))


def at_call(table, operation, number, action):
    """Do something at a call, once."""
    calls = []

    def hook(called_operation, parameters):
        if called_operation == operation:
            calls.append(operation)
            if len(calls) == number:
                action()

    table.client.hooks = [hook]


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met within 30 s"
        threading.Event().wait(0.001)


def counts(record):
    return {name: record.counts[name] for name in ("processed", "created", "existed", "failed")}


class TestRecord:
    def test_finished_run_has_its_counts_and_duration(self, world):
        result = world.run(started_by="ops@host", code_version="1")

        stored = world.stored()
        assert result.error is None
        assert result.is_complete
        assert (stored.state, stored.started_by, stored.message) == (RunState.DONE, "ops@host", "")
        assert counts(stored) == {"processed": 20, "created": 20, "existed": 0, "failed": 0}
        assert stored.counts["units"] == {"all": 1, "done": 1}
        assert stored.seconds > 0
        assert not world.ledger.is_locked(RUN)

    def test_plain_profiles_are_listed_and_marked_ones_are_not(self, world, create_table):
        world.run()
        assert sorted(world.ledger.read_keys(RUN)) == sorted(world.table.profiles())

        stack = World(create_table(account("a"), name="stack"), world.folder)
        stack.run(run_id="run-2", job={"shape": TableShape.STACK, "is_shape_explicit": True})
        assert stack.table.profiles()["USER#a"]["migrationRunId"] == {"S": "run-2"}
        assert list(stack.ledger.read_keys("run-2")) == []

    def test_profile_that_exists_at_the_insert_is_not_one_of_the_run(self, world):
        """A sign-up inserts a profile between the check and the insert: a rollback must not delete it."""
        sign_up = {"PK": {"S": "USER#user07"}, "SK": {"S": "PROFILE#MAIN"}}
        at_call(world.table, "BatchExecuteStatement", 2, lambda: world.table.put(sign_up))

        world.run()

        assert counts(world.stored()) == {"processed": 20, "created": 19, "existed": 1, "failed": 0}
        assert "USER#user07" not in set(world.ledger.read_keys(RUN))

    def test_finished_plan_is_refused(self, world):
        world.run(plan_hash="f00")

        with pytest.raises(RefusedError, match="already applied by run run-1"):
            world.run(plan_hash="f00")

    def test_ledger_has_no_data_of_users(self, create_world):
        """Only keys: those of rows as positions, and those of created profiles of the plain shape."""
        secret = {"email": {"S": "canary@example.com"}, "firstName": {"S": "Canary"}, "phone": {"S": "+491"}}
        world = create_world(
            *(plain_user(f"user{n:02d}", **secret) for n in range(12)),
            plain_user("bad", userId={"N": "4711"}, **secret),
        )
        at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)

        world.run()

        files = [path for path in world.folder.rglob("*") if path.is_file()]
        text = "".join(path.read_text() for path in files)
        assert world.stored().state is RunState.STOPPED
        assert "USER#user0" in text
        for value in ("canary", "Canary", "+491", "example.com"):
            assert value not in text
        assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


class TestStopAndResume:
    def test_request_stops_the_run_and_resume_continues_it(self, world):
        def request_stop():
            world.open().request(RUN, Request.STOP)
            wait_until(lambda: world.stop.is_requested)

        at_call(world.table, "BatchExecuteStatement", 2, request_stop)
        stopped = world.run()

        assert stopped.error is None
        assert not stopped.is_complete
        assert world.stored().state is RunState.STOPPED
        assert counts(world.stored())["created"] == len(world.table.profiles()) == 10
        resumed = world.run()
        assert resumed.is_complete
        assert world.recorder.messages == [f"Resuming run {RUN}."]
        assert counts(world.stored()) == {"processed": 20, "created": 20, "existed": 0, "failed": 0}
        assert world.stored().request is None
        assert sorted(world.ledger.read_keys(RUN)) == sorted(world.table.profiles())

    def test_resume_stores_the_rate_for_the_next_resume(self, world):
        at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)
        world.run(job={"rate": 600.0})
        at_call(world.table, "BatchExecuteStatement", 1, world.request_stop)

        world.run(job={"rate": 300.0})

        stored = world.stored()
        assert (stored.state, stored.job["rate"]) == (RunState.STOPPED, 300.0)

    def test_error_leaves_a_failed_run_without_the_message_of_aws(self, world):
        def fail(operation, parameters):
            if operation == "BatchExecuteStatement":
                raise client_error(operation, "ResourceInUseException", "canary@example.com")

        world.table.client.hooks = [fail]
        result = world.run()

        assert isinstance(result.error, BackfillError)
        assert world.stored().state is RunState.FAILED
        assert world.stored().message == "service: ResourceInUseException"
        world.table.client.hooks = []
        assert world.run().is_complete
        assert counts(world.stored())["created"] == 20

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"code_version": "2"}, "the code version was '1' and is now '2'"),
            ({"template_version": "b"}, "the template was 'a' and is now 'b'"),
            ({"plan_hash": "f01"}, "the plan was 'f00' and is now 'f01'"),
            ({"job": {"segments": 2}}, "the job was"),
        ],
    )
    @pytest.mark.sample(2)
    def test_resume_with_other_code_or_job_is_refused(self, world, changes, message):
        """F35: the code or its arguments changed between run and resume."""
        start = {"code_version": "1", "template_version": "a", "plan_hash": "f00"}
        at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)
        world.run(**start)

        with pytest.raises(RefusedError, match=message):
            world.run(**{**start, **changes})
        assert world.stored().state is RunState.STOPPED
        assert world.run(**start).is_complete

    def test_resume_has_the_rate_and_the_tolerance_of_now(self, create_world):
        world = create_world(*(plain_user(f"x{n}", userId={"N": "1"}) for n in range(3)), *plain_users(17))
        failed = world.run(job={"max_failures": 1, "rate": 500.0})
        assert failed.error.kind is ErrorKind.TOLERANCE
        world.table.client.calls.clear()

        assert world.run(job={"max_failures": 1, "rate": 500.0}).error.kind is ErrorKind.TOLERANCE
        assert world.table.client.calls == []
        resumed = world.run(job={"max_failures": 3, "rate": 900.0})

        assert resumed.is_complete
        assert (resumed.job.max_failures, resumed.job.rate) == (3, 900.0)

    def test_damaged_job_is_an_error(self, world):
        at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)
        world.run()
        path = world.folder / RUN / "run.json"
        document = json.loads(path.read_text())
        document["record"]["job"] = {"table": 7}
        path.write_text(json.dumps(document))

        with pytest.raises(BackfillError, match="The job of run run-1"):
            world.run()


class TestTwoRuns:
    def test_two_runs_at_once(self, world):
        """F23: two runs at once: the first wins, the second is refused and changes nothing."""
        errors = []

        def start_another():
            for run_id in (RUN, "run-2"):
                try:
                    process = World(world.table, world.folder).process()
                    process.start_or_resume(world.record(run_id))
                except RefusedError as error:
                    errors.append(str(error))

        at_call(world.table, "BatchExecuteStatement", 2, start_another)
        assert world.run().is_complete

        assert len(errors) == 2
        assert "Another process is working on run run-1" in errors[0]
        assert "Run run-1 (backfill) is working on the same table" in errors[1]
        assert "--allow-parallel" in errors[1]
        assert [run.run_id for run in world.ledger.list_runs()] == [RUN]
        assert counts(world.stored())["created"] == 20

    def test_run_on_another_table_is_no_obstacle(self, world):
        other = world.ledger.create(replace(world.record("run-0"), table=f"{ARN}-other"))

        assert world.run().is_complete
        world.ledger.release(other)

    def test_parallel_runs_can_be_allowed(self, world):
        def start_another():
            other = World(world.table, world.folder)
            other.process().start_or_resume(world.record("run-2"), allow_parallel=True)

        at_call(world.table, "BatchExecuteStatement", 2, start_another)
        world.run()

        created = [counts(run)["created"] for run in world.ledger.list_runs()]
        processed = [counts(run)["processed"] for run in world.ledger.list_runs()]
        assert sum(created) == len(world.table.profiles()) == 20
        assert processed == [20, 20]

    def test_run_that_started_during_the_check_is_seen(self, world, monkeypatch):
        """Both runs pass the first check. The second check, with the lease, stops the later one."""
        other = world.open()
        lease = other.create(world.record("run-0"))
        create = world.ledger.create
        runs = world.ledger.list_runs
        monkeypatch.setattr(world.ledger, "list_runs", lambda: iter(()))

        def create_and_see(record):
            monkeypatch.setattr(world.ledger, "list_runs", runs)
            return create(record)

        monkeypatch.setattr(world.ledger, "create", create_and_see)
        result = world.run()

        assert "Run run-0" in str(result.error)
        assert world.table.profiles() == {}
        other.release(lease)
        assert world.run().is_complete

    def test_stale_holder_wakes_after_a_takeover(self, world):
        """F24: its ledger write is rejected by the fence; its inserts stay harmless."""

        def take_over_and_finish():
            world.clock.offset = LEASE_S + CLOCK_SKEW_S + 1
            other = World(world.table, world.folder)
            other.clock.offset = world.clock.offset
            assert other.run().is_complete

        at_call(world.table, "BatchExecuteStatement", 2, take_over_and_finish)
        limits = replace(SMALL, heartbeat_s=60.0)  # this process sleeps, and renews nothing
        result = world.process(limits=limits).start_or_resume(world.record())

        assert isinstance(result.error, RefusedError)
        assert "Another process has taken over run run-1" in str(result.error)
        stored = world.stored()
        assert stored.state is RunState.DONE
        assert counts(stored)["processed"] == 20
        assert counts(stored)["created"] + counts(stored)["existed"] == 20
        assert len(world.table.profiles()) == 20

    def test_heartbeat_that_lost_the_lease_stops_the_run(self, world):
        renew = world.ledger.renew
        is_reachable = threading.Event()

        def renew_if_reachable(*arguments, **changes):
            if not is_reachable.is_set():
                raise LedgerError("The ledger could not be reached.")
            return renew(*arguments, **changes)

        def take_over():
            world.clock.offset = LEASE_S + CLOCK_SKEW_S + 1
            world.open().acquire(RUN)
            is_reachable.set()
            wait_until(lambda: world.stop.is_requested)

        world.ledger.renew = renew_if_reachable
        at_call(world.table, "BatchExecuteStatement", 2, take_over)
        result = world.run()

        assert isinstance(result.error, RefusedError)
        assert "Another process has taken over" in str(result.error)
        assert world.stored().state is RunState.RUNNING

    def test_ledger_that_is_away_for_a_whole_lease_stops_the_run(self, world):
        def fail(*_, **__):
            raise LedgerError("The ledger could not be reached.")

        create = world.ledger.create
        world.ledger.create = lambda record: replace(create(record), until=0.0)
        world.ledger.renew = fail
        at_call(world.table, "BatchExecuteStatement", 1, lambda: wait_until(lambda: world.stop.is_requested))
        result = world.run()

        assert result.error.kind is ErrorKind.LEDGER
        assert world.stored().state is RunState.FAILED
        del world.ledger.renew, world.ledger.create
        world.table.client.hooks = []
        assert world.run().is_complete
        assert counts(world.stored())["created"] == 20


class TestDamage:
    @pytest.mark.parametrize("number", [1, 2, 3, 5, 8])
    @pytest.mark.sample(3)
    def test_ledger_write_fails_after_item_write(self, world, number):
        """F36: the run stops and resumes; each user is counted once."""
        saves = []
        save_units = world.ledger.save_units

        def fail_once(*arguments):
            saves.append(number)
            if len(saves) == number:
                raise LedgerError("The ledger table 'job-ledger' could not be reached.")
            save_units(*arguments)

        world.ledger.save_units = fail_once
        failed = world.run()

        assert failed.error is not None
        assert failed.error.kind is ErrorKind.LEDGER
        assert world.stored().state is RunState.FAILED
        assert world.run().is_complete
        assert counts(world.stored()) == {"processed": 20, "created": 20, "existed": 0, "failed": 0}
        assert len(world.table.profiles()) == 20
        assert set(world.ledger.read_keys(RUN)) == set(world.table.profiles())

    def test_corrupted_unit_is_named_and_its_segment_can_be_processed_again(self, world):
        """F36: the scan of the segment is repeated: no item changes, and the counts add up."""
        at_call(world.table, "BatchExecuteStatement", 3, world.request_stop)
        world.run()
        unit = world.folder / RUN / "units" / "000000.json"
        unit.write_text(unit.read_text()[:-20])
        profiles = world.table.profiles()

        with pytest.raises(BackfillError, match=r"units/000000\.json is damaged") as error:
            world.run()
        assert "delete it" in str(error.value)
        assert not world.ledger.is_locked(RUN)
        unit.unlink()
        assert world.run().is_complete
        assert counts(world.stored()) == {"processed": 20, "created": 5, "existed": 15, "failed": 0}
        assert {key: world.table.profiles()[key] for key in profiles} == profiles

    def test_unit_of_another_segment_is_refused(self, world):
        at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)
        world.run()
        _, lease = world.ledger.acquire(RUN)
        [(_, progress)] = world.ledger.read_units(RUN)
        world.ledger.save_units(lease, {5: progress})
        world.ledger.release(lease)

        with pytest.raises(BackfillError, match="Unit 5 of run run-1"):
            world.run()

    def test_deleted_ledger_stops_the_run(self, world):
        def delete():
            (world.folder / RUN / "run.json").unlink()

        at_call(world.table, "BatchExecuteStatement", 2, delete)
        limits = replace(SMALL, heartbeat_s=60.0)  # a renewal at the same time writes the file again
        result = world.process(limits=limits).start_or_resume(world.record())

        assert "was deleted" in str(result.error)
        assert len(world.table.profiles()) == 10


class SeedLoop:
    """A literal rewrite of the old script's loop: a row whose PK does not begin with USER# is a user."""

    def __init__(self, client, table):
        self._client = client
        self._table = table

    def run(self):
        """Return the number of created profiles."""
        rows = self._client.scan(TableName=self._table)["Items"]
        created = 0
        for row in rows:
            if row["PK"]["S"].startswith("USER#"):
                continue
            user_id = row.get("userId", row["PK"])["S"]
            key = {"PK": {"S": f"USER#{user_id}"}, "SK": {"S": "PROFILE#MAIN"}}
            if "Item" in self._client.get_item(TableName=self._table, Key=key):
                continue
            self._client.put_item(TableName=self._table, Item={**key, "userId": {"S": user_id}})
            created += 1
        return created


@pytest.mark.parametrize("kind", ["file", "table"])
@pytest.mark.sample(2)
def test_loop_of_the_old_script_creates_nothing_after_a_run(world, create_table, kind):
    """Checkpoints and ledger are not rows of the users table, where the loop would read them as users."""
    ledger = world.ledger
    if kind == "table":
        ledger = TableLedger(create_table(name="job-ledger").moto, "job-ledger")
    at_call(world.table, "BatchExecuteStatement", 2, world.request_stop)
    world.run(ledger)
    rows = {item["PK"]["S"] for item in world.table.items()}
    assert all(key.startswith(("user", "USER#user")) for key in rows)

    assert world.run(ledger).is_complete
    before = world.table.digest()
    assert SeedLoop(world.table.moto, world.table.name).run() == 0
    assert world.table.digest() == before
