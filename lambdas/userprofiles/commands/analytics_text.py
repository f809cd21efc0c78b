"""The statistics of `userprofiles analytics` as text and as JSON."""

import json
from collections.abc import Iterator, Mapping
from datetime import date

from userprofiles.analytics.html_page import last_days
from userprofiles.analytics.statistics import Statistics

_DAYS = 14
_BAR_WIDTH = 30


def format_json(table: str, time: str, statistics: Statistics) -> str:
    """Return the statistics as one JSON document."""
    return json.dumps({"table": table, "time": time, **statistics.to_json()}, indent=2) + "\n"


def format_text(table: str, statistics: Statistics, today: date) -> str:
    """Return the statistics as text, with the sign-ups of the last days."""
    totals = statistics.totals()
    lines = [
        f"Table {table}",
        f"Users:             {statistics.users:,}",
        f"Complete profiles: {statistics.complete:,} ({statistics.completion_rate:.1f} %)",
        f"Without profile:   {statistics.without_profile:,}",
        f"Erased:            {statistics.erased:,}",
    ]
    bands = {f"{name} %": count for name, count in totals["completionBands"].items()}
    for title, counts in {
        "By role": totals["roles"],
        "By status": totals["statuses"],
        "By completion": bands,
        f"Sign-ups per day, last {_DAYS} days (UTC)": last_days(statistics.sign_ups, today, _DAYS),
    }.items():
        lines.extend(["", title, *_bars(counts)])
    return "\n".join(lines) + "\n"


def _bars(counts: Mapping[str, int]) -> Iterator[str]:
    width = max((len(name) for name in counts), default=0)
    largest = max(counts.values(), default=0) or 1
    for name, count in counts.items():
        yield f"  {name:<{width}}  {count:>9,}  {'#' * round(_BAR_WIDTH * count / largest)}".rstrip()
