import threading
import time
from collections.abc import Iterator

import pytest
from userprofiles.deadline import DeadlineExceededError, TooManyLeftBehindError, Workers


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Something to hang on, opened when the test is over."""
    opened = threading.Event()
    yield opened
    opened.set()


def test_result_comes_back() -> None:
    assert Workers().run(lambda: 7, 1) == 7


def test_error_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        Workers().run(lambda: 1 / 0, 1)


def test_call_that_hangs_is_left_behind_on_time(gate: threading.Event) -> None:
    begin = time.monotonic()

    with pytest.raises(DeadlineExceededError):
        Workers().run(gate.wait, 0.05)

    assert time.monotonic() - begin < 1


def test_next_call_does_not_wait_for_the_one_left_behind(gate: threading.Event) -> None:
    workers = Workers()
    with pytest.raises(DeadlineExceededError):
        workers.run(gate.wait, 0.01)

    assert workers.run(lambda: "next", 1) == "next"


def test_process_does_not_wait_for_a_call_left_behind(gate: threading.Event) -> None:
    """Daemon threads alone let the interpreter end."""
    before = set(threading.enumerate())
    with pytest.raises(DeadlineExceededError):
        Workers().run(gate.wait, 0.01)

    left = set(threading.enumerate()) - before

    assert [thread.daemon for thread in left] == [True]


def test_calls_are_refused_at_once_while_too_many_hang(gate: threading.Event) -> None:
    workers = Workers(most_left_behind=2)
    for _ in range(2):
        with pytest.raises(DeadlineExceededError):
            workers.run(gate.wait, 0.01)

    with pytest.raises(TooManyLeftBehindError):
        workers.run(lambda: 7, 1)


def test_calls_go_on_when_those_that_hung_have_ended(gate: threading.Event) -> None:
    workers = Workers(most_left_behind=1)
    before = set(threading.enumerate())
    with pytest.raises(DeadlineExceededError):
        workers.run(gate.wait, 0.01)
    [left] = set(threading.enumerate()) - before

    gate.set()
    left.join(5)

    assert workers.run(lambda: 7, 1) == 7


def test_no_time_left_means_no_waiting(gate: threading.Event) -> None:
    with pytest.raises(DeadlineExceededError):
        Workers().run(gate.wait, -1)
