"""Tests of the token bucket, with a clock that only its waits move."""

import random
import threading

import pytest
from userprofiles.jobs.pacing import LocalPacer, Unlimited


class Clock:
    """Seconds that pass only while something waits."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds
        return False


@pytest.fixture
def clock():
    return Clock()


def write(pacer, clock, seconds, units=25, consumed=None):
    """Write as fast as the pacer allows, and return the consumed units per second."""
    until, began_at, total = clock.now + seconds, clock.now, 0
    while clock.now < until:
        assert pacer.take(units, clock.wait)
        used = units if consumed is None else consumed()
        pacer.report(units, used)
        total += used
        clock.now += 0.001  # the call itself
    return total / (clock.now - began_at)


@pytest.mark.parametrize("rate", [1, 30, 200, 5_000])
def test_rate_is_held_within_5_percent(clock, rate):
    pacer = LocalPacer(rate, clock)

    assert write(pacer, clock, 60, units=min(25, rate)) == pytest.approx(rate, rel=0.05)


def test_rate_is_held_if_the_items_are_larger_than_expected(clock):
    pacer = LocalPacer(200, clock)
    sizes = random.Random(4)

    assert write(pacer, clock, 60, consumed=lambda: sizes.randint(25, 75)) == pytest.approx(200, rel=0.05)


def test_short_run_does_not_exceed_the_rate(clock):
    pacer = LocalPacer(200, clock)

    assert write(pacer, clock, 2) <= 200 * 1.1


def test_budget_of_an_idle_time_is_at_most_one_second(clock):
    pacer = LocalPacer(200, clock)
    clock.now += 3600

    assert write(pacer, clock, 10) <= 200 * 1.15


def test_threads_share_the_rate(clock):
    """Each thread reserves its units, so the threads wait one after the other."""
    pacer = LocalPacer(100, clock)
    waits = []
    lock = threading.Lock()

    def wait(seconds):
        with lock:
            waits.append(seconds)
        return False

    threads = [threading.Thread(target=pacer.take, args=(25, wait)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(waits) == pytest.approx([0.15 + 0.25 * n for n in range(8)])


def test_stopped_wait_returns_its_units(clock):
    pacer = LocalPacer(10, clock)

    assert pacer.take(1_000, lambda _: True) is False
    assert write(pacer, clock, 60, units=5) == pytest.approx(10, rel=0.05)


def test_throttling_halves_the_rate_once_for_all_threads(clock):
    pacer = LocalPacer(200, clock)
    for _ in range(8):
        pacer.report_throttled()
        clock.now += 0.01

    assert pacer.rate == 100


def test_rate_grows_back_to_the_limit(clock):
    pacer = LocalPacer(200, clock)
    pacer.report_throttled()

    rates = []
    for _ in range(12):
        clock.now += 1
        rates.append(round(pacer.rate))

    assert rates == [100, 110, 121, 133, 146, 161, 177, 195, 200, 200, 200, 200]


def test_without_a_limit_nothing_waits_until_a_throttling(clock):
    pacer = LocalPacer(None, clock)
    clock.wait = None

    for _ in range(100):
        assert pacer.take(25, clock.wait)
        clock.now += 0.1
    assert pacer.rate is None

    pacer.report_throttled()
    assert pacer.rate == pytest.approx(125, rel=0.1)  # half of 250 units per second
    clock.now += 11
    assert pacer.rate == pytest.approx(325, rel=0.1)  # until twice the rate before
    clock.now += 5
    assert pacer.rate is None


def test_without_a_limit_the_rate_recovers(clock):
    pacer = LocalPacer(None, clock)
    for _ in range(60):
        pacer.take(25, clock.wait)
        clock.now += 0.1
    for _ in range(60):
        pacer.report_throttled()
        clock.now += 1
    assert pacer.rate == 25  # a batch per second

    clock.now += 60
    assert pacer.rate is None


def test_limit_below_a_batch_is_not_lowered(clock):
    pacer = LocalPacer(5, clock)
    pacer.report_throttled()

    assert pacer.rate == 5


def test_unlimited_pacer_never_waits():
    pacer = Unlimited()
    pacer.report_throttled()
    pacer.report(1, 2)

    assert pacer.take(1_000_000, None)
