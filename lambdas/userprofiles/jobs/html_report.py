"""The report of a run as one self-contained HTML page: counts, reasons, throughput and latency.

The page has no ID, key or value of a user, so it can be shown to everybody who may know the counts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.jobs.charts import bar_chart, line_chart, value_table
from userprofiles.jobs.html_document import build_document

_OUTCOMES = ("created", "existed", "skipped", "failed")
_REASON_CHARACTERS = 60
_REASON_WIDTH = 400
_VERSIONS = {"Code": "codeVersion", "template": "templateVersion", "plan": "planHash"}
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]+\b")


def build_page(report: Mapping[str, Any]) -> str:
    """Build the page.

    Args:
        report: The report of a run, as `job_report.build_report` returns it.
    """
    skipped = report["skipped"]
    counts = {name: report[name] for name in ("created", "existed", "failed")} | {
        "skipped": sum(skipped.values())
    }
    outcomes = {name: counts[name] for name in _OUTCOMES} | dict(report.get("other", {}))
    sections = [
        ("Users by outcome", _counts("Users by outcome", "Outcome", outcomes)),
        ("Skipped users by reason", _counts("Skipped users by reason", "Reason", skipped)),
        ("Failed users by reason", _reasons(report["failureReasons"])),
        *([("Notes", _counts("Notes", "Note", report["notes"]))] if report.get("notes") else []),
        *_timeline_sections(report["timeline"]),
        ("Calls by operation", _counts("Calls by operation", "Operation", report["calls"])),
    ]
    return build_document(
        f"{_title(report)} of {report['table']}", _paragraphs(report), _figures(report), sections
    )


def _title(report: Mapping[str, Any]) -> str:
    return {"verify": "Verification", "rollback": "Rollback"}.get(report["operation"], "Migration")


def _paragraphs(report: Mapping[str, Any]) -> list[str]:
    state, start = report["state"], report["startedAt"]
    lines = [f"Run {report['runId']}, {state}. Started at {start}, engine {report['engine']}."]
    if report["message"]:
        lines.append(f"Last message: {report['message']}")
    versions = [f"{name} {_version(report[field])}" for name, field in _VERSIONS.items() if report[field]]
    if versions:
        lines.append(f"{', '.join(versions)}.")
    return lines


def _version(text: str) -> str:
    """Return a version with a short digest."""
    return _DIGEST.sub(r"\1", text)


def _figures(report: Mapping[str, Any]) -> dict[str, str]:
    seconds = report["seconds"]
    rate = report["processed"] / seconds if seconds else 0.0
    latency = report["latencyMs"]
    return {
        "Users": f"{report['processed']:,}",
        "Created": f"{report['created']:,}",
        "Failed": f"{report['failed']:,}",
        "Duration": _duration(seconds),
        "Users per second": f"{rate:,.0f}",
        "Read units": f"{report['capacity']['read']:,.0f}",
        "Write units": f"{report['capacity']['write']:,.0f}",
        "Latency p50 / p95": f"{latency['p50']:,.0f} / {latency['p95']:,.0f} ms",
    }


def _duration(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _counts(title: str, heading: str, counts: Mapping[str, int]) -> str:
    if not any(counts.values()):
        return "<p>None.</p>"
    labels = list(counts)
    chart = bar_chart(title, counts, label_width=_label_width(labels))
    return chart + value_table(heading, labels, {"Count": list(counts.values())})


def _reasons(reasons: Mapping[str, int]) -> str:
    """Return the chart of failure reasons, shortened, and a table with the whole reasons."""
    if not reasons:
        return "<p>None.</p>"
    labels = list(reasons)
    short = {_shorten(reason, number): reasons[reason] for number, reason in enumerate(labels)}
    chart = bar_chart("Failed users by reason", short, label_width=_label_width(list(short)))
    return chart + value_table("Reason", labels, {"Count": list(reasons.values())})


def _shorten(reason: str, number: int) -> str:
    """Return a reason that fits beside its bar, and differs from the others."""
    if len(reason) <= _REASON_CHARACTERS:
        return reason
    return f"{reason[: _REASON_CHARACTERS - 6]}… ({number + 1})"


def _label_width(labels: Sequence[str]) -> int:
    return min(_REASON_WIDTH, max(110, 24 + 7 * max(len(label) for label in labels)))


def _timeline_sections(timeline: Mapping[str, Any]) -> list[tuple[str, str]]:
    buckets = timeline["buckets"]
    if not buckets:
        return [("Over time", "<p>No measurements.</p>")]
    labels = [_duration(bucket["second"]) for bucket in buckets]
    call_labels = [_duration(bucket["second"]) for bucket in buckets if bucket["calls"]]
    users = {"Users per second": [bucket["usersPerSecond"] for bucket in buckets]}
    units = {"Write units per second": [bucket["writeUnitsPerSecond"] for bucket in buckets]}
    with_calls = [bucket for bucket in buckets if bucket["calls"]]
    latency = {name: [bucket["latencyMs"][name] for bucket in with_calls] for name in ("max", "p95", "p50")}
    return [
        ("Users per second", _lines("Users per second", labels, users)),
        ("Write units per second", _lines("Write units per second", labels, units)),
        (
            "Duration of a call (ms)",
            _lines("Duration of a call in milliseconds", call_labels, latency, " ms"),
        ),
    ]


def _lines(title: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], unit: str = "") -> str:
    return line_chart(title, labels, series, unit) + value_table("Time", labels, series)
