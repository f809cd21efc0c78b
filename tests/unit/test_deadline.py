import threading
import time
from collections.abc import Iterator

import pytest
from userprofiles.deadline import DeadlineExceededError, DeadlineRunner, TooManyAbandonedCallsError


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event for calls to hang on. It is set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def test_result_is_returned() -> None:
    assert DeadlineRunner().run(lambda: 7, 1) == 7


def test_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        DeadlineRunner().run(lambda: 1 / 0, 1)


def test_hanging_call_is_abandoned_at_the_deadline(gate: threading.Event) -> None:
    begin = time.monotonic()

    with pytest.raises(DeadlineExceededError):
        DeadlineRunner().run(gate.wait, 0.05)

    assert time.monotonic() - begin < 1


def test_next_call_does_not_wait_for_an_abandoned_call(gate: threading.Event) -> None:
    runner = DeadlineRunner()
    with pytest.raises(DeadlineExceededError):
        runner.run(gate.wait, 0.01)

    assert runner.run(lambda: "next", 1) == "next"


def test_process_does_not_wait_for_an_abandoned_call(gate: threading.Event) -> None:
    """The interpreter doesn't wait for daemon threads."""
    before = set(threading.enumerate())
    with pytest.raises(DeadlineExceededError):
        DeadlineRunner().run(gate.wait, 0.01)

    abandoned = set(threading.enumerate()) - before

    assert [thread.daemon for thread in abandoned] == [True]


def test_call_is_refused_while_too_many_calls_hang(gate: threading.Event) -> None:
    runner = DeadlineRunner(max_abandoned=2)
    for _ in range(2):
        with pytest.raises(DeadlineExceededError):
            runner.run(gate.wait, 0.01)

    with pytest.raises(TooManyAbandonedCallsError):
        runner.run(lambda: 7, 1)


def test_calls_are_accepted_again_after_the_hanging_calls_end(gate: threading.Event) -> None:
    runner = DeadlineRunner(max_abandoned=1)
    before = set(threading.enumerate())
    with pytest.raises(DeadlineExceededError):
        runner.run(gate.wait, 0.01)
    [abandoned] = set(threading.enumerate()) - before

    gate.set()
    abandoned.join(5)

    assert runner.run(lambda: 7, 1) == 7


def test_negative_time_means_no_waiting(gate: threading.Event) -> None:
    with pytest.raises(DeadlineExceededError):
        DeadlineRunner().run(gate.wait, -1)
