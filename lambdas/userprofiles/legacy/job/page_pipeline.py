"""Processes pages with several threads, and returns their results in the order of the pages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from userprofiles.backfill.stop import Stop

P = TypeVar("P")
R = TypeVar("R")

_PAGES_PER_THREAD = 2


def window_pages(threads: int) -> int:
    """Return the number of pages that are read but not recorded, at most."""
    return threads * _PAGES_PER_THREAD


class PagePipeline(Generic[P, R]):
    """Reads pages in one thread, that of the caller, and processes them in others.

    The number of pages in memory is limited. After a stop or an error, what is recorded has no gap.

    Args:
        work: Processes a page, in any thread.
        record: Receives each page and its result, in order, in the thread of the caller.
        threads: The number of threads.
        stop: Ends the work: pages that no thread has begun are left.
    """

    def __init__(
        self, work: Callable[[P], R], record: Callable[[P, R], None], *, threads: int, stop: Stop
    ) -> None:
        self._work = work
        self._record = record
        self._threads = threads
        self._stop = stop
        self._window: deque[tuple[P, Future[R]]] = deque()

    def run(self, pages: Iterable[P]) -> bool:
        """Process pages. Return whether all of them are recorded.

        Raises:
            Exception: The error of the reader, after the pages before it are recorded; the error of `work`
                for the first page that failed; the error of `record`.
        """
        with ThreadPoolExecutor(self._threads, thread_name_prefix="import") as executor:
            try:
                return self._run(iter(pages), executor)
            finally:
                self._cancel_waiting_pages()

    def _run(self, pages: Iterator[P], executor: ThreadPoolExecutor) -> bool:
        read_error: Exception | None = None
        while not self._stop.is_requested:
            try:
                page = next(pages)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised again when the pages before it are recorded
                read_error = error
                break
            self._window.append((page, executor.submit(self._work, page)))
            while len(self._window) >= window_pages(self._threads) or (
                self._window and self._window[0][1].done()
            ):
                self._record_next()
        is_complete = self._record_window()
        if read_error:
            raise read_error
        return is_complete

    def _record_window(self) -> bool:
        """Record the pages in memory. Return whether the run may end here as complete."""
        while self._window and not self._stop.is_requested:
            self._record_next()
        if not self._stop.is_requested:
            return True
        self._cancel_waiting_pages()
        while self._window:
            self._record_next()
        return False

    def _record_next(self) -> None:
        page, future = self._window[0]
        result = future.result()
        self._window.popleft()
        self._record(page, result)

    def _cancel_waiting_pages(self) -> None:
        """Cancel pages that no thread has begun. They are the last ones, because threads begin in order."""
        while self._window and self._window[-1][1].cancel():
            self._window.pop()
