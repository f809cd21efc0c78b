"""Error responses of the API."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """A field of a request that is not accepted.

    Attributes:
        field: Its path, such as `profile.address.city`.
        problem: What is wrong with it.
    """

    field: str
    problem: str


class ApiError(Exception):
    """A response with a status other than 200.

    Args:
        status: The HTTP status.
        code: A fixed code for programs.
        message: A sentence for people.
        field_errors: The fields that are not accepted.
    """

    def __init__(self, status: int, code: str, message: str, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field_errors = tuple(field_errors)

    def body(self) -> dict[str, object]:
        """Return `{"error": {"code", "message", "fields"?}}`."""
        error: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.field_errors:
            error["fields"] = [
                {"field": entry.field, "problem": entry.problem} for entry in self.field_errors
            ]
        return {"error": error}
