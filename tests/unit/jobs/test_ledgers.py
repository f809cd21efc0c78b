"""What both ledgers have in common: records, leases, fences, progress and keys."""

import pytest
from ledger_fixtures import TABLE_ARN, record
from userprofiles.jobs.errors import (
    LeaseLostError,
    LedgerError,
    RunExistsError,
    RunLockedError,
    RunNotFoundError,
)
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.ledger import CLOCK_SKEW_S, LEASE_S
from userprofiles.jobs.run_record import Request, RunState

RUN = "20260204T160000Z-1"
FIELDS = {
    "job": {"table": "v_users_dev", "segments": 2, "only": []},
    "table": TABLE_ARN,
    "started_by": "ops@host",
    "started_at": "2026-02-04T16:00:00Z",
    "code_version": "0.1.0+abc",
    "template_version": "basic 1",
    "plan_hash": "f00",
}


@pytest.fixture
def ledger(ledgers):
    return ledgers.open()


@pytest.fixture
def other(ledgers):
    """Return the ledger of another process."""
    return ledgers.open()


def wait_for_the_end_of_the_lease(clock):
    clock.now += LEASE_S + CLOCK_SKEW_S


def test_end_of_the_leases_of_units(ledger, other, clock):
    """The workers of a new execution wait for it."""
    ledger.create(record(RUN))
    assert other.units_locked_until(RUN) <= clock.now

    ledger.acquire_unit(RUN, 0)
    clock.now += 10
    _, lease = ledger.acquire_unit(RUN, 1)
    assert other.units_locked_until(RUN) == clock.now + LEASE_S + CLOCK_SKEW_S

    ledger.release(lease)
    assert other.units_locked_until(RUN) == clock.now - 10 + LEASE_S + CLOCK_SKEW_S


class TestRecords:
    def test_record_is_stored_with_the_time_of_the_change(self, ledger):
        ledger.create(record(RUN, **FIELDS))

        assert ledger.read(RUN) == record(RUN, **FIELDS, updated_at="2027-01-15T08:00:00Z")

    def test_run_id_is_used_once(self, ledger, other):
        ledger.create(record(RUN))

        with pytest.raises(RunExistsError, match=RUN):
            other.create(record(RUN))

    @pytest.mark.parametrize("run_id", ["missing", "../run", "", "x" * 65])
    def test_missing_run_is_an_error(self, ledger, run_id):
        for call in (ledger.read, ledger.acquire, ledger.is_locked, lambda run: ledger.request(run, None)):
            with pytest.raises(RunNotFoundError, match="userprofiles runs list"):
                call(run_id)

    def test_runs_are_listed_newest_first(self, ledger):
        for run_id in ("20260101T000000Z-b", "20260301T000000Z-a", "20260201T000000Z-c"):
            ledger.create(record(run_id))

        assert [run.run_id for run in ledger.list_runs()] == [
            "20260301T000000Z-a",
            "20260201T000000Z-c",
            "20260101T000000Z-b",
        ]

    def test_empty_ledger_has_no_runs(self, ledger):
        assert list(ledger.list_runs()) == []

    def test_damaged_record_is_an_error_with_its_place(self, ledgers, ledger):
        ledger.create(record(RUN))
        place = ledgers.damage(RUN)

        for call in (ledger.read, ledger.acquire, lambda _: list(ledger.list_runs())):
            with pytest.raises(LedgerError, match="is damaged") as error:
                call(RUN)
            assert place in str(error.value)

    def test_damaged_unit_is_an_error_with_its_place(self, ledgers, ledger):
        ledger.save_units(ledger.create(record(RUN)), {3: {"done": True}})
        place = ledgers.damage(RUN, 3)

        with pytest.raises(LedgerError, match="is damaged") as error:
            list(ledger.read_units(RUN))
        assert place in str(error.value)


class TestLeases:
    def test_second_process_is_refused_while_the_first_works(self, ledger, other):
        """F23: two runs at once: one wins."""
        ledger.create(record(RUN))

        assert other.is_locked(RUN)
        with pytest.raises(RunLockedError, match=f"stop it: userprofiles runs stop {RUN} --ledger-") as error:
            other.acquire(RUN)
        ends_with_its_process = isinstance(other, FileLedger)
        assert ("can be resumed after 2027-01-15T08:01:30Z" in str(error.value)) is not ends_with_its_process

    def test_released_run_can_be_acquired(self, ledger, other):
        ledger.release(ledger.create(record(RUN)), state=RunState.STOPPED, message="Ctrl-C", seconds=1.5)

        assert not other.is_locked(RUN)
        stored, lease = other.acquire(RUN)
        assert (stored.state, stored.message, stored.seconds) == (RunState.RUNNING, "", 1.5)
        assert other.read(RUN).state is RunState.RUNNING
        assert lease.token > 1

    def test_clock_that_is_ahead_takes_over_no_living_run(self, ledger, other, clock):
        ledger.create(record(RUN))
        clock.now += LEASE_S + CLOCK_SKEW_S - 1

        assert other.is_locked(RUN)
        with pytest.raises(RunLockedError):
            other.acquire(RUN)

    def test_renewed_lease_does_not_end(self, ledger, other, clock):
        lease = ledger.create(record(RUN))
        for _ in range(3):
            clock.now += LEASE_S
            stored, lease = ledger.renew(lease, counts={"processed": 7})

        assert stored.counts == {"processed": 7}
        with pytest.raises(RunLockedError):
            other.acquire(RUN)

    def test_stale_holder_can_write_nothing(self, ledger, other, clock):
        """F24: a stale lease holder wakes after a takeover: the fence rejects each of its writes."""
        stale = ledger.create(record(RUN))
        ledger.save_units(stale, {0: {"rows": 1}}, ["USER#a"])
        wait_for_the_end_of_the_lease(clock)
        _, lease = other.acquire(RUN)
        other.save_units(lease, {0: {"rows": 2}}, ["USER#b"])
        before = other.read(RUN)

        for write in (
            lambda: ledger.save_units(stale, {0: {"rows": 3}}, ["USER#c"]),
            lambda: ledger.renew(stale, counts={"processed": 3}),
            lambda: ledger.release(stale, state=RunState.DONE),
        ):
            with pytest.raises(LeaseLostError, match=f"runs watch {RUN}"):
                write()
        assert list(other.read_units(RUN)) == [(0, {"rows": 2})]
        assert sorted(other.read_keys(RUN)) == ["USER#a", "USER#b"]
        assert other.read(RUN) == before
        other.renew(lease)

    def test_stale_worker_can_write_nothing_after_another_process_saved_its_unit(self, ledger, other, clock):
        """The unit's next lease has another token, although its last save was not by a worker."""
        ledger.release(ledger.create(record(RUN)), state=RunState.STOPPED)
        _, stale = ledger.acquire_unit(RUN, 0)
        wait_for_the_end_of_the_lease(clock)
        _, run_lease = other.acquire(RUN)
        other.save_units(run_lease, {0: {"rows": 2}})
        other.acquire_unit(RUN, 0)

        with pytest.raises(LeaseLostError):
            ledger.save_units(stale, {0: {"rows": 1}})
        assert list(other.read_units(RUN)) == [(0, {"rows": 2})]

    def test_token_of_a_unit_grows_when_another_process_saves_it(self, ledger, other, clock):
        """F24: each of the former leases of the unit is refused, also that with the token of the run."""
        run_lease = ledger.create(record(RUN))
        stale = []
        for _ in range(4):
            _, lease = other.acquire_unit(RUN, 0)
            stale.append(lease)
            wait_for_the_end_of_the_lease(clock)

        ledger.save_units(run_lease, {0: {"rows": 2}})
        _, new = ledger.acquire_unit(RUN, 0)

        assert new.token > max(lease.token for lease in stale)
        for lease in stale:
            with pytest.raises(LeaseLostError):
                other.save_units(lease, {0: {"rows": 1}})
        assert list(other.read_units(RUN)) == [(0, {"rows": 2})]

    def test_save_of_a_worker_does_not_end_its_lease(self, ledger, other):
        ledger.create(record(RUN))
        _, lease = ledger.acquire_unit(RUN, 0)
        ledger.save_units(lease, {0: {"rows": 1}})

        with pytest.raises(RunLockedError):
            other.acquire_unit(RUN, 0)

    def test_released_lease_can_write_nothing(self, ledger):
        lease = ledger.create(record(RUN))
        ledger.release(lease, state=RunState.DONE)

        with pytest.raises(LeaseLostError):
            ledger.save_units(lease, {0: {"rows": 3}})

    def test_request_reaches_the_holder_and_ends_with_the_next_session(self, ledger, other):
        lease = ledger.create(record(RUN))

        assert other.request(RUN, Request.STOP).request is Request.STOP
        stored, lease = ledger.renew(lease, counts={"processed": 1})
        assert stored.request is Request.STOP
        ledger.release(lease, state=RunState.STOPPED)
        assert other.read(RUN).request is Request.STOP
        stored, _ = other.acquire(RUN)
        assert stored.request is None
        assert other.read(RUN).request is None

    def test_request_can_be_taken_back(self, ledger):
        lease = ledger.create(record(RUN))
        ledger.request(RUN, Request.STOP)
        ledger.request(RUN, None)

        assert ledger.renew(lease)[0].request is None


class TestUnits:
    def test_progress_is_replaced_and_read_in_the_order_of_the_units(self, ledger):
        lease = ledger.create(record(RUN))
        ledger.save_units(lease, {10: {"rows": 1}, 2: {"cursor": {"PK": {"S": "a"}}}})
        ledger.save_units(lease, {10: {"rows": 5}})

        assert list(ledger.read_units(RUN)) == [(2, {"cursor": {"PK": {"S": "a"}}}), (10, {"rows": 5})]

    @pytest.mark.long
    def test_many_units_and_keys_are_stored(self, ledger):
        """More than fit into one transaction and one item."""
        lease = ledger.create(record(RUN))
        keys = [f"USER#{number:06d}-{'x' * 30}" for number in range(6_000)]

        ledger.save_units(lease, {unit: {"unit": unit} for unit in range(200)}, keys)

        assert [unit for unit, _ in ledger.read_units(RUN)] == list(range(200))
        assert sorted(ledger.read_keys(RUN)) == keys

    def test_units_have_leases_of_their_own(self, ledger, other, clock):
        ledger.create(record(RUN))
        progress, lease = ledger.acquire_unit(RUN, 1)
        assert progress is None
        with pytest.raises(RunLockedError, match="unit 1"):
            other.acquire_unit(RUN, 1)
        other.acquire_unit(RUN, 2)

        ledger.save_units(lease, {1: {"rows": 1}}, ["USER#a"])
        stored, lease = ledger.renew(lease)
        assert stored.run_id == RUN
        wait_for_the_end_of_the_lease(clock)
        progress, next_lease = other.acquire_unit(RUN, 1)
        assert progress == {"rows": 1}
        for write in (
            lambda: ledger.save_units(lease, {1: {"rows": 9}}, ["USER#b"]),
            lambda: ledger.renew(lease),
            lambda: ledger.release(lease),
        ):
            with pytest.raises(LeaseLostError):
                write()
        other.release(next_lease)
        assert ledger.acquire_unit(RUN, 1)[0] == {"rows": 1}
        assert list(ledger.read_units(RUN)) == [(1, {"rows": 1})]
        assert list(ledger.read_keys(RUN)) == ["USER#a"]
