"""What happened when: printed as it happens, and kept for the JSON document."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StepFailedError(Exception):
    """A step of the demo isn't as it should be."""


class Timeline:
    """Times each step in milliseconds.

    Args:
        quiet: Print to standard error: the JSON document must stand alone on standard output.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.stream = sys.stderr if quiet else sys.stdout
        self.started = time.perf_counter()
        self.steps: list[dict[str, Any]] = []

    def say(self, text: str = "") -> None:
        """Print a line as it is."""
        print(text, file=self.stream, flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[dict[str, Any]]:
        """Time a step; what the block puts into the dictionary it is given goes into the JSON document.

        The key ``shows`` is printed behind the step's name.
        """
        entry: dict[str, Any] = {"step": what}
        began = time.perf_counter()
        try:
            yield entry
        except Exception:
            self.say(f"  FAILED       {what}")
            raise
        entry["ms"] = round((time.perf_counter() - began) * 1000)
        entry["atMs"] = round((began - self.started) * 1000)
        self.steps.append(entry)
        shows = f": {entry['shows']}" if "shows" in entry else ""
        self.say(f"  {entry['ms']:>6} ms    {what}{shows}")


def check(found: object, expected: object, what: str) -> None:
    """Raise `StepFailedError` unless both are equal."""
    if found != expected:
        raise StepFailedError(f"{what}: expected {expected!r}, found {found!r}")
