"""Requests that are not accepted: errors per field, and no AWS call."""

import json

import pytest
from userprofiles.api.routes import REGISTER_PHONE, VERIFY_PHONE

ROUTES = [REGISTER_PHONE, VERIFY_PHONE]
CODE = {"otp": "123456"}


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({}, "phone_number", "Enter a phone number."),
        ({"phone_number": None}, "phone_number", "Enter a phone number."),
        ({"phone_number": "  "}, "phone_number", "Enter a phone number."),
        ({"phone_number": "12"}, "phone_number", "not a valid phone number"),
        ({"phone_number": ["4155550123"]}, "phone_number", "not a valid phone number"),
        ({"phone_number": True}, "phone_number", "not a valid phone number"),
        ({"phone_number": "1-800-FLOWERS"}, "phone_number", "not a valid phone number"),
        ({"phone_number": "\ud800"}, "phone_number", "not a valid phone number"),
        ({"phone_number": "9005550123"}, "phone_number", "premium-rate"),
        ({"phone_number": "+33612345678"}, "phone_number", "not sent to phone numbers of this country"),
        ({"phone_number": "4155550123", "country_code": "0"}, "country_code", "1 to 3 digits"),
        ({"phone_number": "4155550123", "country_code": {}}, "country_code", "1 to 3 digits"),
    ],
    ids=str,
)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_phone_numbers(service, route, body, field, text):
    response = service.send(route, {**body, **CODE})

    assert response.status == 400
    assert response.headers["content-type"] == "application/json"
    [(name, [message])] = response.body.items()
    assert name == field
    assert text in message
    assert service.world.calls == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (None, "Enter the code from the text message."),
        ("", "Enter the code from the text message."),
        ("12345", "The code consists of 6 to 8 digits."),
        ("123456789", "The code consists of 6 to 8 digits."),
        ("abcdef", "The code consists of 6 to 8 digits."),
        ("\ud800", "The code consists of 6 to 8 digits."),
        (123456.5, "The code consists of 6 to 8 digits."),
        (["123456"], "The code consists of 6 to 8 digits."),
        (True, "The code consists of 6 to 8 digits."),
        ("1" * 2000, "The code consists of 6 to 8 digits."),
    ],
    ids=str,
)
def test_codes_that_cannot_be_right_take_no_call_and_no_try(service, code, text):
    response = service.send(VERIFY_PHONE, {"phone_number": "4155550123", "otp": code})

    assert (response.status, response.body) == (400, {"otp": [text]})
    assert service.world.calls == []


def test_all_fields_are_reported_at_once(service):
    response = service.send(VERIFY_PHONE, {})

    assert response.status == 400
    assert response.body == {
        "phone_number": ["Enter a phone number."],
        "otp": ["Enter the code from the text message."],
    }


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", '"4155550123"', '{"otp": 1, "otp": 2}', '{"otp": NaN}', "[" * 1000],
    ids=str,
)
def test_body_that_is_no_json_object(service, body):
    response = service.send(REGISTER_PHONE, body)

    assert response.status == 400
    assert list(response.body) == ["non_field_errors"]
    assert service.world.calls == []


def test_body_that_is_too_large(service):
    response = service.send(REGISTER_PHONE, json.dumps({"phone_number": "1" * 4096}))

    assert (response.status, response.body["code"]) == (413, "too_large")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        (None, 415),
        ("", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
    ids=str,
)
def test_only_json_is_accepted(service, content_type, status):
    """A page of another origin can send each of the other types from the browsers of its visitors."""
    assert service.register(content_type=content_type).status == status


def test_answers_repeat_nothing_of_the_input(service):
    response = service.send(
        VERIFY_PHONE, {"phone_number": "CANARY", "country_code": "CANARY", "otp": "CANARY"}
    )

    assert response.status == 400
    assert "CANARY" not in json.dumps(response.body)


def test_unknown_route(service):
    assert service.send(REGISTER_PHONE._replace(path="/auth/phone/other"), {}).status == 404
