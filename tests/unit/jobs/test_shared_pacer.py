"""The rate that the workers of a run share through the ledger table."""

import pytest
from kill_switch import KillSwitch
from ledger_fixtures import LEDGER_TABLE, create_ledger_table
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.pacing import LocalPacer
from userprofiles.jobs.shared_pacer import SharedPacer


class Worker:
    """A process that writes batches. Its waits move the clock of all processes."""

    def __init__(self, client, clock, rate, run_id="run-1"):
        self.clock = clock
        local = LocalPacer(clock=clock)
        self.pacer = SharedPacer(client, LEDGER_TABLE, run_id, rate, clock=clock, local=local)

    def wait(self, seconds):
        self.clock.now += seconds
        return False

    def write(self, units=25.0):
        assert self.pacer.take(units, self.wait)
        self.pacer.report(units, units)


@pytest.fixture
def create_worker(dynamodb, clock):
    create_ledger_table(dynamodb)
    return lambda rate, **options: Worker(options.pop("client", dynamodb), clock, rate, **options)


@pytest.mark.parametrize("rate", [20.0, 200.0, 5_000.0])
@pytest.mark.sample(3)
def test_workers_together_keep_the_rate(create_worker, clock, rate):
    workers = [create_worker(rate) for _ in range(3)]
    started_at = clock.now

    for number in range(120):
        workers[number % 3].write()

    actual_rate = 120 * 25 / (clock.now - started_at)
    assert actual_rate == pytest.approx(rate, rel=0.1)


def test_high_rate_takes_few_calls(create_worker, dynamodb):
    switch = KillSwitch()
    worker = create_worker(5_000.0, client=switch.wrap(dynamodb))

    for _ in range(100):
        worker.write()

    assert switch.count <= 12


def test_unused_time_is_not_kept(create_worker, clock):
    """After a pause, the rate is not exceeded to catch up."""
    worker = create_worker(100.0)
    worker.write()
    clock.now += 3600
    started_at = clock.now

    for _ in range(20):
        worker.write()

    assert clock.now - started_at >= 19 * 0.25 - 0.01


def test_units_that_were_not_consumed_are_used_later(create_worker, clock):
    worker = create_worker(100.0)
    worker.write()
    started_at = clock.now
    for _ in range(10):
        worker.pacer.take(25.0, worker.wait)
        worker.pacer.report(25.0, 5.0)

    assert clock.now - started_at < 10 * 0.25 / 2


def test_units_above_the_expectation_are_paid_later(create_worker, clock):
    worker = create_worker(100.0)
    worker.write()
    started_at = clock.now
    for _ in range(10):
        worker.pacer.take(25.0, worker.wait)
        worker.pacer.report(25.0, 50.0)

    assert clock.now - started_at > 9 * 0.5 - 0.01


def test_runs_do_not_share_their_rates(create_worker, clock):
    create_worker(10.0, run_id="run-1").write()
    started_at = clock.now

    create_worker(10.0, run_id="run-2").write()

    assert clock.now == started_at


def test_rate_that_is_spent_exactly_now_can_be_reserved(create_worker, clock):
    worker = create_worker(10.0)
    worker.write()
    clock.now += 2.5

    worker.write()
    worker.write()

    assert worker.pacer._begins_at == clock.now


def test_throttled_worker_slows_down_by_itself(create_worker, clock):
    worker = create_worker(5_000.0)
    for _ in range(100):
        worker.write()
        clock.now += 0.1
    worker.pacer.report_throttled()
    started_at = clock.now

    for _ in range(10):
        worker.write()

    assert clock.now - started_at == pytest.approx(2.0, rel=0.1)  # 250 units, at half of 250 units per second


def test_stop_ends_the_wait(create_worker):
    worker = create_worker(10.0)
    worker.write()

    assert worker.pacer.take(25.0, lambda seconds: True) is False


def test_missing_permission_is_named(create_worker, dynamodb):
    dynamodb.delete_table(TableName=LEDGER_TABLE)

    with pytest.raises(LedgerError, match="dynamodb:UpdateItem"):
        create_worker(10.0).pacer.take(25.0, lambda seconds: False)
