"""Bar charts and line charts as inline SVG, without scripts."""

from collections.abc import Mapping, Sequence
from html import escape

_BAR_HEIGHT, _GAP, _LABEL_WIDTH, _BAR_WIDTH, _VALUE_WIDTH = 22, 8, 110, 420, 110
_WIDTH, _HEIGHT, _MARGIN = 640, 200, 30


def bar_chart(title: str, counts: Mapping[str, int]) -> str:
    """Return a chart with one horizontal bar for each count."""
    total, largest = sum(counts.values()), max(counts.values(), default=0) or 1
    rows = []
    for number, (label, count) in enumerate(counts.items()):
        y = number * (_BAR_HEIGHT + _GAP)
        width = _BAR_WIDTH * count / largest
        percent = 100 * count / total if total else 0
        rows.append(
            f'<text class="label" x="{_LABEL_WIDTH - 8}" y="{y + 16}">{escape(label)}</text>'
            f'<rect class="bar" x="{_LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{_BAR_HEIGHT}"/>'
            f'<text x="{_LABEL_WIDTH + width + 6:.1f}" y="{y + 16}">{count:,} ({percent:.1f} %)</text>'
        )
    height = max(len(counts) * (_BAR_HEIGHT + _GAP), 1)
    return _svg(title, _LABEL_WIDTH + _BAR_WIDTH + _VALUE_WIDTH, height, "".join(rows))


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


def line_chart(title: str, labels: Sequence[str], values: Sequence[float], unit: str = "") -> str:
    """Return a chart with one line from 0 to the largest value."""
    largest = max(values, default=0) or 1
    step = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    positions = [
        (_MARGIN + number * step, _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * value / largest)
        for number, value in enumerate(values)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in positions)
    dots = "".join(
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3">'
        f"<title>{escape(label)}: {value:,}{unit}</title></circle>"
        for (x, y), label, value in zip(positions, labels, values, strict=True)
    )
    line = f'<polyline class="line" points="{points}"/>'
    return _svg(title, _WIDTH, _HEIGHT, line + dots + _axis(labels, f"{largest:,}{unit}"))


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
