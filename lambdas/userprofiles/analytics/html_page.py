"""One self-contained HTML page with charts: no script, nothing from another server, no personal data."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from userprofiles.analytics.snapshots import Snapshot
from userprofiles.analytics.statistics import Statistics
from userprofiles.jobs.charts import bar_chart, column_chart, line_chart
from userprofiles.jobs.html_document import build_document

_DAYS = 90
"""Days of sign-ups in the chart."""


def build_page(
    table: str, time: str, statistics: Statistics, snapshots: Sequence[Snapshot], today: date
) -> str:
    """Build the page.

    Args:
        table: Name of the table.
        time: When the table was scanned.
        statistics: The counts.
        snapshots: The daily snapshots, for the trends.
        today: The last day in the chart of sign-ups.
    """
    totals = statistics.totals()
    figures = {
        "Users": f"{statistics.users:,}",
        "Complete profiles": f"{statistics.complete:,}",
        "Completion rate": f"{statistics.completion_rate:.1f} %",
        "Without profile": f"{statistics.without_profile:,}",
        "Erased": f"{statistics.erased:,}",
    }
    sections = [
        ("Users by role", bar_chart("Users by role", totals["roles"])),
        ("Users by status", bar_chart("Users by status", totals["statuses"])),
        (
            "Users by completion",
            bar_chart(
                "Users by completion",
                {f"{name} %": count for name, count in totals["completionBands"].items()},
            ),
        ),
        (
            f"Sign-ups per day, last {_DAYS} days (UTC)",
            column_chart("Sign-ups per day", last_days(statistics.sign_ups, today, _DAYS)),
        ),
        *_trends(snapshots),
    ]
    return build_document(f"Profiles in {table}", [f"Scanned at {time}"], figures, sections)


def last_days(counts: Mapping[str, int], today: date, days: int) -> dict[str, int]:
    """Return the counts of the last days, with 0 for days without a count."""
    names = [(today - timedelta(days=number)).isoformat() for number in reversed(range(days))]
    return {name: counts.get(name, 0) for name in names}


def _trends(snapshots: Sequence[Snapshot]) -> list[tuple[str, str]]:
    if not snapshots:
        return []
    ordered = sorted(snapshots, key=lambda snapshot: str(snapshot["date"]))
    labels = [str(snapshot["date"]) for snapshot in ordered]
    values: dict[str, list[Any]] = {
        name: [snapshot[name] for snapshot in ordered] for name in ("completionRate", "users")
    }
    return [
        (
            "Completion rate, trend",
            line_chart("Completion rate", labels, {"Completion rate": values["completionRate"]}, " %"),
        ),
        ("Users, trend", line_chart("Users", labels, {"Users": values["users"]})),
    ]
