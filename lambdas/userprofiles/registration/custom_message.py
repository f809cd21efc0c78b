"""Messages in the user's language: which texts a CustomMessage event gets.

A text comes from the operator and contains only Cognito's placeholders, never an attribute of the user: there
is nothing to escape, and no user can change a message that another user receives. The user's `locale` only
selects a language.
"""

import json
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from userprofiles.registration.trigger_response import add_response
from userprofiles.telemetry import Report, error_code

TEXTS_FILE = "texts_by_language.json"
"""File in the package, which a deployment adds: language tag to texts, such as
`{"de": {"verificationEmailSubject": "Ihr Code"}}`."""

CODE = "{####}"
USER_NAME = "{username}"

_VERIFICATION_SOURCES = frozenset(
    {
        "CustomMessage_SignUp",
        "CustomMessage_ResendCode",
        "CustomMessage_ForgotPassword",
        "CustomMessage_UpdateUserAttribute",
        "CustomMessage_VerifyUserAttribute",
    }
)
_INVITATION_SOURCE = "CustomMessage_AdminCreateUser"
_MAX_LANGUAGE_TAG = 64
# Field of the response to the end of the text's name.
_RESPONSE_FIELDS = {
    "emailSubject": "EmailSubject",
    "emailMessage": "EmailMessage",
    "smsMessage": "SmsMessage",
}

Texts = Mapping[str, str]


def normalize(language: str) -> str:
    """Return a language tag in the form in which tags are compared: `de_CH` and `DE-ch` are `de-ch`."""
    return language.strip().replace("_", "-").lower()


def find_texts(texts_by_language: Mapping[str, Texts], locale: str) -> Texts:
    """Return the texts of a locale's language: of `de-CH-1996`, else of `de-CH`, else of `de`, else none."""
    languages = {normalize(language): texts for language, texts in texts_by_language.items()}
    parts = normalize(locale[:_MAX_LANGUAGE_TAG]).split("-")
    for count in range(len(parts), 0, -1):
        texts = languages.get("-".join(parts[:count]))
        if texts is not None:
            return texts
    return {}


def add_texts(event: dict[str, Any], texts_by_language: Mapping[str, Texts]) -> None:
    """Put the texts of the user's language into the response of a CustomMessage event.

    A missing text stays as it is in the response, so that Cognito sends the pool's own text. So does the
    message with a second factor's code.
    """
    source = event.get("triggerSource")
    if source == _INVITATION_SOURCE:
        purpose = "invitation"
    elif source in _VERIFICATION_SOURCES:
        purpose = "verification"
    else:
        return
    request = event["request"]
    texts = find_texts(texts_by_language, request["userAttributes"].get("locale") or "")
    # Cognito recommends the placeholders of the event (Developer Guide, "Custom message Lambda trigger").
    code = request.get("codeParameter") or CODE
    user_name = request.get("usernameParameter") or USER_NAME
    event["response"] |= {
        field: texts[f"{purpose}{suffix}"].replace(CODE, code).replace(USER_NAME, user_name)
        for field, suffix in _RESPONSE_FIELDS.items()
        if f"{purpose}{suffix}" in texts
    }


def load_texts() -> dict[str, dict[str, str]]:
    """Load the texts from the package.

    Raises:
        OSError: The file is missing.
        ValueError: The file is not JSON.
    """
    texts: dict[str, dict[str, str]] = json.loads(pkgutil.get_data("userprofiles", TEXTS_FILE) or b"")
    return texts


def handle_event(load: Callable[[], Mapping[str, Texts]], event: Any, report: Report) -> Any:
    """Return the event with the texts.

    After an error the event is unchanged, and Cognito sends the pool's own text.
    """
    event = add_response(event)
    try:
        add_texts(event, load())
    except Exception as error:  # noqa: BLE001  (our mistake must not fail the sign-up; it is logged)
        report.error("message not translated", metric="MessageNotTranslated", error=error_code(error))
    return event
