"""AWS's own error documents, for what the gateway refuses by itself."""

import json
import uuid

from pulumi_localaws.gateway.wire.http_messages import Response

CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
)
"""A browser reads an error only with these; the emulator sends the like on its own errors."""


class AwsError(Exception):
    """A refusal in the shape of AWS's JSON protocol.

    Args:
        code: The error code, such as ``NotAuthorizedException``.
        message: AWS's own text where it is known.
        status: The HTTP status; Cognito and DynamoDB answer 400 to everything the caller can mend.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def response(self, content_type: str = "application/x-amz-json-1.1") -> Response:
        """Return the refusal as an answer."""
        return json_response(
            {"__type": self.code, "message": self.message},
            status=self.status,
            headers=(("x-amzn-errortype", self.code), ("x-amzn-errormessage", header_safe(self.message))),
            content_type=content_type,
        )


def header_safe(text: str) -> str:
    """Return the text without what can't stand in a header; an error text may come from a function."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:1_000]


def json_response(
    document: object,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    content_type: str = "application/x-amz-json-1.1",
) -> Response:
    """Return a JSON answer with a request id of its own and the headers a browser needs."""
    return Response(
        status=status,
        headers=(
            ("Content-Type", content_type),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            *CORS,
            *headers,
        ),
        body=json.dumps(document).encode(),
    )


def replaced(response: Response, document: object) -> Response:
    """Return an answer of the emulator with another JSON body; its headers stay, save the length."""
    headers = tuple((n, v) for n, v in response.headers if n.lower() not in {"content-length", "x-amz-crc32"})
    return Response(status=response.status, headers=headers, body=json.dumps(document).encode())


def error_code(response: Response) -> str:
    """Return the error code of an AWS JSON answer, or an empty string for a good one."""
    return error_parts(response)[0]


def error_parts(response: Response) -> tuple[str, str]:
    """Return code and message of an AWS JSON error, both empty for a good answer or an unreadable one."""
    if not response.is_error:
        return "", ""
    try:
        document = response.json()
    except ValueError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    code = str(document.get("__type") or document.get("code") or "").rsplit("#", 1)[-1]
    return code, str(document.get("message") or document.get("Message") or "")
