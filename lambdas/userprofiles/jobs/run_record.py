"""The record of a run in the ledger."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

STATE_MACHINE = "stepfunctions"
"""The engine of a run by the state machine."""


class RunState(StrEnum):
    """The state of a run. A RUNNING run whose lease has ended was killed and can be resumed."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"
    ROLLED_BACK = "rolled back"


class Request(StrEnum):
    """What an operator asks of a running run. Workers read it between two batches."""

    STOP = "stop"


@dataclass(frozen=True)
class RunRecord:
    """One run. It has no data of users.

    Attributes:
        run_id: The ID of the run.
        kind: What the run does, such as ``backfill``, ``rollback`` or ``import``.
        engine: ``local`` or ``stepfunctions``.
        job: The task as a JSON document, with everything that a resumed run needs.
        table: The ARN of the table that the run writes to.
        started_by: The ARN of the AWS identity that started the run, or the user and host.
        started_at: The time of the start, as `record.timestamp` formats it.
        code_version: The version of the code, as `code_version` returns it.
        template_version: The name, version and digest of the template.
        plan_hash: The hash of the plan that the run carries out; empty without a plan.
        plan_file: The path of this plan on the machine of the command; empty if unknown.
        state: The state of the run.
        request: What an operator asks of the run, or None.
        updated_at: The time of the last change.
        seconds: The duration of all sessions so far.
        counts: The users by outcome, calls and capacity, as the report has them.
        message: Why the run ended early; empty otherwise.
        report: Where the report is: a path or an S3 URI; empty before the end.
        execution_arn: The execution of the state machine; empty for the local engine.
        backup: The ARN of the table's backup, or how else the table can be restored; empty if unknown.
    """

    run_id: str
    kind: str
    engine: str
    job: Mapping[str, Any]
    table: str = ""
    started_by: str = ""
    started_at: str = ""
    code_version: str = ""
    template_version: str = ""
    plan_hash: str = ""
    plan_file: str = ""
    state: RunState = RunState.RUNNING
    request: Request | None = None
    updated_at: str = ""
    seconds: float = 0.0
    counts: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    report: str = ""
    execution_arn: str = ""
    backup: str = ""

    def replace(self, **changes: Any) -> "RunRecord":
        """Return a copy with other values of some fields."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RunRecord":
        """Read the document that `to_json` returns. Unknown fields, of a later version, are ignored.

        Raises:
            ValueError, TypeError: The document is damaged.
        """
        names = {field.name for field in fields(cls)}
        values = {name: value for name, value in document.items() if name in names}
        values["state"] = RunState(values.get("state", RunState.RUNNING))
        values["request"] = Request(values["request"]) if values.get("request") else None
        values["seconds"] = float(values.get("seconds", 0.0))
        for name, value in values.items():
            allowed = Mapping if name in {"job", "counts"} else str | float | None
            if not isinstance(value, allowed):
                raise TypeError(f"{name} is a {type(value).__name__}")
        return cls(**values)
