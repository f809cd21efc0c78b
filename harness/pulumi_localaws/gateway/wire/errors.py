"""AWS's error documents, for calls that the gateway rejects itself."""

import json
import uuid

from pulumi_localaws.gateway.wire.http_messages import Response

CORS_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
)
"""A browser needs these headers to read an error; the emulator sends similar ones."""


class AwsError(Exception):
    """An error in the form of AWS's JSON protocol.

    Args:
        code: The error code, such as ``NotAuthorizedException``.
        message: AWS's text, if it is known.
        status: The HTTP status; Cognito and DynamoDB return 400 for every error that the caller can fix.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def to_response(self, content_type: str = "application/x-amz-json-1.1") -> Response:
        """Return the error as an HTTP response."""
        return json_response(
            {"__type": self.code, "message": self.message},
            status=self.status,
            headers=(
                ("x-amzn-errortype", self.code),
                ("x-amzn-errormessage", sanitize_header_value(self.message)),
            ),
            content_type=content_type,
        )


def sanitize_header_value(text: str) -> str:
    """Replace characters that a header can't contain; the text may come from a function."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:1_000]


def json_response(
    document: object,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    content_type: str = "application/x-amz-json-1.1",
) -> Response:
    """Return a JSON response with a new request ID and the headers that a browser needs."""
    return Response(
        status=status,
        headers=(
            ("Content-Type", content_type),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            *CORS_HEADERS,
            *headers,
        ),
        body=json.dumps(document).encode(),
    )


def replace_body(response: Response, document: object) -> Response:
    """Return the emulator's response with another JSON body; the headers stay, except length and checksum."""
    headers = tuple((n, v) for n, v in response.headers if n.lower() not in {"content-length", "x-amz-crc32"})
    return Response(status=response.status, headers=headers, body=json.dumps(document).encode())


def parse_error_code(response: Response) -> str:
    """Return the error code of an AWS JSON response, or an empty string if it is not an error."""
    return parse_error(response)[0]


def parse_error(response: Response) -> tuple[str, str]:
    """Return code and message of an AWS JSON error; both are empty for any other response."""
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
