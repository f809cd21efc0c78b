"""Steps of the demo with their times: printed at once, and stored for the JSON document."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StepFailedError(Exception):
    """A step of the demo had an unexpected result."""


class Timeline:
    """Times each step in milliseconds.

    Args:
        quiet: Print to standard error, because standard output is only for the JSON document.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.stream = sys.stderr if quiet else sys.stdout
        self.start = time.perf_counter()
        self.steps: list[dict[str, Any]] = []

    def print_line(self, text: str = "") -> None:
        """Print a line of text."""
        print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a step, and yield its entry in the JSON document, to which the block can add keys.

        The value of the key ``shows`` is printed after the step's name.
        """
        entry: dict[str, Any] = {"step": name}
        start = time.perf_counter()
        try:
            yield entry
        except Exception:
            self.print_line(f"  FAILED       {name}")
            raise
        entry["ms"] = round((time.perf_counter() - start) * 1000)
        entry["atMs"] = round((start - self.start) * 1000)
        self.steps.append(entry)
        shows = f": {entry['shows']}" if "shows" in entry else ""
        self.print_line(f"  {entry['ms']:>6} ms    {name}{shows}")


def check(actual: object, expected: object, subject: str) -> None:
    """Raise `StepFailedError` unless both values are equal."""
    if actual != expected:
        raise StepFailedError(f"{subject}: expected {expected!r}, got {actual!r}")
