"""The task of an import's run: one plain document in the record of the run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

DEFAULT_SHARE = 0.5
"""Part of each quota of Cognito that an import uses, if no option says so."""


class ImportOperation(StrEnum):
    """What a run does. The values are also the kinds of runs in the ledger."""

    IMPORT = "import"
    DELTA = "import delta"
    ROLLBACK = "import rollback"


@dataclass(frozen=True, kw_only=True)
class ImportSlice:
    """The part of the users that a run imports.

    Attributes:
        skip: The users of the source that the run leaves to former batches.
        limit: The users of the run; None for all others.
    """

    skip: int = 0
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the run imports all users."""
        return not self.skip and self.limit is None

    @property
    def end(self) -> int | None:
        """The number of users up to the last one of the run; None for all."""
        return None if self.limit is None else self.skip + self.limit


@dataclass(frozen=True, kw_only=True)
class ImportJob:
    """One task.

    Attributes:
        run_id: The ID of the run.
        operation: What it does.
        of_run: The run that a rollback undoes; empty otherwise.
        source: The source as its option names it. A URL has no credentials.
        stack: The names of the stack's resources, as `Stack` has them.
        template: The template as its option names it; empty for that of the functions.
        decisions: The path of the file of decisions; empty without one.
        decisions_digest: The digest of its content.
        cognito_share: The part of each quota of Cognito that the run uses.
        cognito_rate: The calls per second in each category, instead of a share; None for the share.
        max_failures: The failed records with which the run continues; None for no limit.
        max_drift: The share by which counts may differ from the plan; None if the difference is accepted.
    """

    run_id: str
    operation: ImportOperation = ImportOperation.IMPORT
    of_run: str = ""
    source: str = ""
    stack: Mapping[str, str] = field(default_factory=dict)
    template: str = ""
    decisions: str = ""
    decisions_digest: str = ""
    cognito_share: float = DEFAULT_SHARE
    cognito_rate: float | None = None
    max_failures: int | None = None
    max_drift: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the job for the record of its run."""
        values = {name: value for name, value in asdict(self).items() if name != "of_run"}
        return values | {"ofRun": self.of_run, "table": self.stack.get("users_table", "")}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ImportJob":
        """Read the document that `to_json` returns.

        Raises:
            ValueError, TypeError: The document is damaged.
        """
        names = {item.name for item in fields(cls)}
        values = {name: value for name, value in document.items() if name in names}
        values |= {"of_run": document.get("ofRun", ""), "operation": ImportOperation(values["operation"])}
        return cls(**values)
