"""The frame of a self-contained HTML page with charts: no script, nothing from another server."""

from collections.abc import Iterable, Mapping
from html import escape

# The page has no script. A browser must not load or run anything in any case.
_CONTENT_SECURITY_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)

_STYLE = """
:root { color-scheme: light dark; --bar: #3b6fb6; --line: #b6553b; --second: #2f7d4f; --third: #7a4fb5; }
@media (prefers-color-scheme: dark) {
  :root { --bar: #7aa7e6; --line: #ef9277; --second: #7cc79a; --third: #bf9df0; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
svg .label { text-anchor: end; }
svg .bar { fill: var(--bar); }
svg .line { fill: none; stroke: var(--line); stroke-width: 2; }
svg .dot { fill: var(--line); }
svg .line.series1 { stroke: var(--second); stroke-dasharray: 8 3; }
svg .dot.series1 { fill: var(--second); }
svg .line.series2 { stroke: var(--third); stroke-dasharray: 2 3; }
svg .dot.series2 { fill: var(--third); }
svg .axis { stroke: currentColor; }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2rem; }
dt { font-size: 0.85rem; } dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
summary { cursor: pointer; }
.scroll { max-height: 20rem; overflow: auto; }
table { border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 0.15rem 0.75rem; text-align: right; border-bottom: 1px solid; font-weight: 400; }
thead th { font-weight: 600; }
th:first-child { text-align: left; }
"""


def build_document(
    title: str, paragraphs: Iterable[str], figures: Mapping[str, str], sections: Iterable[tuple[str, str]]
) -> str:
    """Build the page.

    Args:
        title: The title, as text.
        paragraphs: The first paragraphs, as text.
        figures: The most important figures by their names, as text.
        sections: The heading of each section as text, and its content as HTML.
    """
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            _CONTENT_SECURITY_POLICY,
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs),
            "<dl>",
            *(
                f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
                for name, value in figures.items()
            ),
            "</dl>",
            *(f"<h2>{escape(heading)}</h2>{content}" for heading, content in sections),
            "</body></html>\n",
        ]
    )
