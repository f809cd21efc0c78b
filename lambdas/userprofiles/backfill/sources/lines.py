"""Splits a file into lines, for segments that begin at any byte. Flat memory, also with a huge line."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_LINE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file.

    Attributes:
        offset: The position of its first byte.
        end: The position after its line end.
        data: Its bytes without the line end; None if it has more than `MAX_LINE_BYTES`.
        sha256: The SHA-256 of a line without data.
        skipped_quotes: The quotes in a line without data.
    """

    offset: int
    end: int
    data: bytes | None
    sha256: str = ""
    skipped_quotes: int = 0

    @property
    def quotes(self) -> int:
        """The number of double quotes in the line."""
        return self.skipped_quotes if self.data is None else self.data.count(b'"')

    @property
    def digest(self) -> str:
        """The SHA-256 of the line without its line end, which identifies it without its content."""
        return self.sha256 if self.data is None else hashlib.sha256(self.data).hexdigest()


def segment_start(segment: int, segments: int, first: int, size: int) -> int:
    """Return the position at which a segment begins. A segment has the lines that begin in it.

    Args:
        segment: The number of the segment; `segments` for the end of the last one.
        segments: The number of segments.
        first: The position of the first line.
        size: The size of the file.
    """
    return first + (size - first) * segment // segments


def read_lines(blocks: Iterable[bytes], start: int, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines of a file.

    Args:
        blocks: The bytes of the file from `start` on.
        start: The position of the first byte of a line.
        max_bytes: The bytes of the longest line that is kept.
    """
    rest = b""
    skipped_bytes, quotes, digest = 0, 0, hashlib.sha256()
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for data in lines:
            end = start + skipped_bytes + len(data) + 1
            if skipped_bytes or len(data) > max_bytes:
                digest.update(data)
                yield Line(start, end, None, digest.hexdigest(), quotes + data.count(b'"'))
                skipped_bytes, quotes, digest = 0, 0, hashlib.sha256()
            else:
                yield Line(start, end, data)
            start = end
        if skipped_bytes or len(rest) > max_bytes:
            digest.update(rest)
            skipped_bytes += len(rest)
            quotes += rest.count(b'"')
            rest = b""
    if skipped_bytes:
        yield Line(start, start + skipped_bytes, None, digest.hexdigest(), quotes)
    elif rest:
        yield Line(start, start + len(rest), rest)
