"""The report of an import as one self-contained HTML page. It has no ID and no value of a user."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from userprofiles.jobs.charts import bar_chart, line_chart, value_table
from userprofiles.jobs.html_document import build_document

_LABEL_WIDTH = 320
_LABEL_CHARACTERS = 42


def build_page(report: Mapping[str, Any]) -> str:
    """Build the page.

    Args:
        report: The report, as `import_report.build_report` returns it.
    """
    sections = [
        ("All stages by outcome", _counts("Outcome", report["outcomes"])),
        *((_heading(stage), _stage(stage)) for stage in report["stages"]),
        ("Sums", _table("Sum", report["numbers"])),
        ("Checks", _checks(report["checks"])),
        ("Over time", _timeline(report["timeline"])),
    ]
    return build_document(
        f"{_title(report)} into {report['table']}", _paragraphs(report), _figures(report), sections
    )


def _title(report: Mapping[str, Any]) -> str:
    return str(report["kind"]).capitalize()


def _paragraphs(report: Mapping[str, Any]) -> list[str]:
    start = f"Started at {report['startedAt']}, engine {report['engine']}."
    lines = [f"Run {report['runId']}, {report['state']}. {start}"]
    if report["message"]:
        lines.append(f"Last message: {report['message']}")
    window = report["freezeWindow"]
    if window:
        lines.append(
            f"Freeze window: {window['seconds']:,.0f} s, from {window['from']} until {window['until']}."
        )
    return lines


def _figures(report: Mapping[str, Any]) -> dict[str, str]:
    seconds = report["seconds"]
    rate = report["processed"] / seconds if seconds else 0.0
    outcomes = {name.capitalize(): f"{count:,}" for name, count in report["outcomes"].items()}
    return {
        "Records": f"{report['processed']:,}",
        **outcomes,
        "Seconds": f"{seconds:,.1f}",
        "Records per second": f"{rate:,.0f}",
    }


def _heading(stage: Mapping[str, Any]) -> str:
    return f"Stage {stage['stage']}" + (f", collection {stage['collection']}" if stage["collection"] else "")


def _stage(stage: Mapping[str, Any]) -> str:
    return (
        _counts("Outcome", stage["outcomes"])
        + _table("Reason", stage["reasons"])
        + _table("Count", stage["numbers"])
    )


def _counts(heading: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return "<p>None.</p>"
    short = {_shorten(name): count for name, count in counts.items()}
    return bar_chart(heading, short, label_width=_LABEL_WIDTH)


def _shorten(label: str) -> str:
    return label if len(label) <= _LABEL_CHARACTERS else f"{label[: _LABEL_CHARACTERS - 1]}…"


def _table(heading: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{count:,}</td></tr>' for name, count in counts.items()
    )
    head = f'<thead><tr><th scope="col">{heading}</th><th scope="col">Number</th></tr></thead>'
    return f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


def _checks(checks: Sequence[Mapping[str, Any]]) -> str:
    rows = (f"<li>{'OK' if check['ok'] else 'WRONG'}: {escape(check['check'])}</li>" for check in checks)
    return f"<ul>{''.join(rows)}</ul>"


def _timeline(timeline: Mapping[str, Any]) -> str:
    buckets = timeline["buckets"]
    if not buckets:
        return "<p>No measurements.</p>"
    labels = [f"{bucket['second']:,.0f} s" for bucket in buckets]
    series = {"Records per second": [bucket["usersPerSecond"] for bucket in buckets]}
    return line_chart("Records per second", labels, series) + value_table("Time", labels, series)
