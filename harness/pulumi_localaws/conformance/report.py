"""The truth table of a run, as text, JSON and Markdown."""

import json
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.conformance.runner import FAILS, HOLDS, NOT_TRIED, Outcome, Run

_BEHAVIOUR_WIDTH = 76
_MARKS = {HOLDS: "+", FAILS: "x", NOT_TRIED: "?"}


@dataclass(frozen=True)
class Table:
    """The outcomes of a run on a backend.

    Attributes:
        backend: Its name.
        version: Its version.
        endpoint: Its URL, or the region of AWS.
        date: The day of the run.
        run: The run.
    """

    backend: str
    version: str
    endpoint: str
    date: str
    run: Run

    def summarize(self) -> str:
        """Return the title and the counts."""
        counts = Counter(outcome.result for outcome in self.run.outcomes)
        numbers = ", ".join(f"{counts[result]} {name}" for result, name in _COUNT_NAMES.items())
        return f"{self.backend} {self.version} at {self.endpoint}, {self.date}: {numbers}"

    def to_json(self) -> str:
        """Return the table as JSON."""
        document: dict[str, Any] = {
            "backend": self.backend,
            "version": self.version,
            "endpoint": self.endpoint,
            "date": self.date,
            "facts": [
                {
                    "line": outcome.fact.line,
                    "behaviour": outcome.fact.behaviour,
                    "source": outcome.fact.source,
                    "result": outcome.result,
                    "observation": outcome.observation,
                }
                for outcome in self.run.outcomes
            ],
            "undeleted": self.run.undeleted,
        }
        return json.dumps(document, indent=2, ensure_ascii=False)


_COUNT_NAMES = {HOLDS: "hold", FAILS: "fail", NOT_TRIED: "not tried"}


def format_outcome(outcome: Outcome) -> str:
    """Return the lines of an outcome."""
    indent = " " * 16
    behaviour = textwrap.wrap(outcome.fact.behaviour, _BEHAVIOUR_WIDTH)
    head = f"{_MARKS[outcome.result]} {outcome.fact.line:>3} {outcome.result:<9} {behaviour[0]}"
    observation = textwrap.wrap(f"seen: {outcome.observation}", _BEHAVIOUR_WIDTH)
    if outcome.result == NOT_TRIED:
        observation = textwrap.wrap(f"because {outcome.observation}", _BEHAVIOUR_WIDTH)
    return "\n".join([head, *(indent + line for line in [*behaviour[1:], *observation])])


def is_success(run: Run) -> bool:
    """Return whether no fact fails, at least one holds, and everything was deleted."""
    results = {outcome.result for outcome in run.outcomes}
    return HOLDS in results and FAILS not in results and not run.undeleted
