"""Tests of `legacy.job.page_pipeline`."""

import threading

import pytest
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.page_pipeline import PagePipeline, window_pages


class Pages:
    """Counts the pages that are read and not recorded."""

    def __init__(self, count, error=None):
        self.count = count
        self.error = error
        self.recorded = []
        self.open = self.most_open = 0

    def __iter__(self):
        for number in range(self.count):
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            yield number
        if self.error:
            raise self.error

    def record(self, page, result):
        self.open -= 1
        self.recorded.append((page, result))


def run(pages, work, threads=3, stop=None):
    return PagePipeline(work, pages.record, threads=threads, stop=stop or Stop()).run(pages)


def test_records_in_the_order_of_the_pages():
    """Results are recorded in the order of their pages, although a later page is finished first."""
    pages = Pages(20)
    second_is_done = threading.Event()

    def work(page):
        if page == 0:
            assert second_is_done.wait(10)
        if page == 1:
            second_is_done.set()
        return page * 2

    assert run(pages, work)
    assert pages.recorded == [(number, number * 2) for number in range(20)]


def test_memory_is_bounded():
    """Pages in memory are limited, however many there are."""
    pages = Pages(500)

    run(pages, lambda page: page)

    assert pages.most_open <= window_pages(3)


def test_stop_leaves_no_gap():
    """After a stop, the recorded pages are the first ones."""
    pages = Pages(100)
    stop = Stop()

    def work(page):
        if page == 10:
            stop.request()
        return page

    assert not run(pages, work, stop=stop)
    numbers = [page for page, _ in pages.recorded]
    assert numbers == list(range(len(numbers)))
    assert 10 <= len(numbers) < 100


def test_error_of_a_page_leaves_no_gap():
    """Pages before the failed one are recorded, and its error is raised."""
    pages = Pages(100)

    def work(page):
        if page == 10:
            raise ValueError("page 10")
        return page

    with pytest.raises(ValueError, match="page 10"):
        run(pages, work)
    assert pages.recorded == [(number, number) for number in range(10)]


def test_error_of_the_reader_is_raised_after_the_pages_before_it():
    """All pages before the damage are recorded."""
    pages = Pages(5, error=OSError("damaged"))

    with pytest.raises(OSError, match="damaged"):
        run(pages, lambda page: page)
    assert len(pages.recorded) == 5
