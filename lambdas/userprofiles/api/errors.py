"""Error responses of the API: problem details as RFC 9457 defines them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

# A request can contain thousands of invalid fields: these limits keep the response small.
MAX_FIELD_ERRORS = 20
_MAX_POINTER = 120
_MAX_DETAIL = 200


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
        field_errors: The fields that are not accepted. The first twenty are kept, with shortened texts.
        members: Further members of the problem details (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        field_errors: Sequence[FieldError] = (),
        members: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.members = members
        self.field_errors = tuple(
            FieldError(_shorten(entry.pointer, _MAX_POINTER), entry.code, _shorten(entry.detail, _MAX_DETAIL))
            for entry in field_errors[:MAX_FIELD_ERRORS]
        )

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
            **self.members,
        }
        if self.field_errors:
            problem["errors"] = [
                {"pointer": entry.pointer, "code": entry.code, "detail": entry.detail}
                for entry in self.field_errors
            ]
        return problem


def newer_template_error() -> ApiError:
    """Return the error for a change of items that a newer major version of the template wrote."""
    return ApiError(
        409, "newer_template", "A newer version of the service wrote this profile. Try again later."
    )


def conflict_error() -> ApiError:
    """Return the error for a change that other requests prevented in every attempt."""
    return ApiError(409, "conflict", "Other requests are changing the profile. Try again.")


def _shorten(text: str, max_bytes: int) -> str:
    """Shorten a text to a number of bytes in the JSON response."""
    if len(json.dumps(text)) <= max_bytes:
        return text
    short_text = text[:max_bytes]
    while len(json.dumps(short_text)) > max_bytes:
        short_text = short_text[:-1]
    return f"{short_text}..."
