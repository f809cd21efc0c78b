"""CustomMessage: texts in the user's language."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.registration import custom_message
from userprofiles.telemetry import Report

TEXTS = {
    "de": {
        "verificationEmailSubject": "Ihr Code",
        "verificationEmailMessage": "Der Code ist {####}.",
        "verificationSmsMessage": "Code: {####}",
        "invitationEmailMessage": "{username}, Ihr Passwort ist {####}.",
    },
    "pt-BR": {"verificationSmsMessage": "Seu código: {####}"},
}


@pytest.fixture
def respond(load_event: Callable[[str], Any], report: Report) -> Callable[..., Any]:
    """Return a function that returns the response to an event."""

    def run(source: str, locale: str | None = None, texts: Any = TEXTS, **request: Any) -> Any:
        event = load_event(source)
        event["request"] |= request
        if locale is not None:
            event["request"]["userAttributes"]["locale"] = locale
        return custom_message.handle_event(lambda: texts, event, report)["response"]

    return run


DEFAULT = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
GERMAN = {
    "smsMessage": "Code: {####}",
    "emailMessage": "Der Code ist {####}.",
    "emailSubject": "Ihr Code",
}


@pytest.mark.parametrize(
    "source", ["SignUp", "ResendCode", "ForgotPassword", "UpdateUserAttribute", "VerifyUserAttribute"]
)
def test_code_is_sent_in_the_users_language(respond: Any, source: str) -> None:
    assert respond(f"CustomMessage_{source}", "de") == GERMAN


@pytest.mark.parametrize("locale", ["de-CH", "de_CH", "DE", " de-CH-1996 "])
def test_locale_selects_its_language(respond: Any, locale: str) -> None:
    assert respond("CustomMessage_SignUp", locale) == GERMAN


@pytest.mark.parametrize("locale", [None, "", "fr", "pt", "d", "-", "../de", "de" * 1000])
def test_other_languages_get_the_pools_text(respond: Any, locale: str | None) -> None:
    assert respond("CustomMessage_SignUp", locale) == DEFAULT


def test_text_that_a_language_lacks_is_the_pools(respond: Any) -> None:
    assert respond("CustomMessage_SignUp", "pt-br") == {**DEFAULT, "smsMessage": "Seu código: {####}"}


def test_invitation_has_both_placeholders_of_the_event(respond: Any) -> None:
    response = respond("CustomMessage_AdminCreateUser", "de", codeParameter="{C}", usernameParameter="{U}")

    assert response == {**DEFAULT, "emailMessage": "{U}, Ihr Passwort ist {C}."}


def test_second_factor_has_the_pools_text(respond: Any) -> None:
    assert respond("CustomMessage_Authentication", "de") == DEFAULT


def test_no_attribute_of_the_user_is_in_a_message(respond: Any) -> None:
    attributes = {"locale": "de", "name": "CANARY", "email": "CANARY@example.com"}

    assert "CANARY" not in json.dumps(respond("CustomMessage_SignUp", userAttributes=attributes))


@pytest.mark.parametrize("event", [None, {}, {"triggerSource": "CustomMessage_SignUp"}])
def test_unreadable_event_is_returned(event: Any, report: Report) -> None:
    assert custom_message.handle_event(lambda: TEXTS, event, report) is event


def test_missing_file_gives_the_pools_text(
    load_event: Callable[[str], Any], report: Report, read_metrics: Any
) -> None:
    event = load_event("CustomMessage_SignUp")

    returned = custom_message.handle_event(custom_message.load_texts, event, report)

    assert returned["response"] == DEFAULT
    assert read_metrics() == ["MessageNotTranslated"]
