"""The bodies of the requests to the two endpoints, with the names that installed applications use.

The errors have the form of Django REST framework's serializers: a list of texts for each field
(https://www.django-rest-framework.org/api-guide/exceptions/).
"""

from collections.abc import Mapping
from typing import Any

from userprofiles.api import request_body
from userprofiles.api.errors import ApiError
from userprofiles.phone_sign_in import phone_input
from userprofiles.phone_sign_in.code_settings import CodeSettings
from userprofiles.phone_sign_in.phone_input import PhoneNumberError, PhoneNumberProblem
from userprofiles.phone_sign_in.typed_code import normalize_code

MAX_BODY_BYTES = 4096
PHONE_NUMBER = "phone_number"
COUNTRY_CODE = "country_code"
CODE = "otp"
NO_FIELD = "non_field_errors"
"""Name of the errors that belong to no field."""

_JSON = "application/json"
_CODE_LENGTHS = range(6, 9)

CODE_MISSING = "Enter the code from the text message."
CODE_NOT_DIGITS = "The code consists of 6 to 8 digits."
NOT_AN_OBJECT = "The body must be a JSON object with phone_number and, for verify, otp."


class InputError(Exception):
    """A request is not accepted: a response with the status 400. No text repeats the input.

    Args:
        errors: A text for each field.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = dict(errors)

    def body(self) -> dict[str, list[str]]:
        """Return the body of the response."""
        return {name: [text] for name, text in self.errors.items()}


def read_document(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request.

    Only JSON is accepted. A form of a web page of another origin can't send this content type, so no such
    page can let its visitors request codes.

    Raises:
        InputError: The body is not a JSON object.
        ApiError: 415 or 413; the content type is not JSON, or the body is too large.
    """
    content_type = (event.get("headers") or {}).get("content-type") or ""
    if content_type.partition(";")[0].strip().lower() != _JSON:
        raise ApiError(415, "unsupported_media_type", f"The Content-Type must be {_JSON}.")
    try:
        document = request_body.parse(request_body.read_body(event), MAX_BODY_BYTES)
    except ApiError as error:
        if error.status != 400:  # noqa: PLR2004  (an HTTP status)
            raise
        raise InputError({NO_FIELD: str(error)}) from None
    if not isinstance(document, dict):
        raise InputError({NO_FIELD: NOT_AN_OBJECT})
    return document


def read_phone(document: Mapping[str, Any], code_settings: CodeSettings) -> str:
    """Return the phone number of a request in E.164 form. Unknown fields are ignored.

    Raises:
        InputError: The phone number is not accepted.
    """
    try:
        return _normalize_phone(document, code_settings)
    except PhoneNumberError as error:
        raise InputError(_phone_errors(error)) from None


def read_phone_and_code(document: Mapping[str, Any], code_settings: CodeSettings) -> tuple[str, str]:
    """Return the phone number in E.164 form and the code of a request.

    Raises:
        InputError: One or both are not accepted.
    """
    errors = _code_errors(document.get(CODE))
    phone = ""
    try:
        phone = _normalize_phone(document, code_settings)
    except PhoneNumberError as error:
        errors = _phone_errors(error) | errors
    if errors:
        raise InputError(errors)
    return phone, normalize_code(_to_text(document[CODE]))


def _normalize_phone(document: Mapping[str, Any], code_settings: CodeSettings) -> str:
    return phone_input.normalize(
        _to_text(document.get(PHONE_NUMBER)),
        _to_text(document.get(COUNTRY_CODE)),
        default_country_code=code_settings.default_country_code,
        allowed_countries=code_settings.allowed_countries,
    )


def _phone_errors(error: PhoneNumberError) -> dict[str, str]:
    name = COUNTRY_CODE if error.reason is PhoneNumberProblem.COUNTRY_CODE else PHONE_NUMBER
    return {name: error.message}


def _code_errors(code: object) -> dict[str, str]:
    text = _to_text(code)
    if text is None or (isinstance(text, str) and not text.strip()):
        return {CODE: CODE_MISSING}
    return {} if len(normalize_code(text)) in _CODE_LENGTHS else {CODE: CODE_NOT_DIGITS}


def _to_text(value: object) -> object:
    """Convert a number to a text, as Django REST framework does."""
    return str(value) if isinstance(value, int) else value
