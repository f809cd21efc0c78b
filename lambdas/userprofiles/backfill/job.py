"""The task of a run: one plain document that the checkpoint, the state machine and the threads share."""

import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.skip_rule import SkipRule

DEFAULT_SEGMENTS = 8
TABLE_SOURCE = "table"
MAX_SEGMENTS = 1_000_000  # DynamoDB's limit for TotalSegments
MAX_RATE = 10_000_000

_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def new_run_id() -> str:
    """Return the ID of a new run. IDs sort by the time of their creation."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


class Operation(StrEnum):
    """What a run does with the users of its source."""

    CREATE = "create"
    VERIFY = "verify"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Job:
    """The task of a run.

    Args:
        run_id: The ID of the run: letters, digits, ``-`` and ``_``, at most 64.
        table: The name of the table, not its ARN: PartiQL accepts names only.
        dry_run: Whether nothing is written.
        segments: The number of segments in which the table is scanned, 1 to 1,000,000.
        only: The segments of this run, numbered from 0; empty for all.
        rule: Decides which users are skipped.
        shape: The table's shape. A table in which no row decides the shape counts as plain.
        is_shape_explicit: Whether the user named the shape. If not, a row of the other shape ends the run.
        template: The name of the template with the defaults of the profile.
        operation: What the run does.
        of_run: For VERIFY and ROLLBACK: the ID of the run whose profiles are meant; empty for all profiles.
        source: The source of the users, as `sources.open_source` reads it. The default is the table itself.
        rate: The highest number of write units per second; None for no limit.
        plan_hash: The hash of the plan that the run carries out; empty without a plan.
        max_failures: The highest number of failed users with which the run continues; None for no limit.
        sample: For VERIFY: which users are compared, as `Sample.to_json` returns it; None for all.

    Raises:
        ValueError: A value is not allowed. The message names the value and the allowed values.
    """

    run_id: str
    table: str
    dry_run: bool = False
    segments: int = DEFAULT_SEGMENTS
    only: tuple[int, ...] = ()
    rule: SkipRule = field(default_factory=SkipRule)
    shape: TableShape = TableShape.PLAIN
    is_shape_explicit: bool = False
    template: str = "basic"
    operation: Operation = Operation.CREATE
    of_run: str = ""
    source: Mapping[str, Any] = field(default_factory=lambda: {"kind": TABLE_SOURCE})
    rate: float | None = None
    plan_hash: str = ""
    max_failures: int | None = None
    sample: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.run_id, str) or not _RUN_ID.fullmatch(self.run_id):
            raise ValueError(f"run id {self.run_id!r}: allowed are letters, digits, - and _, at most 64")
        if not isinstance(self.table, str) or not _TABLE_NAME.fullmatch(self.table):
            raise ValueError(
                f"table name {self.table!r}: allowed are 3 to 255 letters, digits, '_', '.' and '-'. "
                "Use the table's name, not its ARN. `aws dynamodb list-tables` lists the names."
            )
        if not isinstance(self.dry_run, bool):
            raise ValueError(f"dry run {self.dry_run!r}: allowed are true and false")  # noqa: TRY004 - one error for bad input
        if type(self.segments) is not int or not 1 <= self.segments <= MAX_SEGMENTS:
            raise ValueError(
                f"segments {self.segments!r}: allowed is a whole number from 1 to {MAX_SEGMENTS:,}"
            )
        if self.rate is not None and not 0 < self.rate < MAX_RATE:
            raise ValueError(
                f"rate {self.rate!r}: allowed is a number of write units per second, above 0 and below "
                f"{MAX_RATE:,}"
            )
        for number in self.only:
            if type(number) is not int or not 0 <= number < self.segments:
                raise ValueError(
                    f"segment {number!r}: allowed are 0 to {self.segments - 1}, because the table is scanned "
                    f"in {self.segments} segments, numbered from 0. Choose other segments, or more of them."
                )
        object.__setattr__(self, "only", tuple(sorted(set(self.only))))

    @property
    def segment_numbers(self) -> Iterable[int]:
        """The numbers of the segments to process."""
        return self.only or range(self.segments)

    @property
    def creates_accounts(self) -> bool:
        """Whether a run creates accounts, too: the source is not the table that it writes to."""
        return self.source.get("kind") != TABLE_SOURCE or "name" in self.source

    def checksum(self) -> str:
        """Return a digest of all values that must be the same when a stopped run resumes."""
        document = self.to_json()
        for name in ("runId", "shape", "rate", "maxFailures"):
            document.pop(name, None)
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Return the job as the checkpoint and the state machine store it."""
        return {
            "runId": self.run_id,
            "table": self.table,
            "dryRun": self.dry_run,
            "segments": self.segments,
            "only": list(self.only),
            "rule": self.rule.to_json(),
            "shape": self.shape.value,
            "shapeGiven": self.is_shape_explicit,
            "template": self.template,
            **self._further_values(),
        }

    def _further_values(self) -> dict[str, Any]:
        """Return the values that differ from their defaults: older versions did not store them."""
        values = {
            "operation": self.operation.value if self.operation is not Operation.CREATE else "",
            "ofRun": self.of_run,
            "source": dict(self.source) if self.creates_accounts else None,
            "rate": self.rate,
            "planHash": self.plan_hash,
            "maxFailures": self.max_failures,
            "sample": dict(self.sample) if self.sample else None,
        }
        return {name: value for name, value in values.items() if value or value == 0}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Job":
        """Read the document that `to_json` returns."""
        return cls(
            run_id=document["runId"],
            table=document["table"],
            dry_run=document["dryRun"],
            segments=document["segments"],
            only=tuple(document["only"]),
            rule=SkipRule.from_json(document["rule"]),
            shape=TableShape(document["shape"]),
            is_shape_explicit=document["shapeGiven"],
            template=document["template"],
            operation=Operation(document.get("operation", Operation.CREATE)),
            of_run=document.get("ofRun", ""),
            source=document.get("source", {"kind": TABLE_SOURCE}),
            rate=document.get("rate"),
            plan_hash=document.get("planHash", ""),
            max_failures=document.get("maxFailures"),
            sample=document.get("sample"),
        )


def parse_segments(text: str) -> tuple[int, ...]:
    """Read a list of segment numbers such as ``0-3`` or ``0,2,5-7``.

    Raises:
        ValueError: The text is not such a list.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,7})(?:\s*-\s*(\d{1,7}))?\s*", part)
        if not match:
            raise ValueError(f"{text!r}: allowed are numbers and ranges, such as 0-3 or 0,2,5-7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(
                f"{part.strip()!r}: the last number of a range must not be below the first one. Write "
                f"{last}-{first}."
            )
        if last >= MAX_SEGMENTS:
            raise ValueError(f"{part.strip()!r}: allowed are numbers from 0 to {MAX_SEGMENTS - 1:,}")
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))
