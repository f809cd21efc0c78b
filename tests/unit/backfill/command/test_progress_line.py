"""Tests of rate and ETA, with a clock of the test."""

import io
from dataclasses import replace

import pytest
from userprofiles.backfill.command.progress_line import ProgressLine
from userprofiles.backfill.limits import COMMAND_LINE


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def show():
    """Show the progress at a time, and return the line."""
    clock, stream = Clock(), io.StringIO()
    line = ProgressLine(replace(COMMAND_LINE, line_every_s=0), stream, clock=clock)
    line.start(0, lambda: 10_000)

    def show(seconds, rows):
        clock.now = seconds
        line.show(rows, "x")
        return stream.getvalue().splitlines()[-1]

    return show


def test_eta_follows_the_rate_of_the_last_half_minute(show):
    assert show(10, 1_000) == "1,000 of about 10,000 rows, 100 rows/s, ETA 0:01:30, x"
    show(20, 2_000)
    show(30, 2_100)
    show(40, 2_200)
    assert show(50, 2_300) == "2,300 of about 10,000 rows, 10 rows/s, ETA 0:12:50, x"


def test_eta_of_a_run_that_waits_is_unknown(show):
    show(10, 1_000)
    show(50, 1_000)
    assert show(90, 1_000) == "1,000 of about 10,000 rows, 0 rows/s, ETA unknown, x"


def test_more_rows_than_expected_have_no_eta(show):
    assert show(10, 10_001) == "10,001 rows, 1,000 rows/s, x"
