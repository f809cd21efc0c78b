"""Error responses of the API: problem details as RFC 9457 defines them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus


def json_pointer(*names: object) -> str:
    """Return the JSON Pointer (RFC 6901) of a value in a document, such as `/profile/address/city`."""
    return "".join(f"/{str(name).replace('~', '~0').replace('/', '~1')}" for name in names)


@dataclass(frozen=True)
class FieldError:
    """A field of a request that is not accepted.

    Attributes:
        pointer: Its JSON Pointer, such as `/profile/address/city`.
        code: A fixed code for programs, such as `read_only`.
        detail: What is wrong with it.
    """

    pointer: str
    code: str
    detail: str


class ApiError(Exception):
    """A response with a status other than 200.

    Args:
        status: The HTTP status.
        code: A fixed code for programs.
        detail: A sentence for people.
        field_errors: The fields that are not accepted.
    """

    def __init__(self, status: int, code: str, detail: str, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.field_errors = tuple(field_errors)

    def body(self) -> dict[str, object]:
        """Return the problem details.

        Their type is `about:blank`, so the title is that of the HTTP status (RFC 9457, section 4.2.1).
        """
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self),
            "code": self.code,
        }
        if self.field_errors:
            problem["errors"] = [
                {"pointer": entry.pointer, "code": entry.code, "detail": entry.detail}
                for entry in self.field_errors
            ]
        return problem
