"""What the API answers when it can't do what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One field of a request that can't be taken.

    Attributes:
        field: Its path, such as `profile.address.city`.
        problem: What is wrong with it.
    """

    field: str
    problem: str


class ApiError(Exception):
    """An answer other than 200.

    Args:
        status: HTTP status.
        code: A fixed word for programs.
        message: A sentence for people.
        faults: The fields that are at fault.
    """

    def __init__(self, status: int, code: str, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = tuple(faults)

    def body(self) -> dict[str, object]:
        """Return `{"error": {"code", "message", "fields"?}}`."""
        error: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.faults:
            error["fields"] = [{"field": fault.field, "problem": fault.problem} for fault in self.faults]
        return {"error": error}
