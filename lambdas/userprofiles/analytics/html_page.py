"""One self-contained HTML page with charts: no script, nothing from another server, no personal data."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any

from userprofiles.analytics.charts import bar_chart, column_chart, line_chart
from userprofiles.analytics.snapshots import Snapshot
from userprofiles.analytics.statistics import Statistics

_DAYS = 90
"""Days of sign-ups in the chart."""

# The page has no script. A browser must not load or run anything in any case.
_CONTENT_SECURITY_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)

_STYLE = """
:root { color-scheme: light dark; --bar: #3b6fb6; --line: #b6553b; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
svg .label { text-anchor: end; }
svg .bar { fill: var(--bar); }
svg .line { fill: none; stroke: var(--line); stroke-width: 2; }
svg .dot { fill: var(--line); }
svg .axis { stroke: currentColor; }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2rem; }
dt { font-size: 0.85rem; } dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
"""


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
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            _CONTENT_SECURITY_POLICY,
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Profiles in {escape(table)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Profiles in {escape(table)}</h1><p>Scanned at {escape(time)}</p><dl>",
            *(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items()),
            "</dl>",
            *(f"<h2>{escape(title)}</h2>{chart}" for title, chart in sections),
            "</body></html>\n",
        ]
    )


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
        ("Completion rate, trend", line_chart("Completion rate", labels, values["completionRate"], " %")),
        ("Users, trend", line_chart("Users", labels, values["users"])),
    ]
