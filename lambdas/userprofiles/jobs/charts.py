"""Bar charts and line charts as inline SVG without scripts, and the table of a chart's values."""

from collections.abc import Mapping, Sequence
from html import escape

_BAR_HEIGHT, _GAP, _LABEL_WIDTH, _BAR_WIDTH, _VALUE_WIDTH = 22, 8, 110, 420, 110
_WIDTH, _HEIGHT, _MARGIN = 640, 200, 30
_LEGEND_WIDTH = 110

Series = Mapping[str, Sequence[float]]
"""The values of each line of a chart, by the line's name."""


def bar_chart(title: str, counts: Mapping[str, int], *, label_width: int = _LABEL_WIDTH) -> str:
    """Return a chart with one horizontal bar for each count.

    Args:
        title: The title, for screen readers.
        counts: The counts by label.
        label_width: The width of the longest label in pixels.
    """
    total, largest = sum(counts.values()), max(counts.values(), default=0) or 1
    rows = []
    for number, (label, count) in enumerate(counts.items()):
        y = number * (_BAR_HEIGHT + _GAP)
        width = _BAR_WIDTH * count / largest
        percent = 100 * count / total if total else 0
        rows.append(
            f'<text class="label" x="{label_width - 8}" y="{y + 16}">{escape(label)}</text>'
            f'<rect class="bar" x="{label_width}" y="{y}" width="{width:.1f}" height="{_BAR_HEIGHT}"/>'
            f'<text x="{label_width + width + 6:.1f}" y="{y + 16}">{count:,} ({percent:.1f} %)</text>'
        )
    height = max(len(counts) * (_BAR_HEIGHT + _GAP), 1)
    return _svg(title, label_width + _BAR_WIDTH + _VALUE_WIDTH, height, "".join(rows))


def column_chart(title: str, counts: Mapping[str, int]) -> str:
    """Return a chart with one vertical bar for each count, and the first and last label."""
    largest = max(counts.values(), default=0) or 1
    step = (_WIDTH - 2 * _MARGIN) / max(len(counts), 1)
    columns = []
    for number, (label, count) in enumerate(counts.items()):
        height = (_HEIGHT - 2 * _MARGIN) * count / largest
        columns.append(
            f'<rect class="bar" x="{_MARGIN + number * step:.1f}" y="{_HEIGHT - _MARGIN - height:.1f}" '
            f'width="{max(step - 1, 0.5):.1f}" height="{height:.1f}">'
            f"<title>{escape(label)}: {count:,}</title></rect>"
        )
    return _svg(title, _WIDTH, _HEIGHT, "".join(columns) + _axis(list(counts), f"{largest:,}"))


def line_chart(title: str, labels: Sequence[str], series: Series, unit: str = "") -> str:
    """Return a chart with one line for each series, from 0 to the largest value.

    Args:
        title: The title, for screen readers.
        labels: The label of each value.
        series: The values by the name of their line. With several lines, the chart has a legend.
        unit: The unit of the values, with a space before it.
    """
    largest = max((value for values in series.values() for value in values), default=0) or 1
    lines = []
    for number, (name, values) in enumerate(series.items()):
        prefix = f"{name}, " if len(series) > 1 else ""
        hints = [f"{prefix}{label}: {value:,}{unit}" for label, value in zip(labels, values, strict=True)]
        lines.append(_line(number, values, largest, hints))
        if len(series) > 1:
            lines.append(_legend(number, name))
    return _svg(title, _WIDTH, _HEIGHT, "".join(lines) + _axis(labels, f"{largest:,}{unit}"))


def value_table(heading: str, labels: Sequence[str], series: Series) -> str:
    """Return the values of a chart as a table that can be unfolded.

    Args:
        heading: The heading of the first column.
        labels: The labels of the rows.
        series: The values by the headings of the other columns.
    """
    headings = "".join(f'<th scope="col">{escape(name)}</th>' for name in (heading, *series))
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f"<td>{values[number]:,}</td>" for values in series.values())
        + "</tr>"
        for number, label in enumerate(labels)
    )
    return (
        f'<details><summary>Values</summary><div class="scroll"><table><thead><tr>{headings}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _line(number: int, values: Sequence[float], largest: float, hints: Sequence[str]) -> str:
    """Return a line, and a dot for each value with a hint."""
    step = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    positions = [
        (_MARGIN + index * step, _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * value / largest)
        for index, value in enumerate(values)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in positions)
    dots = "".join(
        f'<circle class="dot series{number}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
        f"<title>{escape(hint)}</title></circle>"
        for (x, y), hint in zip(positions, hints, strict=True)
    )
    return f'<polyline class="line series{number}" points="{points}"/>{dots}'


def _legend(number: int, name: str) -> str:
    """Return a line's entry in the legend."""
    x, y = _WIDTH - _MARGIN - (number + 1) * _LEGEND_WIDTH, _MARGIN - 14
    return (
        f'<line class="line series{number}" x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}"/>'
        f'<text x="{x + 30}" y="{y + 4}">{escape(name)}</text>'
    )


def _axis(labels: Sequence[str], largest: str) -> str:
    bottom = _HEIGHT - _MARGIN
    axis = f'<line class="axis" x1="{_MARGIN}" y1="{bottom}" x2="{_WIDTH - _MARGIN}" y2="{bottom}"/>'
    if not labels:
        return axis
    first = f'<text x="{_MARGIN}" y="{bottom + 18}">{escape(labels[0])}</text>'
    last = f'<text class="label" x="{_WIDTH - _MARGIN}" y="{bottom + 18}">{escape(labels[-1])}</text>'
    top = f'<text x="{_MARGIN}" y="{_MARGIN - 10}">{escape(largest)}</text>'
    return axis + top + first + (last if len(labels) > 1 else "")


def _svg(title: str, width: int, height: int, content: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{content}</svg>'
    )
